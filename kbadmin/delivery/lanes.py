"""Lanes: how fast, how much and over how many connections a service may send, shared by all workers.

A lane is open unless its service is paused, disabled or unfinished, or the circuit breaker waits. It gives out
*tokens*: one a message, refilled at the service's rate, five at most. Figures are kept, never counted.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kbadmin.delivery.models import Lane, LaneConnection, LaneHour
from kbadmin.outbox.models import PLATFORM
from kbadmin.outbox.platform import platform_sender_configured
from kbadmin.shared_time import shared_now
from kbadmin.smtp.models import SmtpService, State

BURST = 5
HOURS = 24
MOST_CONNECTIONS = 10
PLATFORM_CONNECTIONS = 3
OPEN_STATES = frozenset({State.UNTESTED, State.READY, State.DEGRADED})


_COUNT_RESULTS = (
    update(Lane)
    .where(Lane.id == bindparam("lane"))
    .values(
        accepted_total=Lane.accepted_total + bindparam("accepted"), failed_total=Lane.failed_total + bindparam("failed")
    )
)


def _counting(insert: Any) -> Any:
    counted = insert(LaneHour)
    added = {"recipients": LaneHour.recipients + counted.excluded.recipients}
    return counted.on_conflict_do_update(index_elements=["lane_id", "account_id", "hour"], set_=added)


_COUNT_RECIPIENTS = {"sqlite": _counting(sqlite.insert), "postgresql": _counting(postgresql.insert)}


@dataclass(frozen=True)
class Terms:
    """What a lane allows now. ``is_gone`` says that its service was deleted: nothing will ever leave this way."""

    lane_id: uuid.UUID
    account_id: uuid.UUID | None
    is_open: bool
    is_gone: bool = False
    opens_in: float | None = None  # seconds, where the lane opens by itself
    connections: int = 1
    per_minute: int | None = None
    per_day: int | None = None
    configuration_version: int = 0
    changed_at: datetime | None = None
    holds_uncertain: bool = False
    is_noted_at: datetime | None = None  # when it was last noted that the service works
    is_troubled: bool = False

    @property
    def configuration(self) -> tuple[int, datetime | None]:
        """What an open connection was made with: where it leads, and who its messages are from."""
        return self.configuration_version, self.changed_at

    @property
    def is_fast(self) -> bool:
        """Whether messages go in batches. Where each waits for its token, they go one by one."""
        return self.per_minute is None


@dataclass(frozen=True)
class Allowance:
    """How many messages may be claimed now; if none, in how many seconds to ask again."""

    messages: int
    again_in: float = 0.0


def terms(session: Session, lane_id: uuid.UUID) -> Terms:
    """What the lane allows, read from its service now."""
    service = None if lane_id == PLATFORM else session.get(SmtpService, lane_id)
    if lane_id != PLATFORM and (service is None or service.deleted_at is not None):
        return Terms(lane_id, service.account_id if service else None, is_open=False, is_gone=True)
    lane = session.get(Lane, lane_id) or _made(session, lane_id, service.account_id if service else None)
    now = shared_now(session)
    waits = _seconds_until(lane.closed_until, now)
    is_slowed = bool(_seconds_until(lane.slowed_until, now))
    if service is None:
        return Terms(
            lane_id,
            None,
            is_open=not waits and platform_sender_configured(),
            opens_in=waits,
            connections=1 if is_slowed else PLATFORM_CONNECTIONS,
            is_troubled=lane.failures > 0,
        )
    is_usable = service.state in OPEN_STATES
    return Terms(
        lane_id,
        service.account_id,
        is_open=is_usable and not waits,
        opens_in=waits if is_usable else None,
        connections=1 if is_slowed else min(service.max_connections, MOST_CONNECTIONS),
        per_minute=service.messages_per_minute,
        per_day=service.recipients_per_day,
        configuration_version=service.configuration_version,
        changed_at=service.updated_at,
        holds_uncertain=service.uncertain_messages == "hold",
        is_noted_at=service.last_accepted_at if service.tested_at else None,
        is_troubled=service.degraded_at is not None or service.submission_failure is not None or lane.failures > 0,
    )


def allowance(session: Session, lane: Terms, wanted: int) -> Allowance:
    """How many messages may be claimed now. The lane's row stays locked until the transaction ends."""
    if lane.per_day is None and lane.per_minute is None:
        return Allowance(wanted)
    now = shared_now(session)
    most, again_in = wanted, 0.0
    if lane.per_day is not None:
        left = lane.per_day - recipients_of_the_day(session, lane.lane_id, now)
        if left < 1:
            return Allowance(0, 60.0)
        most = min(most, left)
    if lane.per_minute is not None:
        tokens = _refilled(session, lane, now)
        most = min(most, int(tokens))
        again_in = 0.0 if most else (1.0 - tokens) * 60.0 / lane.per_minute
    return Allowance(most, again_in)


