"""A knowledge base that sends digests: something to tell, a service, and people who subscribe."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kbadmin import clock
from kbadmin.articles.models import Callout
from kbadmin.database import db, unit_of_work
from kbadmin.email_addresses import comparable
from kbadmin.encryption import Secret, fingerprint, new_token
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.models import OutboxMessage
from kbadmin.subscriptions.models import (
    Frequency,
    KnowledgeBaseSubscriber,
    Source,
    Subscriber,
    Subscription,
    SubscriptionSettings,
    Target,
)
from kbadmin.subscriptions.run_models import DigestRun
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.portal.library import Library

_numbers = itertools.count(1)
A_WEEK = timedelta(days=7)


class Readership(Library):
    """One knowledge base of an account, «Help», with makers of what its digests are about."""

    def __init__(self, app, account, *, audience: Audience = Audience.READERS, port: int = 25, **values: Any) -> None:
        super().__init__(app, account)
        self.id = self.knowledge_base(audience=audience)
        # A paused service lets its messages wait, and nobody needs a server.
        is_paused = {"paused_at": clock.now(), "pause_reason": "a person"} if port == 25 else {}
        name = f"Relay {next(_numbers)}"
        self.service_id = make_service(app, account, port=port, name=name, tested_at=clock.now(), **is_paused)
        usual = {"is_on": True, "smtp_service_id": self.service_id, "next_due_at": clock.now() + timedelta(hours=1)}
        with inside(app, account), unit_of_work():
            db.session.add(SubscriptionSettings(knowledge_base_id=self.id, **(usual | values)))

    def inside(self):
        return inside(self.app, self.account)

    def news(self, title: str = "", *, callout: Callout = Callout.NEW, at=None, until=None, **values: Any) -> uuid.UUID:
        """A published article that is called out, by default for a week from now on."""
        at = at or clock.now()
        values = {"callout": callout, "callout_at": at, "callout_until": until or at + A_WEEK} | values
        return self.article(self.id, title or f"Article {next(_numbers)}", **values)

    def subscriber(self, email: str = "", *, reader=None, to: Any = "all", since=None, **values: Any) -> uuid.UUID:
        """A subscriber to everything, or to ``to``: ids of categories and articles by their kind."""
        email = email or (reader.email if reader else f"somebody-{next(_numbers)}@example.org")
        token = new_token()
        usual = {"frequency": Frequency.SCHEDULED, "source": Source.ADDED, "told_until_at": since or clock.now()}
        with self.inside(), unit_of_work():
            person = Subscriber(email=email, email_key=comparable(email), reader_id=reader.id if reader else None)
            db.session.add(person)
            db.session.flush()
            here = KnowledgeBaseSubscriber(
                knowledge_base_id=self.id, subscriber_id=person.id, token_fingerprint=fingerprint(token),
                **(usual | values),
            )  # fmt: skip
            here.token = Secret(token)
            db.session.add(here)
            db.session.flush()
            for one in [{"target": Target.KNOWLEDGE_BASE}] if to == "all" else to:
                thing = one.get("category_id") or one.get("article_id")
                key = str(thing) if thing else "all"
                db.session.add(Subscription(knowledge_base_subscriber_id=here.id, target_key=key, **one))
            return here.id

    def readers(self, count: int, **values: Any) -> list[uuid.UUID]:
        """So many readers who subscribe to everything."""
        return [self.subscriber(reader=self.reader(), **values) for _ in range(count)]

    def crowd(self, count: int, *, since=None) -> list[uuid.UUID]:
        """So many addresses that subscribe to everything, made in bulk."""
        made, since = [], since or clock.now() - timedelta(hours=1)
        with self.inside(), unit_of_work():
            for start in range(0, count, 1000):
                people = [f"crowd-{next(_numbers)}@example.org" for _ in range(start, min(start + 1000, count))]
                subscribers = [Subscriber(email=one, email_key=one) for one in people]
                here = [self._with_token(one.id, since) for one in subscribers]
                wanted = [
                    Subscription(knowledge_base_subscriber_id=one.id, target=Target.KNOWLEDGE_BASE, target_key="all")
                    for one in here
                ]
                for rows in (subscribers, here, wanted):
                    db.session.add_all(rows)
                    db.session.flush()
                made += [one.id for one in here]
                db.session.expunge_all()
        return made

    def _with_token(self, subscriber_id: uuid.UUID, since) -> KnowledgeBaseSubscriber:
        token = new_token()
        here = KnowledgeBaseSubscriber(
            knowledge_base_id=self.id, subscriber_id=subscriber_id, frequency=Frequency.SCHEDULED,
            source=Source.ADDED, told_until_at=since, token_fingerprint=fingerprint(token),
        )  # fmt: skip
        here.token = Secret(token)
        return here

    def settings(self) -> SubscriptionSettings:
        return self._plain(select(SubscriptionSettings).filter_by(knowledge_base_id=self.id))[0]

    def set(self, **values: Any) -> None:
        """Change the settings as they are stored."""
        self.change(SubscriptionSettings, self.settings().id, **values)

    def runs(self) -> list[DigestRun]:
        return self._plain(select(DigestRun).filter_by(knowledge_base_id=self.id).order_by(DigestRun.id))

    def messages(self) -> list[OutboxMessage]:
        return self._plain(select(OutboxMessage).order_by(OutboxMessage.id))

    def told_until(self, kb_subscriber_id: uuid.UUID):
        return self._plain(select(KnowledgeBaseSubscriber).filter_by(id=kb_subscriber_id))[0].told_until_at

    def row(self) -> KnowledgeBase:
        return self._plain(select(KnowledgeBase).filter_by(id=self.id))[0]

    def _plain(self, query) -> list[Any]:
        with self.inside():
            found = list(db.session.scalars(query))
            db.session.expunge_all()
            return found


def category(thing: uuid.UUID, *, with_subcategories: bool = True) -> dict[str, Any]:
    return {"target": Target.CATEGORY, "category_id": thing, "with_subcategories": with_subcategories}


def article(thing: uuid.UUID) -> dict[str, Any]:
    return {"target": Target.ARTICLE, "article_id": thing}
