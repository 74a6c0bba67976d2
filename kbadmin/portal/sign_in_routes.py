"""Signing in to the portal and out of it."""

from flask import Response, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from kbadmin.access import Permission, requires
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase, SignUp
from kbadmin.portal import door
from kbadmin.portal import sign_in as operations
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.forms import SignInForm
from kbadmin.portal.principal import COOKIE
from kbadmin.portal.sign_in import NotSignedIn, StillWaits
from kbadmin.users.sessions import Opened
from kbadmin.users.tries import TooManyTries

NOT_SIGNED_IN = "This e-mail address and password do not belong together. Check both, or set a new password."
STILL_WAITS = "You have signed up, and wait to be let in. You get an e-mail then."


@blueprint.route("/sign-in", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Ask for address and password, in the looks of the knowledge base that was asked for."""
    target = door.target_within(request.values.get("next"))
    knowledge_base, g.themed_by = door.knowledge_base_at(target), door.themed_at(target)
    if request.method == "GET" and _is_signed_in_to(knowledge_base):
        return redirect(target or url_for("portal.index"), 303)
    days = _remember_days(knowledge_base)
    form = SignInForm(remember_days=days, next=target)
    if not form.validate_on_submit():
        return _page(form, 422 if form.errors else 200)
    try:
        opened = operations.sign_in(
            email=form.email.data or "",
            password=form.password.data or "",
            remember_days=days if form.is_remembered and form.is_remembered.data else 0,
            network_address=request.remote_addr or "",
            old_token=COOKIE.token_of(request),
        )
    except StillWaits:
        return _page(form, 422, trouble=STILL_WAITS)
    except NotSignedIn:
        return _page(form, 422, trouble=NOT_SIGNED_IN)
    except TooManyTries as error:
        return _too_many(form, error)
    return let_in(opened, target=target)


@blueprint.post("/sign-out")
@requires(Permission.PUBLIC)
def sign_out() -> ResponseReturnValue:
    """End this session. Open to everybody, so that a session that is over can be left as well."""
    token, target = COOKIE.token_of(request), door.target_within(request.form.get("next"))
    if token:
        operations.sign_out(token)
    session.pop("csrf_token", None)
    flash("You are signed out.", "success")
    response = redirect(url_for("portal.sign_in", next=target), 303)
    assert isinstance(response, Response)
    COOKIE.take_back(response)
    return response


def let_in(opened: Opened, *, target: str | None = None) -> AnyResponse:
    """Answer with the session's cookie, and go on to the page that was asked for."""
    session.pop("csrf_token", None)  # Whoever knew the token for forms before must not know it now (Flask-WTF).
    response = redirect(target or url_for("portal.index"), 303)
    assert isinstance(response, Response)
    COOKIE.give(response, opened.token, kept_seconds=opened.kept_seconds)
    return response


def _is_signed_in_to(knowledge_base: KnowledgeBase | None) -> bool:
    if knowledge_base is None:
        return door.whoever_is_signed_in() is not None
    return door.signed_in_to(knowledge_base) is not None


def _remember_days(knowledge_base: KnowledgeBase | None) -> int:
    """How long one may be remembered; where no knowledge base was asked for, as long as every one of them allows."""
    if knowledge_base is not None:
        return knowledge_base.remember_days
    return min((one.remember_days for one in knowledge_bases.all_of_account() if not one.is_archived), default=0)


def _page(form: SignInForm, status: int, trouble: str | None = None) -> tuple[str, int]:
    is_open = g.themed_by is not None and g.themed_by.audience == "public"
    page = render_template(
        "portal/sign_in.html", form=form, trouble=trouble, is_open=is_open, open_to_sign_up=_open_to_sign_up()
    )
    return page, status


def _open_to_sign_up() -> list[KnowledgeBase]:
    """Where one may sign up: the knowledge base that was asked for, or else any."""
    asked_for = [g.themed_by] if g.themed_by else knowledge_bases.all_of_account()
    return [one for one in asked_for if not one.is_archived and one.sign_up != SignUp.CLOSED]


def _too_many(form: SignInForm, error: TooManyTries) -> ResponseReturnValue:
    trouble = (
        f"There were too many tries. Wait {error.wait_minutes} min, then sign in with the right password, "
        "or set a new one now."
    )
    return *_page(form, 429, trouble), {"Retry-After": str(error.wait_seconds)}
