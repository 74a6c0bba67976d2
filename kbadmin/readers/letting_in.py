"""Letting people in who signed up, or refusing them: one, or many at once."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.prepared import Prepared
from kbadmin.readers import belonging, sign_up_letters
from kbadmin.readers.listing import MOST_COUNTED, NOT_ACTIVE
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.operations import NOBODY, bury, subject_of
from kbadmin.readers.welcomers import welcome

WAITS = (Reader.status == ReaderStatus.PENDING, NOT_ACTIVE, Reader.deleted_at.is_(None))

_NUMBER = Prepared(
    lambda: select(func.count()).select_from(select(Reader.id).where(*WAITS).limit(MOST_COUNTED + 1).subquery())
)


def let_in(reader_id: uuid.UUID, *, actor: Actor) -> None:
    """Let one in, who is told by e-mail. Raises LookupError for a reader who does not wait (any more)."""
    begin_writing()
    reader = _found(reader_id)
    admit([reader])
    record("reader let in", actor=actor, subject=subject_of(reader))
    belonging.visibility_changed()


def refuse(reader_id: uuid.UUID, *, actor: Actor) -> None:
    """Forget one, who is told nothing. Raises LookupError for a reader who does not wait (any more)."""
    begin_writing()
    reader = _found(reader_id)
    bury([reader])
    record("reader refused", actor=actor, subject=Subject("reader", reader.id, NOBODY.label))


def admit(readers: Sequence[Reader]) -> None:
    """The part of :func:`let_in` that many readers share: call it in a write section."""
    for reader in readers:
        reader.status, reader.updated_at = ReaderStatus.ACTIVE, clock.now()
        db.session.flush()  # Links of before end with this; the one in the letter does not.
        if reader.has_password:
            sign_up_letters.say_let_in(reader)
        else:
            welcome(reader)


def number_waiting() -> int:
    """How many wait, counted up to a limit."""
    return _NUMBER.scalar() or 0


def _found(reader_id: uuid.UUID) -> Reader:
    reader = db.session.scalar(select(Reader).where(Reader.id == reader_id, *WAITS).with_for_update())
    if reader is None:
        raise LookupError(reader_id)
    return reader
