"""Makers for subscriptions: who subscribes, what waits for them in the outbox."""

import uuid
from typing import Any

from sqlalchemy import select

from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.fan_out import Addressed, Run, enqueue_many
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.outbox.operations import compile_body
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import subscribing
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Source, Subscriber, SubscriptionSettings, Target
from tests.delivery.outbox import SENDER
from tests.factories import inside
from tests.portal.library import Library

SOMEBODY = Actor(None, "somebody")


def turn_on(library: Library, kb: uuid.UUID, **values: Any) -> None:
    """Subscriptions are on in this knowledge base."""
    with inside(library.app, library.account), unit_of_work():
        db.session.add(SubscriptionSettings(knowledge_base_id=kb, is_on=True, **values))


def subscribe(library: Library, kb: uuid.UUID, *, reader: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
    """Somebody subscribes, to all of it if nothing else is said; answers their id in the knowledge base."""
    usual = {"target": Target.KNOWLEDGE_BASE, "source": Source.PORTAL, "by": SOMEBODY}
    with inside(library.app, library.account), unit_of_work():
        who = {"reader": db.session.get_one(Reader, reader)} if reader else {}
        found = subscribing.subscribe(db.session.get_one(KnowledgeBase, kb), **(usual | who | values))
        return found.id


def token_of(library: Library, subscriber: uuid.UUID) -> str:
    with inside(library.app, library.account):
        return db.session.get_one(KnowledgeBaseSubscriber, subscriber).token.reveal()


def has_unsubscribed(library: Library, subscriber: uuid.UUID) -> bool:
    with inside(library.app, library.account):
        return db.session.get_one(KnowledgeBaseSubscriber, subscriber).unsubscribed_at is not None


def queue(library: Library, kb: uuid.UUID, *addresses: str, kind: Kind = Kind.DIGEST) -> None:
    """A message of this kind waits for each of these addresses."""
    with inside(library.app, library.account):
        with unit_of_work():
            body_id = compile_body(SENDER, subject="News", text="News\n", html="<p>News</p>", headers={})
        run = Run(kind, body_id, "News", "example.com", knowledge_base_id=kb)
        list(enqueue_many(run, [Addressed(one, f"{kind} {kb} {one}", {}) for one in addresses]))


def waiting(library: Library, kb: uuid.UUID | None = None) -> list[tuple[str, str]]:
    """Kind and recipient of what waits in the outbox."""
    with inside(library.app, library.account):
        query = select(OutboxMessage).where(OutboxMessage.status == Status.QUEUED.value)
        return sorted(
            (str(one.kind), one.recipient)
            for one in db.session.scalars(query)
            if kb is None or one.knowledge_base_id == kb
        )


def chosen(library: Library) -> dict[str, list[str]]:
    """What each address is told of: the kinds of targets; of those who have unsubscribed, nothing."""
    with inside(library.app, library.account):
        found: dict[str, list[str]] = {}
        query = select(KnowledgeBaseSubscriber, Subscriber.email).join(Subscriber)
        for row, email in db.session.execute(query):
            told = [] if row.unsubscribed_at else [str(one.target) for one in subscribing.subscriptions_of(row.id)]
            found[email] = sorted(found.get(email, []) + told)
        return found
