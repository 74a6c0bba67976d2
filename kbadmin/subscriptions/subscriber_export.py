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
from kbadmin.subscriptions.subscriber_list import LINE, Wanted, conditions, targets_of

CHUNK = 1_000
HEADER = [
    "E-mail Address", "State", "Subscribed To", "How Often", "Source", "Note", "Agreed At", "Entered By",
    "Unsubscribed At", "Unsubscribed By",
]  # fmt: skip


def rows(engine: Engine, account_id: uuid.UUID, knowledge_base_id: uuid.UUID, wanted: Wanted) -> Iterator[str]:
    """The lines of the file, newest first, a chunk at a time, each read in a short transaction of its own."""
    yield lines([HEADER])
    older_than = None
    while True:
        with Session(engine, info={ACCOUNT: account_id}) as session:
            query = select(*LINE).join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
            query = query.where(*conditions(knowledge_base_id, wanted))
            if older_than is not None:
                query = query.where(KnowledgeBaseSubscriber.id < older_than)
            found = session.execute(query.order_by(KnowledgeBaseSubscriber.id.desc()).limit(CHUNK)).all()
            targets = targets_of([line.id for line in found], session)
        if found:
            yield lines([_row(line, targets) for line in found])
        if len(found) < CHUNK:
            return
        older_than = found[-1].id


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
