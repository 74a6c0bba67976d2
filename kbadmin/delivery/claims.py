"""Claims: due messages of a lane into the hands of one worker, the most urgent first.

One UPDATE … RETURNING; on PostgreSQL rows that others are just claiming are skipped. Every claim has a token of its
own, and every later change of its messages names it: a worker that comes back from the dead changes nothing.
"""

import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, CursorResult, String, bindparam, literal_column, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.delivery import lanes
from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.outbox.models import IN_SPITE_OF_SUPPRESSION, MESSAGES, PLATFORM, Status
from kbadmin.smtp.models import SmtpService

# As literals, so that SQLite sees that the partial indexes fit.
_QUEUED = literal_column("status") == literal_column("'queued'")
_IS_DUE: ColumnElement[bool] = literal_column("not_before_at IS NULL")
_IS_DEFERRED: ColumnElement[bool] = literal_column("not_before_at IS NOT NULL")


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


@dataclass(frozen=True)
class Claim:
    """Messages under one lease token. ``again_in`` is when to ask again, in seconds, if there was none to be had."""

    token: int = 0
    messages: Sequence[Claimed] = field(default_factory=tuple)
    again_in: float | None = None
    is_full: bool = False


def _told(name: str) -> ColumnElement[Any]:
    """Ids as the driver has them: making three UUIDs a message would cost more than reading it."""
    return type_coerce(MESSAGES.c[name], String()) if name in _IDS else MESSAGES.c[name]


_IDS = ("account_id", "public_id", "body_id")


@lru_cache(maxsize=4096)
def _id(told: str | uuid.UUID | None) -> uuid.UUID | None:
    return uuid.UUID(told) if isinstance(told, str) else told


