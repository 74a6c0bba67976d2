"""Reading the delivery log: filtered, newest first, a page at a time; one message; how many there are of each state."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import defer

from kbadmin.database import db
from kbadmin.delivery.log_filters import IS_OPEN, LOOKED_THROUGH, Conditions, Wanted, conditions
from kbadmin.outbox.models import DeliveryAttempt, OutboxMessage, Status
from kbadmin.prepared import Prepared

PAGE = 50
MOST_COUNTED = 1_000
COUNTED = (Status.QUEUED, Status.SENDING, Status.FAILED, Status.HELD)
ATTEMPTS = 100

#: What a line shows; never the content.
LINE = [
    OutboxMessage.id,
    OutboxMessage.public_id,
    OutboxMessage.kind,
    OutboxMessage.status,
    OutboxMessage.lane_id,
    OutboxMessage.smtp_service_id,
    OutboxMessage.recipient,
    OutboxMessage.subject,
    OutboxMessage.attempts,
    OutboxMessage.created_at,
    OutboxMessage.not_before_at,
    OutboxMessage.settled_at,
    OutboxMessage.last_reply,
    OutboxMessage.message_id,
]


@dataclass(frozen=True)
class Page:
    """One page of the log, and the messages that the pages before and after it start from.

    ``looked_back_to`` says that only part of the log was looked through for it, and until when.
    """

    lines: Sequence[Any] = field(default_factory=list)
    newer_than: uuid.UUID | None = None
    older_than: uuid.UUID | None = None
    looked_back_to: datetime | None = None


@dataclass(frozen=True)
class Count:
    """How many, up to a limit."""

    number: int
    most: int = MOST_COUNTED

    @property
    def words(self) -> str:
        """«12», or «1,000+»."""
        return f"{self.number:,}" if self.number <= self.most else f"{self.most:,}+"

    def __bool__(self) -> bool:
        return self.number > 0


def page(wanted: Wanted, *, older_than: uuid.UUID | None = None, newer_than: uuid.UUID | None = None) -> Page:
    """The messages after or before one of them, or the newest. A message that is not there is ignored."""
    before = _id_of(older_than)
    after = _id_of(newer_than) if before is None else None
    edge = None
    if wanted.is_everything and wanted.within is None:
        found, has_more = _lines_of_all(before, after)
    else:
        where = conditions(db.session(), wanted)
        if before is not None:
            where.base.append(OutboxMessage.id < before)
        if after is not None:
            where.base.append(OutboxMessage.id > after)
        edge = _edge(where, upwards=after is not None) if where.rest else None
        found, has_more = _lines(where, edge, upwards=after is not None)
    beyond = edge.public_id if edge is not None and not has_more else None
    ends = (found[0].public_id, found[-1].public_id) if found else (None, None)
    if after is not None:
        return Page(found, newer_than=ends[0] if has_more else beyond, older_than=ends[1] or newer_than)
    return Page(
        found,
        newer_than=ends[0] if before is not None else None,
        older_than=ends[1] if has_more else beyond,
        looked_back_to=edge.created_at if edge is not None and beyond else None,
    )


def find(public_id: uuid.UUID, within: frozenset[uuid.UUID] | None = None) -> OutboxMessage | None:
    """One message without its content, or nothing if it is not among those that may be seen."""
    query = select(OutboxMessage).filter_by(public_id=public_id)
    if within is not None:
        query = query.where(OutboxMessage.knowledge_base_id.in_(within))
    return db.session.scalar(query.options(defer(OutboxMessage.content_sealed), defer(OutboxMessage.parts_sealed)))


def attempts_of(message: OutboxMessage) -> list[DeliveryAttempt]:
    """Attempts that did not end in acceptance, oldest first; of very many, the newest."""
    query = select(DeliveryAttempt).filter_by(outbox_message_id=message.id).order_by(DeliveryAttempt.id.desc())
    return list(db.session.scalars(query.limit(ATTEMPTS)))[::-1]


def counts(within: frozenset[uuid.UUID] | None = None) -> dict[str, Count]:
    """How many messages wait, are being sent, failed or are held: each counted up to a limit, in one query."""
    row = _COUNTS.row() if within is None else db.session.execute(_counting(within)).one()
    return {name: Count(number) for name, number in row._asdict().items()}


def _counting(within: frozenset[uuid.UUID] | None) -> Select[*tuple[Any, ...]]:
    return select(*(_capped(_in_state(status, within), MOST_COUNTED).label(status.value) for status in COUNTED))


_COUNTS = Prepared(lambda: _counting(None))


def count(wanted: Wanted, most: int) -> Count:
    """How many messages are wanted, up to a limit."""
    where = conditions(db.session(), wanted)
    return Count(db.session.scalar(select(_capped(where.all, most))) or 0, most)


def _lines(where: Conditions, edge: Any, *, upwards: bool) -> tuple[list[Any], bool]:
    """A page of lines, newest first, and whether there are more within the edge."""
    query = select(*LINE).where(*where.all)
    if edge is not None:
        query = query.where(OutboxMessage.id <= edge.id if upwards else OutboxMessage.id >= edge.id)
    query = query.order_by(OutboxMessage.id if upwards else OutboxMessage.id.desc())
    return _cut(list(db.session.execute(query.limit(PAGE + 1))), upwards=upwards)


def _lines_of_all(before: int | None, after: int | None) -> tuple[list[Any], bool]:
    """The same of the whole log, which is what is asked for most: put into words once."""
    if before is not None:
        return _cut(_OLDER.rows(place=before), upwards=False)
    if after is not None:
        return _cut(_NEWER.rows(place=after), upwards=True)
    return _cut(_NEWEST.rows(), upwards=False)


_NEWEST = Prepared(lambda: select(*LINE).order_by(OutboxMessage.id.desc()).limit(PAGE + 1))
_OLDER = Prepared(
    lambda: select(*LINE).where(OutboxMessage.id < bindparam("place")).order_by(OutboxMessage.id.desc()).limit(PAGE + 1)
)
_NEWER = Prepared(
    lambda: select(*LINE).where(OutboxMessage.id > bindparam("place")).order_by(OutboxMessage.id).limit(PAGE + 1)
)


def _cut(found: list[Any], *, upwards: bool) -> tuple[list[Any], bool]:
    lines = found[:PAGE]
    return lines[::-1] if upwards else lines, len(found) > PAGE


def _edge(where: Conditions, *, upwards: bool) -> Any:
    """The last message that is looked at for one page; nothing if all of them are."""
    ids = select(OutboxMessage.id).where(*where.base)
    ids = ids.order_by(OutboxMessage.id if upwards else OutboxMessage.id.desc())
    last = db.session.scalar(ids.offset(LOOKED_THROUGH - 1).limit(1))
    if last is None:
        return None
    columns = select(OutboxMessage.id, OutboxMessage.public_id, OutboxMessage.created_at)
    return db.session.execute(columns.where(OutboxMessage.id == last)).one()


def _in_state(status: Status, within: frozenset[uuid.UUID] | None) -> list[Any]:
    where: list[Any] = [OutboxMessage.status == status.value, IS_OPEN]
    return where if within is None else [*where, OutboxMessage.knowledge_base_id.in_(within)]


def _capped(where: list[Any], most: int) -> Any:
    some = select(OutboxMessage.id).where(*where).limit(most + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _id_of(public_id: uuid.UUID | None) -> int | None:
    return db.session.scalar(select(OutboxMessage.id).filter_by(public_id=public_id)) if public_id else None
