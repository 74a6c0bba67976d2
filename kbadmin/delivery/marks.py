"""What became of claimed messages, written by whoever holds their lease; a stranger's token changes nothing."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, case, func, literal_column, select, update
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.delivery.journals import Accepted
from kbadmin.outbox.models import MESSAGES, DeliveryAttempt, Status

REPLY = 400  # characters of the column
_FREED: dict[str, Any] = {"leased_by": None, "lease_token": None, "data_at": None}
_WIPED: dict[str, Any] = {"content_sealed": None, "parts_sealed": None}


# By hand, as this runs for every message: one statement for a batch, bound in a fifth of the time.
_ACCEPTED = (
    "UPDATE outbox_messages SET status = 'accepted', leased_by = NULL, lease_token = NULL, data_at = NULL, "
    "content_sealed = NULL, parts_sealed = NULL, settled_at = "
)
_ACCEPT_ALL_SQLITE = _ACCEPTED + (
    "?, last_reply = json_extract(taken.value, '$[2]') FROM json_each(?) AS taken "
    "WHERE outbox_messages.id = json_extract(taken.value, '$[0]') "
    "AND lease_token = json_extract(taken.value, '$[1]') AND status = 'sending'"
)
_ACCEPT_ALL = _ACCEPTED + (
    "%s, last_reply = taken.reply FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS taken (id, token, reply) "
    "WHERE outbox_messages.id = taken.id AND lease_token = taken.token AND status = 'sending'"
)


@dataclass(frozen=True)
class Outcome:
    """The end of one attempt that no acceptance ended.

    ``attempt`` is the word for the log (retry, fail, hold …), ``facts`` what is known of the failure. With
    ``again_at`` the message waits until then; ``is_counted`` says whether the attempt was the message's own.
    """

    id: int
    account_id: uuid.UUID
    lease_token: int
    status: Status
    attempt: str
    facts: dict[str, Any]
    reply: str
    again_at: datetime | None = None
    is_counted: bool = True


def accept(session: Session, accepted: Sequence[Accepted]) -> int:
    """Record acceptances; answers how many were still ours to record."""
    if not accepted:
        return 0
    connection = session.connection()
    now = clock.now()
    if connection.dialect.name == "sqlite":
        moment = now.strftime("%Y-%m-%d %H:%M:%S.%f")  # As the column's type writes it.
        taken = json.dumps([(one.id, one.lease_token, one.reply[:REPLY]) for one in accepted])
        return _count(connection.exec_driver_sql(_ACCEPT_ALL_SQLITE, (moment, taken)))
    columns = zip(*((one.id, one.lease_token, one.reply[:REPLY]) for one in accepted), strict=True)
    return _count(connection.exec_driver_sql(_ACCEPT_ALL, (now, *map(list, columns))))


def leased_by_lane(session: Session, worker_id: uuid.UUID, ids: Sequence[int]) -> dict[uuid.UUID, int]:
    """How many of these messages a worker still holds, by lane."""
    held = select(MESSAGES.c.lane_id, func.count()).where(
        MESSAGES.c.leased_by == worker_id, MESSAGES.c.status == Status.SENDING.value, MESSAGES.c.id.in_(ids)
    )
    return {row[0]: row[1] for row in session.execute(held.group_by(MESSAGES.c.lane_id))}


def settle(session: Session, outcome: Outcome) -> bool:
    """Record one attempt that did not succeed, and where its message stands now. False if it is no longer ours."""
    statement = _leased(outcome.id, outcome.lease_token).values(
        status=outcome.status.value, last_reply=outcome.reply[:REPLY], not_before_at=outcome.again_at, **_FREED
    )
    if not outcome.is_counted:
        statement = statement.values(attempts=MESSAGES.c.attempts - 1)
    if outcome.status != Status.QUEUED:
        statement = statement.values(settled_at=clock.now())
    if outcome.status in (Status.EXPIRED, Status.CANCELLED):
        statement = statement.values(**_WIPED)
    if not _count(session.execute(statement)):
        return False
    session.add(
        DeliveryAttempt(
            account_id=outcome.account_id,
            outbox_message_id=outcome.id,
            outcome=outcome.attempt,
            facts=outcome.facts,
            again_at=outcome.again_at,
        )
    )
    return True


def give_back(session: Session, lease_token: int, ids: Iterable[int]) -> int:
    """Return messages untouched: they wait as before, and the attempt is not counted."""
    given = list(ids)
    if not given:
        return 0
    statement = update(MESSAGES).where(MESSAGES.c.lease_token == lease_token, MESSAGES.c.id.in_(given))
    return _count(
        session.execute(statement.values(status=Status.QUEUED.value, attempts=MESSAGES.c.attempts - 1, **_FREED))
    )


def put_off(session: Session, lease_token: int, ids: Iterable[int], until: datetime) -> int:
    """Return messages untouched that have to wait for a decision first; the attempt is not counted."""
    statement = update(MESSAGES).where(MESSAGES.c.lease_token == lease_token, MESSAGES.c.id.in_(list(ids)))
    values = {"status": Status.QUEUED.value, "attempts": MESSAGES.c.attempts - 1, "not_before_at": until}
    return _count(session.execute(statement.values(**values, **_FREED)))


def begin_data(session: Session, lease_token: int, message_id: int) -> bool:
    """Note that a message's bytes go out now, where an uncertain end must be told from none at all."""
    return bool(_count(session.execute(_leased(message_id, lease_token).values(data_at=clock.now()))))


def take_back_from(session: Session, worker_id: uuid.UUID) -> int:
    """Whatever a dead worker held waits again; what may have been accepted, and must not be repeated, is held."""
    return _take_back(session, MESSAGES.c.leased_by == worker_id)


def take_back_lease(session: Session, lease_token: int) -> int:
    """The same for one lease."""
    return _take_back(session, MESSAGES.c.lease_token == lease_token)


def _take_back(session: Session, whose: ColumnElement[bool]) -> int:
    was_sent = MESSAGES.c.data_at.is_not(None)
    return _count(
        session.execute(
            update(MESSAGES)
            .where(whose, literal_column("status") == literal_column("'sending'"))
            .values(
                status=case((was_sent, Status.HELD.value), else_=Status.QUEUED.value),
                settled_at=case((was_sent, clock.now()), else_=None),
                last_reply=case((was_sent, UNCERTAIN), else_=MESSAGES.c.last_reply),
                **_FREED,
            )
        )
    )


UNCERTAIN = "The connection ended before the server's answer: it may have been accepted."


def _leased(row: Any, token: Any) -> Update:
    return update(MESSAGES).where(
        MESSAGES.c.id == row, MESSAGES.c.lease_token == token, MESSAGES.c.status == Status.SENDING.value
    )


def _count(result: Any) -> int:
    return cast("CursorResult[Any]", result).rowcount
