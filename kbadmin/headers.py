"""Security headers on every response, errors included.

The policy is static: no inline script or style anywhere. A page whose form is answered by a redirect to an identity
provider names that origin with :func:`allow_form_action`, as browsers check redirects of a form too. Nothing is
cached but files, and what says so with :func:`allow_caching`. A page that shows an e-mail as HTML frames it
(:func:`allow_frames`), and the e-mail comes with a policy of its own (:data:`LETTER_POLICY`).
"""

import functools

from flask import Flask, Response, g, request

from kbadmin.config import Settings

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

# An e-mail styles itself and shows its pictures; it may not run, fetch or send anything, nor touch the page around it.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"


def attach(app: Flask, settings: Settings) -> None:
    """Set the headers after each request."""
    always = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if settings.is_https else {})

    def secure(response: Response) -> Response:
        response.headers.setdefault(
            "Content-Security-Policy", _policy(frozenset(g.get("form_action", ())), "frames" in g)
        )
        response.headers.update(always)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = g.get("cache_control", "no-store")
        return response

    app.after_request(secure)


@functools.lru_cache(maxsize=64)
def _policy(origins: frozenset[str], has_frames: bool) -> str:
    policy = dict(POLICY)
    if origins:
        policy["form-action"] += " " + " ".join(sorted(origins))
    if has_frames:
        policy["frame-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def allow_form_action(origin: str) -> None:
    """Let the forms of this page end at another origin."""
    g.setdefault("form_action", set()).add(origin)


def allow_frames() -> None:
    """Let this page show another of our addresses in a frame."""
    g.frames = True


def allow_caching(*, seconds: int) -> None:
    """Let everybody keep this response for a while: all strangers get the same, and no cookie comes with it."""
    g.cache_control = f"public, max-age={seconds}"


def are_usual() -> bool:
    """Whether this response has the headers that every other has: nothing above was called."""
    return not any(name in g for name in ("form_action", "frames", "cache_control"))


def keep_private() -> None:
    """Say that this response is for one person, and kept by nobody."""
    g.cache_control = "private, no-store"