def take(session: Session, lane_id: uuid.UUID, per_minute: int | None, recipients: dict[uuid.UUID, int]) -> None:
    """Count claimed messages by account; negative numbers give some back."""
    count = sum(recipients.values())
    if per_minute is not None and count:
        left = Lane.tokens - count
        tokens = case((left > float(BURST), float(BURST)), else_=left)
        session.execute(update(Lane).where(Lane.id == lane_id).values(tokens=tokens))
    hour = _hour(shared_now(session))
    rows = [
        {"lane_id": lane_id, "account_id": account_id, "hour": hour, "recipients": more}
        for account_id, more in recipients.items()
    ]
    if rows:
        session.connection().execute(_COUNT_RECIPIENTS[session.get_bind().dialect.name], rows)


def recipients_of_the_day(session: Session, lane_id: uuid.UUID, now: datetime) -> int:
    """How many recipients the lane was given in the last 24 hours and what had begun of the hour before."""
    query = select(func.coalesce(func.sum(LaneHour.recipients), 0)).where(
        LaneHour.lane_id == lane_id, LaneHour.hour >= _hour(now) - HOURS
    )
    return int(session.scalars(query).one())


def strike(session: Session, lane_id: uuid.UUID, *, slowed_for: timedelta | None) -> int:
    """Count a failure of the service itself; answers how many came in a row.

    While the lane is closed, what its other connections meet is the same failure, and not another one.
    """
    now = shared_now(session)
    values: dict[str, Any] = {"failures": case((Lane.closed_until > now, Lane.failures), else_=Lane.failures + 1)}
    if slowed_for is not None:
        values["slowed_until"] = now + slowed_for
    return int(session.scalars(update(Lane).where(Lane.id == lane_id).values(values).returning(Lane.failures)).one())


def close_for(session: Session, lane_id: uuid.UUID, wait: timedelta) -> None:
    """Keep the lane closed for this long from now."""
    session.execute(update(Lane).where(Lane.id == lane_id).values(closed_until=shared_now(session) + wait))


def open_again(session: Session, lane_id: uuid.UUID) -> None:
    """Mail was accepted, or a person put things right: the breaker is closed."""
    session.execute(update(Lane).where(Lane.id == lane_id).values(failures=0, closed_until=None))


def count_results(session: Session, lane_id: uuid.UUID, *, accepted: int = 0, failed: int = 0) -> None:
    """Raise the totals that the metrics show."""
    session.connection().execute(_COUNT_RESULTS, {"lane": lane_id, "accepted": accepted, "failed": failed})


def forget_old_hours(session: Session) -> int:
    """Hours that no day reaches back to any more."""
    old = delete(LaneHour).where(LaneHour.hour < _hour(shared_now(session)) - HOURS - 1)
    return cast("CursorResult[Any]", session.execute(old)).rowcount


def _made(session: Session, lane_id: uuid.UUID, account_id: uuid.UUID | None) -> Lane:
    """The lane's rows, for its first message; somebody else may be making them as well."""
    values = {"id": lane_id, "account_id": account_id, "refilled_at": shared_now(session), "tokens": float(BURST)}
    new = _insert(session, Lane).values(failures=0, accepted_total=0, failed_total=0, **values)
    session.execute(new.on_conflict_do_nothing())
    numbers = [{"lane_id": lane_id, "number": number} for number in range(1, MOST_CONNECTIONS + 1)]
    session.execute(_insert(session, LaneConnection).values(numbers).on_conflict_do_nothing())
    return session.get_one(Lane, lane_id)


def _refilled(session: Session, lane: Terms, now: datetime) -> float:
    row = session.execute(select(Lane.tokens, Lane.refilled_at).where(Lane.id == lane.lane_id).with_for_update()).one()
    passed = max(0.0, (now - row.refilled_at).total_seconds())  # A clock that was set back refills nothing.
    tokens: float = min(float(BURST), row.tokens + passed * (lane.per_minute or 0) / 60.0)
    session.execute(update(Lane).where(Lane.id == lane.lane_id).values(tokens=tokens, refilled_at=now))
    return tokens


def _seconds_until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None or moment <= now else (moment - now).total_seconds()


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // 3600


def _insert(session: Session, model: type[Any]) -> Any:
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(model)
