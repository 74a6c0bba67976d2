"""The page an invitation leads to: join with a new password, or as the person one already is."""

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.users import invitations
from kbadmin.users.blueprint import HAS_SEVERAL, blueprint, let_in, visitor, with_cookie
from kbadmin.users.forms import JoinForm
from kbadmin.users.invitations import Invitation
from kbadmin.users.password_changes import DeadLink
from kbadmin.users.password_rules import words_of

TOKEN = "invitation_token"


@blueprint.get("/invite/<token>")
@requires(Permission.PUBLIC)
def open_invitation(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    session[TOKEN] = token[:100]  # Ours are shorter; a long one would be more than a cookie holds.
    return redirect(url_for("users.accept_invitation"), 303)


@blueprint.route("/invite", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def accept_invitation() -> ResponseReturnValue:
    """Show the invitation; sending the form uses it up."""
    invitation = invitations.find(session.get(TOKEN, ""))
    if invitation is None:
        return _dead()
    try:
        if not invitation.has_password:
            return _join_as_new(invitation)
        if current_user.is_authenticated and current_user.user.id == invitation.user_id:
            return _join_as_oneself(invitation)
    except DeadLink:
        return _dead()
    return render_template("users/invitation_for_somebody_else.html", invitation=invitation)


def _join_as_new(invitation: Invitation) -> ResponseReturnValue:
    form = JoinForm()
    form.known_words = words_of(
        email=invitation.email, name=form.name.data or "", account_names=[invitation.account_name]
    )
    if form.validate_on_submit():
        welcome = invitations.accept_as_new(
            invitation, name=form.name.data or "", password=form.new_password.data or "", visitor=visitor()
        )
        session.pop(TOKEN, None)
        flash(f"Welcome to {invitation.account_name}.", "success")
        return let_in(welcome)
    page = render_template("users/join.html", form=form, invitation=invitation)
    return page, 422 if form.errors else 200


def _join_as_oneself(invitation: Invitation) -> ResponseReturnValue:
    form = BaseForm()
    if form.validate_on_submit():
        opened = invitations.accept_as_oneself(invitation, current_user)
        session.pop(TOKEN, None)
        session[HAS_SEVERAL] = True
        flash(f"You joined {invitation.account_name}, and work in it now.", "success")
        return with_cookie(redirect(url_for("home.index"), 303), opened)
    return render_template("users/accept_invitation.html", form=form, invitation=invitation)


def _dead() -> ResponseReturnValue:
    session.pop(TOKEN, None)
    return render_template("users/dead_invitation.html"), 410
