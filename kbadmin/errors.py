"""The pages for requests that fail: what happened, and the way back. Never a trace, never the input."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, make_response, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError, ServiceUnavailable

from kbadmin import config, logs
from kbadmin.access import safe_next
from kbadmin.database import db
from kbadmin.forms import most_bytes

log = logs.get(__name__)
MIB = 1024 * 1024


@dataclass(frozen=True)
class Words:
    """Title and sentence of one error page."""

    title: str
    text: str


WORDS = {
    400: Words(
        "This request cannot be read",
        "Something in the address or the form is not as we expect. Go back and try again.",
    ),
    403: Words(
        "You may not open this page", "Your role in this account does not include it. An owner can grant it in Team."
    ),
    404: Words(
        "There is no such page", "It may have been removed, or it belongs to another account. Check the address."
    ),
    405: Words("This page is not opened that way", "Use the buttons of the page instead of its address."),
    409: Words(
        "This was changed meanwhile",
        "Somebody else changed it while you had the page open. Open it again, then repeat your change.",
    ),
    413: Words(
        "That is too large",
        "At most {limit} can be sent here at once. Nothing was saved: go back, choose a smaller file or shorten the "
        "text, and send the form again.",
    ),
    429: Words("Too many tries", "Wait a little, then try again."),
    500: Words(
        "Something went wrong on our side",
        "It has been recorded. Try again; if it happens again, give your operator the reference below.",
    ),
    503: Words("Not available right now", "The installation is being worked on. Try again in a minute."),
}


def attach(app: Flask) -> None:
    """Answer every failure with a page of ours."""
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _page)
    app.register_error_handler(Exception, _crash)


def _form_expired(_error: CSRFError) -> Response:
    words = Words("This form has expired", "Go back, reload the page, and send the form again. Nothing was changed.")
    return _render(400, words)


def _page(error: HTTPException) -> Response:
    if isinstance(error, SecurityError):  # A Host that is not ours: no address of ours can be built for a page.
        return make_response("400 Bad Request\n", 400, {"Content-Type": "text/plain; charset=utf-8"})
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, OperationalError):
        # The database is away, locked or out of space: nothing was changed, and trying again later may help.
        error = ServiceUnavailable()
    status = error.code or 500
    if error.response is not None:
        return make_response(error.response)
    if status == 413:
        return _too_large(WORDS[status])
    response = _render(status, WORDS.get(status, WORDS[400] if status < 500 else WORDS[500]))
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _crash(error: Exception) -> Response:
    log.error("request failed", method=request.method, endpoint=request.endpoint, exc_info=error)
    db.session.rollback()
    return _page(InternalServerError(original_exception=error))


def _too_large(words: Words) -> Response:
    """Refused before the form was read, so what was typed is in the browser alone: the way back is the form's page."""
    most = most_bytes()
    limit = f"{most // MIB} MiB" if most >= MIB else f"{most // 1024} KiB"
    form = _own_referrer()
    way_out = ("Back to the Form", form) if form else _way_out()
    return _render(413, Words(words.title, words.text.format(limit=limit)), way_out=way_out, layout=_shell())


def _render(
    status: int, words: Words, *, way_out: tuple[str, str] | None = None, layout: str = "layouts/public.html"
) -> Response:
    page = render_template(
        "errors/page.html",
        status=status,
        words=words,
        reference=g.get("request_id", ""),
        way_out=way_out or _way_out(),
        layout=layout,
    )
    return make_response(page, status)


def _own_referrer() -> str | None:
    """The page of ours that the form stood on, as a path; nothing of any other origin."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:  # No address at all, such as one with half a pair of brackets.
        return None
    if f"{came.scheme}://{came.netloc}" != config.current().base_url:
        return None
    return safe_next(came.path + (f"?{came.query}" if came.query else ""))


def _shell() -> str:
    """The layout of the pages around: the admin's for whoever works in an account. The portal is not entered yet."""
    is_inside = (
        not request.path.startswith("/kb/") and current_user.is_authenticated and current_user.account_id is not None
    )
    return "layouts/admin.html" if is_inside else "layouts/public.html"


def _way_out() -> tuple[str, str]:
    """Where the button leads, words and address: readers stay in their portal."""
    _, portal, account, *_ = f"{request.path}//".split("/")
    return ("Go to the Front Page", f"/kb/{quote(account)}") if portal == "kb" and account else ("Go to Home", "/")
