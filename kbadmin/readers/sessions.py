"""Sessions of readers: rows whose tokens only the browsers know, begun, renewed and ended.

A session lasts twelve hours; one that is remembered, the days that the knowledge base allows. It ends at once when
the reader's address or status changes, whoever changes it, and so do the links that were handed out.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import delete, event, inspect, select
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.database import db
from kbadmin.encryption import fingerprint, new_token
from kbadmin.readers.models import Reader, ReaderSession
from kbadmin.readers.signing_out import forget_links
from kbadmin.tenancy import current_account
from kbadmin.users.sessions import Opened

USUAL = timedelta(hours=12)
_DECIDES_ACCESS = ("email_key", "status", "deleted_at")


class Kept(Protocol):
    """A session's row, or the columns of it that say how long it lasts."""

    @property
    def created_at(self) -> datetime:
        """When it began."""

    @property
    def expires_at(self) -> datetime:
        """When it ends."""

    @property
    def is_remembered(self) -> bool:
        """Whether it may last for days."""


def find(token: str) -> ReaderSession | None:
    """The live session of this token in the present account."""
    query = select(ReaderSession).filter_by(fingerprint=fingerprint(token), account_id=current_account())
    row = db.session.scalar(query)
    return row if row is not None and is_live(row) else None


def is_live(row: Kept) -> bool:
    """Whether a session has not ended by itself."""
    return clock.now() < row.expires_at


def lasts(row: Kept, *, remember_days: int) -> bool:
    """Whether a session is still good in a knowledge base that remembers for so many days: each has its own limit."""
    longest = max(timedelta(days=remember_days), USUAL) if row.is_remembered else USUAL
    return clock.now() - row.created_at < longest


def begin(reader_id: uuid.UUID, *, remember_days: int = 0) -> Opened:
    """A new session in the present write section, remembered for these days if there are any."""
    now, token = clock.now(), new_token()
    lifetime = timedelta(days=remember_days) if remember_days else USUAL
    over = delete(ReaderSession).where(ReaderSession.reader_id == reader_id, ReaderSession.expires_at <= now)
    db.session.execute(over)
    row = ReaderSession(
        fingerprint=fingerprint(token),
        account_id=current_account(),
        reader_id=reader_id,
        expires_at=now + lifetime,
        is_remembered=remember_days > 0,
    )
    db.session.add(row)
    db.session.flush()
    return Opened(row.id, token, int(lifetime.total_seconds()) if remember_days else None)


def renew(session_id: uuid.UUID) -> Opened:
    """A new token for a session that goes on. Its end stays where it was."""
    token = new_token()
    row = db.session.get_one(ReaderSession, session_id)
    row.fingerprint = fingerprint(token)
    left = int((row.expires_at - clock.now()).total_seconds())
    return Opened(row.id, token, max(left, 0) if row.is_remembered else None)


def end_token(token: str) -> None:
    """End the session of this token, if there is one."""
    db.session.execute(delete(ReaderSession).where(ReaderSession.fingerprint == fingerprint(token)))


def end_all(reader_id: uuid.UUID, *, but: uuid.UUID | None = None) -> int:
    """End every session of this reader, except one; answers how many."""
    ended = delete(ReaderSession).where(ReaderSession.reader_id == reader_id, ReaderSession.id != but)
    return len(db.session.execute(ended.returning(ReaderSession.id)).all())


def shut_out(reader_id: uuid.UUID) -> None:
    """End the sessions of a reader and the links they were sent."""
    end_all(reader_id)
    forget_links([reader_id])


@event.listens_for(Session, "before_flush")
def _shut_out_whoever_changed(session: Session, *_: Any) -> None:
    """The one rule of this room that must hold whichever page, import or clean-up changes a reader."""
    for row in session.dirty:
        if isinstance(row, Reader) and any(inspect(row).attrs[name].history.has_changes() for name in _DECIDES_ACCESS):
            shut_out(row.id)
