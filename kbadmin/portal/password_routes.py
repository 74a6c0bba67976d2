"""A reader's password: forgotten, set with a one-time link, changed.

A link's token is moved out of the address at once, so that it is neither sent on as a referrer nor kept in view.
Opening a link changes nothing; sending the form does.
"""

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.portal import door
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.forms import ChangePasswordForm
from kbadmin.portal.sign_in_routes import let_in
from kbadmin.readers import email_settings, passwords
from kbadmin.readers.models import Reader
from kbadmin.readers.passwords import DeadLink, WrongPassword
from kbadmin.users.forms import WRONG_PASSWORD, ForgotPasswordForm, SetPasswordForm
from kbadmin.users.password_rules import words_of
from kbadmin.users.tries import TooManyTries

TOKEN = "reader_password_token"
ASKED_FOR = "reader_reset_asked_for"
ELSEWHERE = "Wherever else you were signed in, you no longer are."


@blueprint.route("/forgot-password", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def forgot_password() -> ResponseReturnValue:
    """Have a link mailed; where nobody can send it, say whom to ask."""
    form = ForgotPasswordForm()
    target = door.target_within(request.args.get("next"))
    found, g.themed_by = door.knowledge_base_at(target), door.themed_at(target)
    knowledge_base_id = found.id if found else None
    if email_settings.way(knowledge_base_id) is None:
        return render_template("portal/forgot_password_without_mail.html")
    if form.validate_on_submit():
        passwords.ask_for_reset(
            form.email.data or "",
            knowledge_base_id=knowledge_base_id,
            network_address=request.remote_addr or "",
        )
        session[ASKED_FOR] = form.email.data
        return redirect(url_for("portal.reset_asked_for"), 303)
    return render_template("portal/forgot_password.html", form=form), 422 if form.errors else 200


@blueprint.get("/forgot-password/sent")
@requires(Permission.PUBLIC)
def reset_asked_for() -> ResponseReturnValue:
    """The same answer for every address."""
    return render_template("portal/reset_asked_for.html", email=session.get(ASKED_FOR, "your address"))


@blueprint.get("/set-password/<token>")
@requires(Permission.PUBLIC)
def open_password_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    session[TOKEN] = token[:100]  # Ours are shorter; a long one would be more than a cookie holds.
    return redirect(url_for("portal.set_password"), 303)


@blueprint.route("/set-password", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def set_password() -> ResponseReturnValue:
    """Ask for a new password; sending it uses the link up and signs in."""
    token = session.get(TOKEN, "")
    found = passwords.find_link(token)
    if found is None:
        return render_template("portal/dead_link.html"), 410
    form, email = SetPasswordForm(), found[1].email
    form.known_words = _words_of(found[1])
    if form.validate_on_submit():
        try:
            opened = passwords.set_with_link(
                token, form.new_password.data or "", network_address=request.remote_addr or ""
            )
        except DeadLink:
            return render_template("portal/dead_link.html"), 410
        session.pop(TOKEN, None)
        flash(f"Your password is set, and you are signed in. {ELSEWHERE}", "success")
        return let_in(opened)
    return render_template("portal/set_password.html", form=form, email=email), 422 if form.errors else 200


@blueprint.route("/profile/password", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def change_password() -> ResponseReturnValue:
    """Ask for the current password and a new one."""
    signed_in = door.reader_or_leave()
    form, email = ChangePasswordForm(), signed_in.reader.email
    form.known_words = _words_of(signed_in.reader)
    if form.validate_on_submit():
        try:
            opened = passwords.change(
                signed_in.reader,
                signed_in.session_id,
                current_password=form.current_password.data or "",
                new_password=form.new_password.data or "",
                network_address=signed_in.network_address,
            )
        except WrongPassword:
            form.current_password.errors = [WRONG_PASSWORD]
        except TooManyTries as error:
            form.current_password.errors = [f"That was tried too often. Wait {error.wait_minutes} min, then try again."]
        else:
            flash(f"Your password is changed. {ELSEWHERE}", "success")
            return let_in(opened, target=url_for("portal.profile"))
    return render_template("portal/change_password.html", form=form, email=email), 422 if form.errors else 200


def _words_of(reader: Reader) -> list[str]:
    return words_of(email=reader.email, name=reader.name, account_names=[g.account.name])
