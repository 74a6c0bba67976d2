"""Claims: due messages of a lane into the hands of one worker, the most urgent first.

Every claim has a token of its own, and every later change of its messages names it: a worker that comes back from
the dead changes nothing.
"""

import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, bindparam, literal_column, or_, select, update
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.delivery import lanes, second_looks
from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.leases import IN_LANE, IS_DUE, QUEUED, Claimed, lease
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.outbox.models import IN_SPITE_OF_SUPPRESSION, MESSAGES, PLATFORM, Status
from kbadmin.smtp.models import SmtpService

#: Messages of a fast lane in one claim. Either takes a few milliseconds: PostgreSQL writes to eight indexes a row.
BATCH = {"sqlite": 200, "postgresql": 50}

_IS_DEFERRED: ColumnElement[bool] = literal_column("not_before_at IS NOT NULL")


@dataclass(frozen=True)
class Claim:
    """Messages under one lease token. ``again_in`` is when to ask again, in seconds, if there was none to be had."""

    token: int = 0
    messages: Sequence[Claimed] = field(default_factory=tuple)
    again_in: float | None = None
    is_full: bool = False


# Statements are made once: making them costs more than running them.
_PROMOTE = (
    update(MESSAGES)
    .where(IN_LANE, QUEUED, _IS_DEFERRED, MESSAGES.c.not_before_at <= bindparam("moment"))
    .values(not_before_at=None)
)
_FIRST_DUE = select(MESSAGES.c.id).where(IN_LANE, QUEUED, IS_DUE).limit(1)
_FIRST_DEFERRED = (
    select(MESSAGES.c.not_before_at).where(IN_LANE, QUEUED, _IS_DEFERRED).order_by(MESSAGES.c.not_before_at).limit(1)
)
_OF_SERVICE = MESSAGES.c.lane_id == SmtpService.id
_LANES_WITH_WORK = select(SmtpService.id).where(
    or_(
        select(MESSAGES.c.id).where(_OF_SERVICE, QUEUED, IS_DUE).exists(),
        select(MESSAGES.c.id)
        .where(_OF_SERVICE, QUEUED, _IS_DEFERRED, MESSAGES.c.not_before_at <= bindparam("moment"))
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
    """Lease the next due messages of an open lane, as many as its limits allow.

    Deferred ones are looked for once nothing else is due; who claims again and again calls :func:`promote` now and
    then, lest they wait for all the others.
    """
    batch = BATCH[session.get_bind().dialect.name] if lane.is_fast else 1
    wanted = batch if most is None else min(most, batch)
    allowed = lanes.allowance(session, lane, wanted)
    if allowed.messages < 1:
        is_due = promote(session, lane.lane_id) > 0 or has_due(session, lane.lane_id)
        return Claim(again_in=allowed.again_in if is_due else next_due_in(session, lane.lane_id))
    token = secrets.randbits(62)
    found = lease(session, lane.lane_id, worker_id, token, allowed.messages)
    if not found and promote(session, lane.lane_id):
        found = lease(session, lane.lane_id, worker_id, token, allowed.messages)
    if not found:
        return Claim(again_in=next_due_in(session, lane.lane_id))
    expired = _expire(session, found, token)
    suppressed = _suppress(session, [one for one in found if one.id not in expired], token)
    rest = [one for one in found if one.id not in expired and one.id not in suppressed]
    outdated = second_looks.put_off_outdated(session, rest, token)
    rest = [one for one in rest if one.id not in outdated] if outdated else rest
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
