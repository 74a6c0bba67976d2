"""The cookie that carries a user's session, and where a request comes from."""

from flask import Request, Response

from kbadmin import config
from kbadmin.users import browsers
from kbadmin.users.sessions import Opened, Visitor


def name() -> str:
    """The cookie's name. ``__Host-`` ties it to this host and to TLS; plain http cannot have that."""
    return "__Host-kbadmin-user" if config.current().is_https else "kbadmin-user"


def token_of(request: Request) -> str | None:
    """The token that the browser sent, if any."""
    return request.cookies.get(name()) or None


def give(response: Response, opened: Opened) -> None:
    """Hand the token to the browser: out of reach of scripts, not sent along with other sites' requests."""
    response.set_cookie(
        name(),
        opened.token,
        max_age=opened.kept_seconds,
        secure=config.current().is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def take_back(response: Response) -> None:
    """Have the browser forget the token and what it cached.

    Of Clear-Site-Data only "cache": "cookies" would sign readers of the portal out too, "storage" forget the theme.
    """
    response.delete_cookie(name(), path="/", secure=config.current().is_https, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache"'


def visitor(request: Request) -> Visitor:
    """Where this request comes from."""
    return Visitor(browsers.in_words(request.headers.get("User-Agent", "")), request.remote_addr or "")
