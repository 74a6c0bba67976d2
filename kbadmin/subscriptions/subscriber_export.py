"""The subscribers of a knowledge base as a file for spreadsheets: streamed, and nothing in it taken for a formula."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from kbadmin.database import ACCOUNT
from kbadmin.readers.exporting import lines
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber
from kbadmin.subscriptions.subscriber_list import LINE, Wanted, conditions, order_of, targets_of

CHUNK = 1_000
HEADER = [
    "E-mail Address", "State", "Subscribed To", "How Often", "Source", "Note", "Agreed At", "Entered By",
    "Unsubscribed At", "Unsubscribed By",
]  # fmt: skip


def rows(engine: Engine, account_id: uuid.UUID, knowledge_base_id: uuid.UUID, wanted: Wanted) -> Iterator[str]:
    """The lines of the file, in the order of the list, a chunk at a time, each in a short transaction of its own."""
    yield lines([HEADER])
    order, last = order_of(wanted.sort), None
    while True:
        with Session(engine, info={ACCOUNT: account_id}) as session:
            query = select(*LINE, order.address.label("address")).where(*conditions(knowledge_base_id, wanted))
            query = query.join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
            if last is not None:
                query = query.where(order.beyond(last, onwards=True))
            found = session.execute(order.put(query, onwards=True).limit(CHUNK)).all()
            targets = targets_of([line.id for line in found], session)
        if found:
            yield lines([_row(line, targets) for line in found])
        if len(found) < CHUNK:
            return
        last = found[-1]


def _row(line: Any, targets: Mapping[uuid.UUID, list[str]]) -> list[str]:
    return [
        line.email,
        "unsubscribed" if line.unsubscribed_at else "subscribed",
        "; ".join(targets.get(line.id, [])),
        line.frequency,
        line.source,
        line.note,
        _moment(line.consented_at),
        line.consented_by,
        _moment(line.unsubscribed_at),
        line.unsubscribed_by,
    ]


def _moment(at: datetime | None) -> str:
    """ISO 8601 in UTC: 2026-03-02T09:00:00Z."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
