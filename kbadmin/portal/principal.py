"""Which reader sends a request below ``/kb/``: recognised by their own cookie, checked against the rows every time.

A person of the admin is nobody here, and a reader is nobody there: each part of the site looks at its own cookie.
"""

import uuid
from functools import cached_property

from flask import Request, g
from flask_login import UserMixin

from kbadmin import access
from kbadmin.access import Permission
from kbadmin.articles.visibility import Viewer, viewer_of
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.portal.doorsteps import Caller
from kbadmin.readers import passwords, sessions
from kbadmin.readers.models import Reader, ReaderSession
from kbadmin.session_cookies import SessionCookie

COOKIE = SessionCookie("kbadmin-reader")


class SignedInReader(UserMixin):  # type: ignore[misc]
    """A reader who is signed in to the portal of the account that was entered."""

    def __init__(self, row: ReaderSession, reader: Reader, network_address: str) -> None:
        self.session = row
        self.session_id: uuid.UUID = row.id
        self.reader = reader
        self.network_address = network_address

    def get_id(self) -> str:
        """For Flask-Login, which keeps nothing of it."""
        return str(self.reader.id)

    def may(self, permission: Permission) -> bool:
        """Readers open public views only; what they may read is asked of the :attr:`viewer`."""
        return permission is Permission.PUBLIC

    @property
    def name(self) -> str:
        """How the reader is called on pages."""
        return self.reader.label

    @property
    def account_id(self) -> uuid.UUID:
        """The account the reader belongs to."""
        return self.reader.account_id

    @property
    def actor(self) -> Actor:
        """How the audit log knows them."""
        return passwords.actor_of(self.reader, self.network_address)

    @cached_property
    def viewer(self) -> Viewer:
        """What decides what they may read."""
        return viewer_of(self.reader)


def recognise(request: Request) -> SignedInReader | Caller | None:
    """The reader who sent this request, or nobody."""
    if "doorstep" in g and g.doorstep.caller:
        caller: Caller = g.doorstep.caller
        return caller  # Found with the knowledge base.
    token = COOKIE.token_of(request)
    if "account" not in g or token is None:
        return None
    row = sessions.find(token)
    reader = db.session.get(Reader, row.reader_id) if row else None
    if row is None or reader is None or not passwords.may_sign_in(reader):
        return None
    return SignedInReader(row, reader, request.remote_addr or "")


access.load_principal_with(recognise, below="/kb/")
