"""The token of forms (Flask-WTF's), for pages that are answered from memory."""

import functools

from flask import current_app, g, session
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer

NAME = "csrf_token"  # in the session, in g and in forms


def token() -> str:
    """The token for whoever asks, as Flask-WTF makes it; signed once, as ours do not grow old.

    Signing it anew would be a tenth of the work for a page that is kept.
    """
    own = session.get(NAME)
    if isinstance(own, str) and NAME not in g:
        g.csrf_token = _signed(str(current_app.secret_key), own)
    return str(generate_csrf())


@functools.lru_cache(maxsize=4096)
def _signed(secret_key: str, own: str) -> str:
    return str(URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token").dumps(own))
