"""The blueprint that the pages of this room hang on; its modules are gathered in routes.py."""

from flask import Blueprint, Response, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kbadmin.users import cookies, passwords
from kbadmin.users.sessions import Opened, Visitor
from kbadmin.users.sign_in import Welcome

HAS_SEVERAL = "has_several_accounts"

blueprint = Blueprint("users", __name__)
blueprint.record_once(lambda state: passwords.attach(state.app))


def let_in(welcome: Welcome, *, target: str | None = None) -> AnyResponse:
    """Answer with the session's cookie, and go on: to the page that was asked for, or to choosing an account."""
    session.pop("csrf_token", None)  # Whoever knew the token for forms before must not know it now (Flask-WTF).
    session[HAS_SEVERAL] = len(welcome.choices) > 1
    if welcome.must_choose:
        return with_cookie(redirect(url_for("users.choose_account", next=target), 303), welcome.opened)
    return with_cookie(redirect(target or url_for("home.index"), 303), welcome.opened)


def with_cookie(response: AnyResponse, opened: Opened) -> AnyResponse:
    """The same answer, with the session's new token."""
    assert isinstance(response, Response)
    cookies.give(response, opened)
    return response


def visitor() -> Visitor:
    """Where the present request comes from."""
    return cookies.visitor(request)
