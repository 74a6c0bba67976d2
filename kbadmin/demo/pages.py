"""What the demo's small applications share: templates, security headers, and no visitors from other sites."""

from datetime import datetime

from flask import Flask, Response, abort, g, request, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup

from kbadmin.paths import shipped
from kbadmin.templating import icons

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def make_app(name: str) -> Flask:
    """A Flask application with the demo's looks; only this machine's own names are answered (no DNS rebinding)."""
    app = Flask(name, template_folder=str(shipped("templates")), static_folder=str(shipped("static")))
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1"]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(static=_static, drawn_icon=icons(_static))
    app.jinja_env.filters["moment"] = moment
    app.after_request(_secure)
    return app


def refuse_other_sites() -> None:
    """Answer 403 to a form that another site posts; for views that change something and take no secret."""
    if request.method == "POST" and request.headers.get("Origin") not in (None, request.host_url.rstrip("/")):
        abort(403)


def allow_form_action(origin: str) -> None:
    """Let the forms of this page end, by a redirect, at another origin."""
    g.form_action = origin


def moment(value: datetime) -> Markup:
    """A time in UTC for people and machines."""
    text = f"{value.day} {value:%B %Y, %H:%M:%S} UTC"
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(timespec="seconds"), text)


def _static(path: str) -> str:
    return url_for("static", filename=path)


def _secure(response: Response) -> Response:
    policy = f"{POLICY} {g.form_action}" if "form_action" in g else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
