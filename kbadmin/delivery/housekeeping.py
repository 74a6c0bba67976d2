"""Housekeeping: what the delivery log forgets when an account's days are over, once an hour in each process.

Messages that wait or are held stay, however old. A thousand rows are looked at in one short transaction, oldest first;
what cannot be done in one call is done in the next.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.accounts.models import Account
from kbadmin.database import db, own_session
from kbadmin.delivery import lanes
from kbadmin.delivery.turns import turn
from kbadmin.engine import sweep
from kbadmin.outbox.models import MessageBody, OutboxMessage, Status

EVERY_SECONDS = 3_600.0
CHUNK = 1_000
CHUNKS_AT_ONCE = 20
FORGETTABLE = [Status.ACCEPTED.value, Status.FAILED.value, Status.EXPIRED.value, Status.CANCELLED.value]
_EXTENSION = "kbadmin.housekeeping"


@dataclass
class _Round:
    """Where one process is: when to begin the next round, and which accounts this one has still to visit."""

    next_at: float = 0.0
    accounts: list[tuple[uuid.UUID, int]] = field(default_factory=list)
    cursor: int = 0


@sweep
def keep_house() -> None:
    """A part of the hourly round; costs nothing in between."""
    round_ = current_app.extensions.setdefault(_EXTENSION, _Round())
    if not round_.accounts:
        if time.monotonic() < round_.next_at:
            return
        round_.next_at = time.monotonic() + EVERY_SECONDS
        round_.accounts = begin_round()
        round_.cursor = 0
    _go_on(round_)


def begin_round() -> list[tuple[uuid.UUID, int]]:
    """Forget what belongs to no account; answers the accounts, and for how many days each keeps its log."""
    with turn() as session:
        lanes.forget_old_hours(session)
    found = [
        (row.id, row.delivery_log_days) for row in db.session.execute(select(Account.id, Account.delivery_log_days))
    ]
    db.session.rollback()
    return found


def forget(account_id: uuid.UUID, days: int, cursor: int = 0) -> int | None:
    """One chunk of an account's log, from after a message; answers where to go on, or nothing at the end."""
    oldest = clock.now() - timedelta(days=days)
    with own_session(account_id) as session:
        columns = select(OutboxMessage.id, OutboxMessage.status, OutboxMessage.created_at, OutboxMessage.settled_at)
        rows = session.execute(columns.where(OutboxMessage.id > cursor).order_by(OutboxMessage.id).limit(CHUNK)).all()
        old = [row.id for row in rows if row.status in FORGETTABLE and row.settled_at and row.settled_at < oldest]
        if old:
            _delete(session, old)
        # Ids rise with time: nothing that was queued since can have been settled before.
        if len(rows) == CHUNK and rows[-1].created_at < oldest:
            return int(rows[-1].id)
        _forget_bodies(session, oldest)
    return None


def _go_on(round_: _Round) -> None:
    for _ in range(CHUNKS_AT_ONCE):
        if not round_.accounts:
            return
        account_id, days = round_.accounts[-1]
        reached = forget(account_id, days, round_.cursor)
        round_.cursor = reached or 0
        if reached is None:
            round_.accounts.pop()


def _delete(session: Session, ids: list[int]) -> None:
    chosen = delete(OutboxMessage).where(OutboxMessage.id.in_(ids))
    session.execute(chosen.execution_options(synchronize_session=False))


def _forget_bodies(session: Session, oldest: datetime) -> None:
    """Bodies of runs whose last message is gone. A young one may be waiting for its first."""
    is_used = exists(select(OutboxMessage.id).where(OutboxMessage.body_id == MessageBody.id))
    unused = delete(MessageBody).where(MessageBody.created_at < oldest, ~is_used)
    session.execute(unused.execution_options(synchronize_session=False))
