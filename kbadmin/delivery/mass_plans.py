"""What a deed for many messages would do: how many, through which service, and how long that takes."""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from kbadmin.database import db
from kbadmin.delivery.estimates import estimate
from kbadmin.delivery.log_filters import IS_OPEN, Wanted
from kbadmin.delivery.log_operations import FROM, Deed, applicable
from kbadmin.delivery.log_queries import Count
from kbadmin.delivery.waiting import Lanes
from kbadmin.outbox.models import OutboxMessage, Status

MOST_COUNTED = 100_000


@dataclass(frozen=True)
class Part:
    """The messages of one lane."""

    name: str
    number: int
    words: str


@dataclass(frozen=True)
class Plan:
    """What would happen. ``wanted`` is the filter with the one state that the deed applies to."""

    wanted: Wanted
    count: Count
    parts: list[Part]


def narrowed(wanted: Wanted, deed: Deed) -> Wanted:
    """The filter with a state that the deed applies to: the chosen one if it is such, else the usual."""
    states = [status.value for status in FROM[deed]]
    return wanted if wanted.state in states else replace(wanted, state=states[0])


def plan(wanted: Wanted, deed: Deed, lanes: Lanes) -> Plan:
    """Count the messages by lane, up to a limit, and estimate how long sending them takes."""
    chosen = narrowed(wanted, deed)
    some = select(OutboxMessage.lane_id).where(*applicable(chosen, deed)).limit(MOST_COUNTED + 1).subquery()
    query = select(some.c.lane_id, func.count()).group_by(some.c.lane_id).order_by(func.count().desc())
    numbers: dict[uuid.UUID, int] = {lane: number for lane, number in db.session.execute(query)}  # noqa: C416 - rows, not pairs.
    parts = [Part(lanes.name(lane), number, _words(lane, number, lanes)) for lane, number in numbers.items()]
    return Plan(chosen, Count(sum(numbers.values()), MOST_COUNTED), parts)


def _words(lane_id: uuid.UUID, number: int, lanes: Lanes) -> str:
    per_minute, per_day = lanes.limits(lane_id)
    return estimate(
        number,
        waiting_before=waiting(lane_id),
        messages_per_minute=per_minute,
        recipients_per_day=per_day,
        sent_today=lanes.sent_today.get(lane_id, 0),
    ).words


def waiting(lane_id: uuid.UUID, most: int = MOST_COUNTED) -> int:
    """How many messages of this account wait in a lane, counted up to a limit."""
    some = (
        select(OutboxMessage.id)
        .where(OutboxMessage.status == Status.QUEUED.value, IS_OPEN, OutboxMessage.lane_id == lane_id)
        .limit(most)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(some)) or 0
