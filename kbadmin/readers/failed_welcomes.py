"""Readers whose last welcome failed, until somebody sends it again or says that they know.

They are found from the messages: those that failed are few, and an index leads from each to its reader.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select

from kbadmin.database import db
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers.models import Reader
from kbadmin.readers.welcomes import WENT_WRONG

MOST_COUNTED = 1_000

# Literals, so that SQLite sees that the indexes of open messages and of those who were welcomed fit.
_IS_OPEN: ColumnElement[bool] = literal_column("outbox_messages.status <> 'accepted'")
_IS_WELCOMED: ColumnElement[bool] = literal_column("readers.welcome_message_id IS NOT NULL")


def source() -> Select[Any]:
    """The ids of these readers."""
    return (
        select(Reader.id)
        .join(OutboxMessage, OutboxMessage.id == Reader.welcome_message_id)
        .where(*_went_wrong(), Reader.welcome_cleared_at.is_(None), Reader.deleted_at.is_(None), _IS_WELCOMED)
    )


def is_one() -> ColumnElement[bool]:
    """Whether a reader is one of them, asked of each."""
    failed = exists().where(OutboxMessage.id == Reader.welcome_message_id, *_went_wrong())
    return failed & Reader.welcome_cleared_at.is_(None)


def number() -> int:
    """How many there are, counted up to a limit."""
    return db.session.scalar(select(func.count()).select_from(source().limit(MOST_COUNTED + 1).subquery())) or 0


def _went_wrong() -> list[ColumnElement[bool]]:
    return [OutboxMessage.status.in_([status.value for status in WENT_WRONG]), _IS_OPEN]
