"""What became of claimed messages, written by whoever holds their lease; a stranger's token changes nothing."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Update, bindparam, case, update
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.delivery.journals import Accepted
from kbadmin.outbox.models import MESSAGES, DeliveryAttempt, Status

REPLY = 400  # characters of the column
_FREED: dict[str, Any] = {"leased_by": None, "lease_token": None, "data_at": None}
_WIPED: dict[str, Any] = {"content_sealed": None, "parts_sealed": None}


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
    statement = (
        _leased(bindparam("row"), bindparam("token"))
        .values(status=Status.ACCEPTED.value, settled_at=clock.now(), last_reply=bindparam("reply"))
        .values(**_FREED, **_WIPED)
    )
    rows = [{"row": one.id, "token": one.lease_token, "reply": one.reply[:REPLY]} for one in accepted]
    return _count(session.connection().execute(statement, rows))


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


def begin_data(session: Session, lease_token: int, message_id: int) -> bool:
    """Note that a message's bytes go out now, where an uncertain end must be told from none at all."""
    return bool(_count(session.execute(_leased(message_id, lease_token).values(data_at=clock.now()))))


def take_back_from(session: Session, worker_id: uuid.UUID) -> int:
    """Whatever a dead worker held waits again; what may have been accepted, and must not be repeated, is held."""
    held = update(MESSAGES).where(MESSAGES.c.leased_by == worker_id, MESSAGES.c.status == Status.SENDING.value)
    was_sent = MESSAGES.c.data_at.is_not(None)
    return _count(
        session.execute(
            held.values(
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
