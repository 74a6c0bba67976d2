"""Which messages of the delivery log are wanted, as conditions that an index answers.

A million messages stay fast, as every query begins at an index: the newest of the account, those in one state that
is not «accepted», or those to one recipient. What else is wanted is looked for among at most :data:`LOOKED_THROUGH`
messages at once, and the page says how far back that was. Days are turned into ids first: ids rise with time.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import Session

from kbadmin.email_addresses import NotOneAddress, canonical_address
from kbadmin.names import after_all_with
from kbadmin.outbox.models import OutboxMessage, Status

LOOKED_THROUGH = 5_000
NEAR = 1_000  # The first message of a day is looked for until it lies among so many ids; its time decides the rest.
RARE = 5_000  # An address that begins so is looked up by itself if no more messages than this have one.
SLACK = timedelta(minutes=5)  # Messages queued at the same time may have got their ids in another order.

# A literal, so that SQLite sees that the index of open messages fits.
IS_OPEN: ColumnElement[bool] = literal_column("outbox_messages.status <> 'accepted'")


@dataclass(frozen=True)
class Wanted:
    """Which messages to show; days are days of the account's zone, both included.

    ``within`` limits them to these knowledge bases, for whoever may not see everything.
    """

    state: str = ""
    kind: str = ""
    lane: uuid.UUID | None = None
    recipient: str = ""
    knowledge_base: uuid.UUID | None = None
    run: uuid.UUID | None = None
    first_day: date | None = None
    last_day: date | None = None
    zone: str = "UTC"
    within: frozenset[uuid.UUID] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered out by choice."""
        return not (self.state or self.recipient or self.is_picky)

    @property
    def is_picky(self) -> bool:
        """Whether something is wanted that no index tells."""
        return bool(self.kind or self.lane or self.knowledge_base or self.run or self.first_day or self.last_day)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values, for a task."""
        values = asdict(self)
        values["within"] = None if self.within is None else sorted(str(one) for one in self.within)
        return {name: value if isinstance(value, list) or not value else str(value) for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read back what :meth:`as_json` wrote."""
        within = values["within"]
        return cls(
            state=values["state"],
            kind=values["kind"],
            lane=uuid.UUID(values["lane"]) if values["lane"] else None,
            recipient=values["recipient"],
            knowledge_base=uuid.UUID(values["knowledge_base"]) if values["knowledge_base"] else None,
            run=uuid.UUID(values["run"]) if values.get("run") else None,  # An older task knows of none.
            first_day=date.fromisoformat(values["first_day"]) if values["first_day"] else None,
            last_day=date.fromisoformat(values["last_day"]) if values["last_day"] else None,
            zone=values["zone"],
            within=None if within is None else frozenset(uuid.UUID(one) for one in within),
        )


@dataclass(frozen=True)
class Conditions:
    """``base`` begins at an index; ``rest``, if there is any, is looked for among a limited number of its messages."""

    base: list[ColumnElement[bool]] = field(default_factory=list)
    rest: list[ColumnElement[bool]] = field(default_factory=list)

    @property
    def all(self) -> list[ColumnElement[bool]]:
        """Both."""
        return self.base + self.rest


def conditions(session: Session, wanted: Wanted) -> Conditions:
    """What the messages must fulfil. Asks the database where days begin, and how rare a recipient is."""
    found = Conditions(base=_between(session, wanted))
    if wanted.state == Status.ACCEPTED:
        found.rest.append(OutboxMessage.status == wanted.state)
    elif wanted.state:
        found.base.extend([OutboxMessage.status == wanted.state, IS_OPEN])
    _add_recipient(session, found, wanted.recipient)
    if wanted.kind:
        found.rest.append(OutboxMessage.kind == wanted.kind)
    if wanted.lane is not None:
        found.rest.append(OutboxMessage.lane_id == wanted.lane)
    if wanted.knowledge_base is not None:
        found.rest.append(OutboxMessage.knowledge_base_id == wanted.knowledge_base)
    if wanted.run is not None:
        found.base.extend(_around_run(session, wanted.run))
        found.rest.append(OutboxMessage.run_id == wanted.run)
    if wanted.within is not None:
        found.rest.append(OutboxMessage.knowledge_base_id.in_(wanted.within))
    if wanted.first_day:
        found.rest.append(OutboxMessage.created_at >= _midnight(wanted.first_day, wanted.zone))
    if wanted.last_day:
        found.rest.append(OutboxMessage.created_at < _midnight(wanted.last_day + timedelta(days=1), wanted.zone))
    return found


