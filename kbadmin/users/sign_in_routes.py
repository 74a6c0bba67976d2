"""Signing in and out, and choosing the account to work in."""

import uuid

from flask import Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires, safe_next
from kbadmin.users import cookies
from kbadmin.users import sign_in as operations
from kbadmin.users.blueprint import HAS_SEVERAL, blueprint, let_in, visitor, with_cookie
from kbadmin.users.forms import SignInForm
from kbadmin.users.queries import accounts_of
from kbadmin.users.sign_in import NoSuchAccount, NotSignedIn
from kbadmin.users.tries import TooManyTries

NOT_SIGNED_IN = "This e-mail address and password do not belong together. Check both, or set a new password."


def has_several_accounts() -> bool:
    """Whether this person was seen to work in more than one account."""
    return bool(session.get(HAS_SEVERAL))


@blueprint.route("/sign-in", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Ask for address and password."""
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")) or url_for("home.index"), 303)
    form = SignInForm(next=request.args.get("next"))
    if not form.validate_on_submit():
        return _sign_in_page(form, 422 if form.errors else 200)
    try:
        welcome = operations.sign_in(
            email=form.email.data or "",
            password=form.password.data or "",
            is_kept=form.is_kept.data,
            visitor=visitor(),
            old_token=cookies.token_of(request),
        )
    except NotSignedIn:
        return _sign_in_page(form, 422, trouble=NOT_SIGNED_IN)
    except TooManyTries as error:
        return _too_many(form, error)
    return let_in(welcome, target=safe_next(form.next.data))


def _sign_in_page(form: SignInForm, status: int, trouble: str | None = None) -> tuple[str, int]:
    return render_template("users/sign_in.html", form=form, trouble=trouble), status


def _too_many(form: SignInForm, error: TooManyTries) -> ResponseReturnValue:
    trouble = (
        f"There were too many tries. Wait {error.wait_minutes} min, then sign in with the right password, "
        "or set a new one now."
    )
    return *_sign_in_page(form, 429, trouble), {"Retry-After": str(error.wait_seconds)}


@blueprint.post("/sign-out")
@requires(Permission.PUBLIC)
def sign_out() -> ResponseReturnValue:
    """End this session. Open to everybody, so that a session that is over can be left as well."""
    token = cookies.token_of(request)
    if token:
        operations.sign_out(token, current_user if current_user.is_authenticated else None)
    session.clear()
    flash("You are signed out.", "success")
    response = redirect(url_for("users.sign_in"), 303)
    assert isinstance(response, Response)
    cookies.take_back(response)
    return response


@blueprint.get("/choose-account")
@requires(Permission.PERSON)
def choose_account() -> ResponseReturnValue:
    """The accounts of this person, to go on in one of them."""
    choices = accounts_of(current_user.user.id)
    session[HAS_SEVERAL] = len(choices) > 1
    target = safe_next(request.args.get("next"))
    return render_template("users/choose_account.html", choices=choices, target=target)


@blueprint.post("/switch-account")
@requires(Permission.PERSON)
def switch_account() -> ResponseReturnValue:
    """Go on in the chosen account."""
    try:
        opened = operations.choose_account(current_user, uuid.UUID(request.form.get("account", "")))
    except (ValueError, NoSuchAccount):
        flash("You cannot work in that account. Choose another one.", "warning")
        return redirect(url_for("users.choose_account"), 303)
    return with_cookie(redirect(safe_next(request.form.get("next")) or url_for("home.index"), 303), opened)
