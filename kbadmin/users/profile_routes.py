"""What is about oneself: name, and where one is signed in."""

import uuid

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.users import cookies, profiles, sessions
from kbadmin.users.blueprint import blueprint
from kbadmin.users.forms import ProfileForm


@blueprint.route("/profile", methods=["GET", "POST"])
@requires(Permission.MEMBER)
def profile() -> ResponseReturnValue:
    """Name, and ways to password and sessions."""
    form = ProfileForm(obj=current_user.user)
    if form.validate_on_submit():
        profiles.rename(current_user, form.name.data or "")
        flash("Profile saved.", "success")
        return redirect(url_for("users.profile"), 303)
    count = len(sessions.of_user(current_user.user.id))
    return render_template("users/profile.html", form=form, sessions_count=count), 422 if form.errors else 200


@blueprint.get("/profile/sessions", endpoint="sessions")
@requires(Permission.MEMBER)
def sessions_page() -> ResponseReturnValue:
    """Every browser one is signed in with."""
    return render_template("users/sessions.html", sessions=sessions.of_user(current_user.user.id))


@blueprint.post("/profile/sessions/<uuid:session_id>/end")
@requires(Permission.MEMBER)
def end_session(session_id: uuid.UUID) -> ResponseReturnValue:
    """Sign one browser out; this one too, if it is the one."""
    is_this = session_id == current_user.session_id
    ended = profiles.end_session(current_user, session_id)
    flash("That browser is signed out." if ended else "That session was over already.", "success")
    response = redirect(url_for("users.sign_in" if is_this else "users.sessions"), 303)
    if is_this and isinstance(response, Response):
        cookies.take_back(response)
    return response


@blueprint.post("/profile/sessions/end-others")
@requires(Permission.MEMBER)
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other browser out."""
    count = profiles.end_other_sessions(current_user)
    flash(f"Signed out elsewhere: {count}." if count else "You are signed in nowhere else.", "success")
    return redirect(url_for("users.sessions"), 303)