# Statements are made once: making them costs more than running them.
_IN_LANE = MESSAGES.c.lane_id == bindparam("lane")
_PROMOTE = (
    update(MESSAGES)
    .where(_IN_LANE, _QUEUED, _IS_DEFERRED, MESSAGES.c.not_before_at <= bindparam("moment"))
    .values(not_before_at=None)
)
_FIRST_DUE = select(MESSAGES.c.id).where(_IN_LANE, _QUEUED, _IS_DUE).limit(1)
_FIRST_DEFERRED = (
    select(MESSAGES.c.not_before_at).where(_IN_LANE, _QUEUED, _IS_DEFERRED).order_by(MESSAGES.c.not_before_at).limit(1)
)
_DUE = (
    select(MESSAGES.c.id)
    .where(_IN_LANE, _QUEUED, _IS_DUE)
    .order_by(MESSAGES.c.priority, MESSAGES.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(MESSAGES)
    .where(MESSAGES.c.id.in_(_DUE.scalar_subquery()))
    .values(
        status=Status.SENDING.value,
        leased_by=bindparam("worker"),
        lease_token=bindparam("token"),
        attempts=MESSAGES.c.attempts + 1,
    )
    .returning(MESSAGES.c.priority, *(_told(name) for name in Claimed._fields))
)
_OF_SERVICE = MESSAGES.c.lane_id == SmtpService.id
_LANES_WITH_WORK = select(SmtpService.id).where(
    or_(
        select(MESSAGES.c.id).where(_OF_SERVICE, _QUEUED, _IS_DUE).exists(),
        select(MESSAGES.c.id)
        .where(_OF_SERVICE, _QUEUED, _IS_DEFERRED, MESSAGES.c.not_before_at <= bindparam("moment"))
        .exists(),
    )
)
_ANY_SUPPRESSED = (
    select(SuppressedAddress.id)
    .where(SuppressedAddress.account_id.in_(bindparam("accounts", expanding=True)))
    .where(SuppressedAddress.suppressed_at.is_not(None))
    .limit(1)
)


def claim(session: Session, lane: Terms, worker_id: uuid.UUID, *, most: int | None = None) -> Claim:
    """Lease the next due messages of an open lane, as many as its limits allow."""
    promote(session, lane.lane_id)
    wanted = lane.batch if most is None else min(most, lane.batch)
    allowed = lanes.allowance(session, lane, wanted)
    if allowed.messages < 1:
        return Claim(
            again_in=allowed.again_in if has_due(session, lane.lane_id) else next_due_in(session, lane.lane_id)
        )
    token = secrets.randbits(62)
    found = _lease(session, lane.lane_id, worker_id, token, allowed.messages)
    if not found:
        return Claim(again_in=next_due_in(session, lane.lane_id))
    expired = _expire(session, found, token)
    suppressed = _suppress(session, [one for one in found if one.id not in expired], token)
    rest = [one for one in found if one.id not in expired and one.id not in suppressed]
    lanes.take(session, lane.lane_id, lane.per_minute, Counter(one.account_id for one in rest))
    return Claim(token, rest, again_in=0.0, is_full=len(found) >= wanted)


def promote(session: Session, lane_id: uuid.UUID) -> int:
    """Deferred messages whose time has come are due like the others."""
    done = session.connection().execute(_PROMOTE, {"lane": lane_id, "moment": clock.now()})
    return cast("CursorResult[Any]", done).rowcount


def due_lanes(session: Session) -> list[uuid.UUID]:
    """Every lane that has something due now, in one statement: two looks into an index for each service."""
    found = list(session.scalars(_LANES_WITH_WORK, {"moment": clock.now()}))
    if has_due(session, PLATFORM) or next_due_in(session, PLATFORM) == 0.0:
        found.append(PLATFORM)
    return found


def has_due(session: Session, lane_id: uuid.UUID) -> bool:
    """Whether anything of the lane could leave now."""
    return session.connection().execute(_FIRST_DUE, {"lane": lane_id}).first() is not None


def next_due_in(session: Session, lane_id: uuid.UUID) -> float | None:
    """Seconds until the first deferred message of the lane is due; nothing if none waits."""
    first = session.connection().scalar(_FIRST_DEFERRED, {"lane": lane_id})
    return None if first is None else max(0.0, (first - clock.now()).total_seconds())


def _lease(session: Session, lane_id: uuid.UUID, worker_id: uuid.UUID, token: int, most: int) -> list[Claimed]:
    values = {"lane": lane_id, "worker": worker_id, "token": token, "most": most}
    rows = sorted(session.connection().execute(_LEASE, values), key=lambda row: (row[0], row[1]))
    return [_claimed(row) for row in rows]


def _claimed(row: Sequence[Any]) -> Claimed:
    _, number, account_id, public_id, kind, recipient, message_id, content, body_id, *rest = row
    values: list[Any] = [number, _id(account_id), public_id, kind, recipient, message_id, content, _id(body_id), *rest]
    return Claimed._make(values)


def _expire(session: Session, claimed: Sequence[Claimed], token: int) -> set[int]:
    """What is too late to be of use ends here, visibly."""
    now = clock.now()
    late = {one.id for one in claimed if one.expires_at is not None and one.expires_at <= now}
    _end(session, late, token, Status.EXPIRED, "It was too late to be of use.")
    return late


def _suppress(session: Session, claimed: Sequence[Claimed], token: int) -> set[int]:
    """Addresses that refuse mail for good get none, but for what their owner asked for just now."""
    asked = [one for one in claimed if one.kind not in IN_SPITE_OF_SUPPRESSION]
    accounts = {one.account_id for one in asked}
    if not asked or session.connection().execute(_ANY_SUPPRESSED, {"accounts": list(accounts)}).first() is None:
        return set()
    query = select(SuppressedAddress.account_id, SuppressedAddress.address).where(
        SuppressedAddress.account_id.in_(accounts),
        SuppressedAddress.address.in_({one.recipient.casefold() for one in asked}),
        SuppressedAddress.suppressed_at.is_not(None),
    )
    refused = {(account_id, address) for account_id, address in session.execute(query)}
    found = {one.id for one in asked if (one.account_id, one.recipient.casefold()) in refused}
    _end(session, found, token, Status.FAILED, SUPPRESSED)
    return found


SUPPRESSED = "Not sent: this address has refused mail for good before. Clear it under Suppressed addresses."


def _end(session: Session, ids: set[int], token: int, status: Status, reply: str) -> None:
    if not ids:
        return
    statement = (
        update(MESSAGES)
        .where(MESSAGES.c.id.in_(ids), MESSAGES.c.lease_token == token)
        .values(status=status.value, settled_at=clock.now(), last_reply=reply, leased_by=None, lease_token=None)
    )
    if status == Status.EXPIRED:
        statement = statement.values(content_sealed=None, parts_sealed=None)
    session.execute(statement)
