"""Leasing: the statements that put the first due messages of a lane into one worker's hands.

PostgreSQL passes over rows that others are just leasing, in one UPDATE … RETURNING. SQLite has one writer at a time,
so that reading and then changing is as safe; all rows come back as one JSON text, for the driver lets other threads in
with every row it steps to, and whoever holds the writer's place should not be kept waiting.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam, func, literal_column, select, type_coerce, update
from sqlalchemy.orm import Session

from kbadmin.encryption import Place
from kbadmin.ids import as_stored, id_of, with_dashes
from kbadmin.outbox.models import BIG, MESSAGES, Status

# As literals, so that SQLite sees that the partial indexes fit.
QUEUED = literal_column("status") == literal_column("'queued'")
IS_DUE: ColumnElement[bool] = literal_column("not_before_at IS NULL")
IN_LANE = MESSAGES.c.lane_id == bindparam("lane")


class Claimed(NamedTuple):
    """One message in our hands."""

    id: int
    account_id: uuid.UUID
    public_id: str | uuid.UUID  # with or without dashes
    kind: str
    recipient: str
    message_id: str
    content_sealed: str | None
    body_id: uuid.UUID | None
    parts_sealed: str | None
    attempts: int
    created_at: datetime
    expires_at: datetime | None
    requeued_at: datetime | None = None
    visibility_version: int | None = None


def _told(name: str) -> ColumnElement[Any]:
    """Ids as the driver has them: making three UUIDs a message would cost more than reading it."""
    return as_stored(MESSAGES.c[name]) if name in _IDS else MESSAGES.c[name]


_IDS = ("account_id", "public_id", "body_id")


# Statements are made once: making them costs more than running them.
_IN_HANDS: dict[str, Any] = {
    "status": Status.SENDING.value,
    "leased_by": bindparam("worker"),
    "lease_token": bindparam("token"),
    "attempts": MESSAGES.c.attempts + 1,
}
_FIRST_DUE = (
    select(MESSAGES.c.id)
    .where(IN_LANE, QUEUED, IS_DUE)
    .order_by(MESSAGES.c.priority, MESSAGES.c.id)
    .limit(bindparam("most"))
)
# As an array they are asked for once: PostgreSQL may ask ``IN (… LIMIT …)`` anew for each row, and lease too many.
_ASKED_ONCE = func.array(_FIRST_DUE.with_for_update(skip_locked=True).scalar_subquery(), type_=ARRAY(BIG))
_LEASE = (
    update(MESSAGES)
    .where(MESSAGES.c.id == any_(_ASKED_ONCE))
    .values(**_IN_HANDS)
    .returning(MESSAGES.c.priority, *(_told(name) for name in Claimed._fields))
)
# With their zone, moments are read by one call of C; the attempt under way is counted.
_AS_TEXT = [
    {
        "attempts": MESSAGES.c.attempts + 1,
        "created_at": type_coerce(MESSAGES.c.created_at, String()) + "+00:00",
        "expires_at": type_coerce(MESSAGES.c.expires_at, String()) + "+00:00",
        "requeued_at": type_coerce(MESSAGES.c.requeued_at, String()) + "+00:00",
    }.get(name, type_coerce(MESSAGES.c[name], String()))
    for name in Claimed._fields
]
_DUE = _FIRST_DUE.with_only_columns(*_AS_TEXT).subquery()
_READ = select(func.json_group_array(func.json_array(*_DUE.c), type_=String()))
_HOLD = (
    update(MESSAGES)
    .where(MESSAGES.c.id.in_(select(literal_column("value")).select_from(func.json_each(bindparam("ids")))))
    .values(**_IN_HANDS)
)


def lease(session: Session, lane_id: uuid.UUID, worker_id: uuid.UUID, token: int, most: int) -> list[Claimed]:
    """Lease the first due messages of a lane, at most so many; the most urgent and oldest first."""
    values = {"lane": lane_id, "worker": worker_id, "token": token}
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        found = [
            _from_text(row) for row in json.loads(connection.scalar(_READ, {"lane": lane_id, "most": most}) or "[]")
        ]
        if found:
            connection.execute(_HOLD, values | {"ids": json.dumps([one.id for one in found])})
        return found
    rows = sorted(connection.execute(_LEASE, values | {"most": most}).all(), key=lambda row: (row[0], row[1]))
    return [_claimed(row[1:]) for row in rows]


def _claimed(row: Sequence[Any]) -> Claimed:
    values = list(row)
    values[1], values[7] = id_of(row[1]), row[7] and id_of(row[7])
    return Claimed._make(values)


def _from_text(row: list[Any]) -> Claimed:
    row[1], row[7] = id_of(row[1]), row[7] and id_of(row[7])
    row[10:13] = [text and datetime.fromisoformat(text) for text in row[10:13]]
    return Claimed._make(row)


def place_of(one: Claimed, column: str) -> Place:
    """Where a sealed column of a claimed message is, and for whom."""
    destination = f"{one.message_id} {one.recipient}"
    return Place("outbox_messages", column, _text(one.account_id), _said(one.public_id), destination)


_text = lru_cache(maxsize=1024)(str)


def _said(public_id: str | uuid.UUID) -> str:
    if isinstance(public_id, str):
        return with_dashes(public_id)
    return str(public_id)
