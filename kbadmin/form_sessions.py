"""The signed cookie that Flask calls the session: tokens of forms and messages for the next page, nothing else.

Who is signed in stands in rows (:mod:`kbadmin.session_cookies`).
"""

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class FormSessions(SecureCookieSessionInterface):
    """Flask's own, which makes what it signs with once instead of twice in each request: the keys never change."""

    def __init__(self) -> None:
        self._signing: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What cookies are signed with, and read with."""
        if self._signing is None:
            self._signing = super().get_signing_serializer(app)
        return self._signing
