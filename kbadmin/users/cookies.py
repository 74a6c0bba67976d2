"""The cookie that carries a user's session, and where a request comes from."""

from flask import Request, Response

from kbadmin.session_cookies import SessionCookie
from kbadmin.users import browsers
from kbadmin.users.sessions import Opened, Visitor

USER = SessionCookie("kbadmin-user")


def token_of(request: Request) -> str | None:
    """The token that the browser sent, if any."""
    return USER.token_of(request)


def give(response: Response, opened: Opened) -> None:
    """Hand the token of a session to the browser."""
    USER.give(response, opened.token, kept_seconds=opened.kept_seconds)


def take_back(response: Response) -> None:
    """Have the browser forget the token and what it cached."""
    USER.take_back(response)


def visitor(request: Request) -> Visitor:
    """Where this request comes from."""
    return Visitor(browsers.in_words(request.headers.get("User-Agent", "")), request.remote_addr or "")
