"""Passwords: forgotten, set with a one-time link, changed.

A link's token is moved out of the address at once, so that it is neither sent on as a referrer nor kept in view.
Opening a link changes nothing; sending the form does.
"""

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.outbox.operations import platform_sender_configured
from kbadmin.users import invitations, password_changes
from kbadmin.users.blueprint import blueprint, let_in, visitor, with_cookie
from kbadmin.users.forms import ChangePasswordForm, ForgotPasswordForm, SetPasswordForm
from kbadmin.users.models import Person, User
from kbadmin.users.password_changes import DeadLink
from kbadmin.users.password_rules import words_of
from kbadmin.users.queries import accounts_of

TOKEN = "set_password_token"
ELSEWHERE = "Wherever else you were signed in, you no longer are."


@blueprint.route("/forgot-password", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def forgot_password() -> ResponseReturnValue:
    """Have a link mailed; where the platform cannot send, say whom to ask."""
    form = ForgotPasswordForm()
    if not platform_sender_configured():
        return render_template("users/forgot_password_without_mail.html")
    if form.validate_on_submit():
        password_changes.ask_for_reset(form.email.data or "", network_address=request.remote_addr or "")
        session["reset_asked_for"] = form.email.data
        return redirect(url_for("users.reset_asked_for"), 303)
    return render_template("users/forgot_password.html", form=form), 422 if form.errors else 200


@blueprint.get("/forgot-password/sent")
@requires(Permission.PUBLIC)
def reset_asked_for() -> ResponseReturnValue:
    """The same answer for every address."""
    return render_template("users/reset_asked_for.html", email=session.get("reset_asked_for", "your address"))


@blueprint.get("/set-password/<token>")
@requires(Permission.PUBLIC)
def open_password_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address. A new owner's link is an invitation, and has a page of its own."""
    if invitations.find(token) is not None:
        return redirect(url_for("users.open_invitation", token=token), 303)
    session[TOKEN] = token[:100]  # Ours are shorter; a long one would be more than a cookie holds.
    return redirect(url_for("users.set_password"), 303)


@blueprint.route("/set-password", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def set_password() -> ResponseReturnValue:
    """Ask for a new password; sending it uses the link up and signs in."""
    token = session.get(TOKEN, "")
    found = password_changes.find_link(token)
    if found is None:
        return render_template("users/dead_link.html"), 410
    form = SetPasswordForm()
    form.known_words = _words_of(found[1])
    if form.validate_on_submit():
        try:
            welcome = password_changes.set_password_with_link(token, form.new_password.data or "", visitor=visitor())
        except DeadLink:
            return render_template("users/dead_link.html"), 410
        session.pop(TOKEN, None)
        flash(f"Your password is set, and you are signed in. {ELSEWHERE}", "success")
        return let_in(welcome)
    return render_template("users/set_password.html", form=form, email=found[1].email), 422 if form.errors else 200


@blueprint.route("/profile/password", methods=["GET", "POST"])
@requires(Permission.MEMBER)
def change_password() -> ResponseReturnValue:
    """Ask for the current password and a new one."""
    form = ChangePasswordForm()
    form.known_words = _words_of(current_user.user)
    if form.validate_on_submit():
        opened = password_changes.change_password(current_user, form.new_password.data or "")
        flash(f"Your password is changed. {ELSEWHERE}", "success")
        return with_cookie(redirect(url_for("users.profile"), 303), opened)
    return render_template("users/change_password.html", form=form), 422 if form.errors else 200


def _words_of(user: User | Person) -> list[str]:
    if request.method == "GET":
        return []
    names = [choice.name for choice in accounts_of(user.id)]
    return words_of(email=user.email, name=user.name, account_names=names)