def _add_recipient(session: Session, found: Conditions, recipient: str) -> None:
    """By the index, as the address is usually written; if nobody is found so, in any letters among the newest."""
    if not recipient:
        return
    try:
        whole = canonical_address(recipient)
    except NotOneAddress:
        _add_beginning(session, found, recipient.casefold())
        return
    written = OutboxMessage.recipient.in_({whole, whole.casefold()})
    if session.scalar(select(OutboxMessage.id).where(written).limit(1)) is not None:
        found.base.append(written)
    else:
        found.rest.append(func.lower(OutboxMessage.recipient) == whole.casefold())


def _add_beginning(session: Session, found: Conditions, text: str) -> None:
    begins = _begins_with(session, text)
    rare = select(OutboxMessage.id).where(*begins).limit(RARE + 1).subquery()
    number = session.scalar(select(func.count()).select_from(rare)) or 0
    if number > RARE:
        found.rest.extend(begins)
    elif number:
        found.base.append(OutboxMessage.id.in_(select(rare.c.id)))
    else:
        found.rest.append(func.lower(OutboxMessage.recipient).startswith(text, autoescape=True))


def _begins_with(session: Session, text: str) -> list[ColumnElement[bool]]:
    """Byte by byte, whatever the database's collation: on PostgreSQL with the operators of its pattern index."""
    end = after_all_with(text)
    if session.get_bind().dialect.name == "sqlite":
        return [OutboxMessage.recipient >= text, OutboxMessage.recipient < end]
    return [OutboxMessage.recipient.op("~>=~")(text), OutboxMessage.recipient.op("~<~")(end)]


def _around_run(session: Session, run: uuid.UUID) -> list[ColumnElement[bool]]:
    """The ids between which a digest run's messages lie: it queued them one after the other."""
    ends = select(func.min(OutboxMessage.id), func.max(OutboxMessage.id)).where(OutboxMessage.run_id == run)
    first, last = session.execute(ends).one()
    if first is None:
        return [OutboxMessage.id.is_(None)]
    return [OutboxMessage.id >= first, OutboxMessage.id <= last]


def _between(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The ids between which the days' messages lie."""
    found: list[ColumnElement[bool]] = []
    if wanted.first_day:
        start = _midnight(wanted.first_day, wanted.zone) - SLACK
        found.append(OutboxMessage.id >= _ids_around(session, start)[0])
    if wanted.last_day:
        end = _midnight(wanted.last_day + timedelta(days=1), wanted.zone) + SLACK
        found.append(OutboxMessage.id < _ids_around(session, end)[1])
    return found


def _ids_around(session: Session, moment: datetime) -> tuple[int, int]:
    """Two ids, near each other: no message before the first was queued since, all from the second on were.

    By halving: some ten looks into an index for a million messages.
    """
    least = select(func.min(OutboxMessage.id)).scalar_subquery()
    most = select(func.max(OutboxMessage.id)).scalar_subquery()
    low, high = session.execute(select(least, most)).one()
    if low is None:
        return 0, 0
    high += 1
    while high - low > NEAR:
        middle = (low + high) // 2
        from_here = select(OutboxMessage.id, OutboxMessage.created_at).where(OutboxMessage.id >= middle)
        row = session.execute(from_here.order_by(OutboxMessage.id).limit(1)).one_or_none()
        if row is not None and row.created_at < moment:
            low = row.id + 1
        else:
            high = middle
    return int(low), int(high)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))
