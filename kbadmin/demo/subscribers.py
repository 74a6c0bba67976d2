"""Who subscribes to the demo's updates, and how: from files, by hand, in the portal, with the public form."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.demo.past import Event
from kbadmin.demo.updates import Updates
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import (
    requests,
    subscriber_deeds,
    subscriber_files,
    subscriber_imports,
    subscribing,
    unsubscribing,
)
from kbadmin.subscriptions.models import Frequency, KnowledgeBaseSubscriber, Source, Subscriber, Target
from kbadmin.subscriptions.requests import Wanted

#: What the demo's mail server takes no mail for; see ``demo.mail_session``.
UNKNOWN = "nobody@workshop.example.net"
UNKNOWN_LATER = "nobody@shop.example.net"
LEAVES = "sam@shop.example.net"
FILES = {
    66: (
        "spring-fair.csv",
        "Signed the list at the spring fair",
        ("ana@workshop.example.net", "ben@workshop.example.net", "carla@shop.example.net", "dario@shop.example.net"),
    ),
    45: (
        "old-newsletter.csv",
        "Had our printed newsletter, and ticked e-mail",
        ("elif@example.org", "finn@example.org", "gita@example.org", "hugo@example.org", "ines@shop.example.net",
         UNKNOWN),
    ),
}  # fmt: skip
#: Days ago, address, category or everything, what their consent rests on.
BY_HAND = (
    (58, "jan@workshop.example.net", "", "Asked by phone"),
    (52, "kaya@shop.example.net", "Label Two", "Asked by e-mail"),
    (38, "lena@example.org", "", "Wrote it on the repair form"),
    (31, "mona@shop.example.net", "Firmware", "Asked by phone"),
    (7, UNKNOWN_LATER, "", "Asked by phone; address as understood"),
)
#: Days ago, first name of a reader, category or everything, how often.
READERS = (
    (23, "Rita", "Label One", Frequency.SCHEDULED),
    (23, "Rita", "Firmware", Frequency.SCHEDULED),
    (22, "Tess", "", Frequency.SCHEDULED),
    (21, "Paolo", "Events", Frequency.WEEKLY),
    (20, "Maya", "", Frequency.SCHEDULED),
    (16, "Jonas", "Label Two", Frequency.SCHEDULED),
    (14, "Priya", "", Frequency.WEEKLY),
    (12, "Luca", "Firmware", Frequency.SCHEDULED),
    (9, "Aylin", "", Frequency.SCHEDULED),
    (8, "Tom", "Label One", Frequency.SCHEDULED),
)
#: Days ago, address, category or everything: confirmed by the link in an e-mail.
PUBLIC = (
    (22, "nora@example.org", ""),
    (21, "oskar@example.org", "Firmware"),
    (19, "pia@workshop.example.net", ""),
    (18, "quirin@example.org", "Label One"),
    (15, LEAVES, ""),
    (13, "tara@shop.example.net", "Label Two"),
    (11, "ugo@example.org", ""),
    (8, "vera@workshop.example.net", "Events"),
    (6, "walt@example.org", ""),
    (4, "xenia@shop.example.net", "Firmware"),
    (2, "yara@example.org", ""),
    (1, "zeno@example.org", "Label One"),
)
#: Hours ago, address: asked for with the public form, and not confirmed yet.
WAITING = ((30, "olga@example.org"), (9, "milo@shop.example.net"), (1, "dana@workshop.example.net"))


def coming_and_going(found: Updates, readers: dict[str, uuid.UUID], *, now: datetime, by: Actor) -> list[Event]:
    """What everybody does until now, in no order; ``by`` keeps the list of subscribers."""
    some = _Doings(found, readers, by)
    steps: list[tuple[float, Callable[[], object]]] = [
        *((ago, partial(some.add, *rest)) for ago, *rest in BY_HAND),
        *((ago, partial(some.subscribe_in_portal, name, to, often)) for ago, name, to, often in READERS),
        *((ago, partial(some.subscribe_publicly, *rest)) for ago, *rest in PUBLIC),
        (5, partial(some.leave, LEAVES)),
    ]
    return [
        *(Event(now - timedelta(days=ago), act) for ago, act in steps),
        *(
            Event(now - timedelta(days=ago), partial(some.import_file, *file), wakes=True)
            for ago, file in FILES.items()
        ),
        *(
            Event(now - timedelta(hours=ago), partial(some.ask, email, f"192.0.2.{ago}"), wakes=True)
            for ago, email in WAITING
        ),
    ]


@dataclass
class _Doings:
    """The steps, each in a transaction of its own."""

    found: Updates
    readers: dict[str, uuid.UUID]
    by: Actor

    def import_file(self, name: str, note: str, addresses: tuple[str, ...]) -> None:
        sheet = subscriber_files.open_file("\n".join(["E-mail Address", *addresses]).encode())
        checked = subscriber_files.check(self._knowledge_base, sheet, note=note)
        kept = subscriber_imports.keep(self._knowledge_base, checked, file_name=name, actor=self.by)
        subscriber_imports.start(self.found.knowledge_base, kept.id, actor=self.by)

    def add(self, email: str, category: str, note: str) -> None:
        subscriber_deeds.add(
            self._knowledge_base,
            email=email,
            category_id=self._category(category),
            with_subcategories=True,
            frequency=Frequency.SCHEDULED,
            note=note,
            actor=self.by,
        )

    def subscribe_in_portal(self, name: str, category: str, frequency: Frequency) -> None:
        reader = db.session.get_one(Reader, self.readers[name])
        subscribing.subscribe(
            self._knowledge_base,
            reader=reader,
            target=Target.CATEGORY if category else Target.KNOWLEDGE_BASE,
            category_id=self._category(category),
            frequency=frequency,
            source=Source.PORTAL,
            by=Actor(None, reader.email),
        )

    def subscribe_publicly(self, email: str, category: str) -> None:
        subscribing.subscribe(
            self._knowledge_base,
            email=email,
            target=Target.CATEGORY if category else Target.KNOWLEDGE_BASE,
            category_id=self._category(category),
            source=Source.PUBLIC,
            by=Actor(None, email),
        )

    def ask(self, email: str, network_address: str) -> None:
        wanted = Wanted(Target.KNOWLEDGE_BASE)
        requests.ask(self.found.knowledge_base, wanted, email=email, network_address=network_address)

    def leave(self, email: str) -> None:
        query = (
            select(KnowledgeBaseSubscriber)
            .join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
            .where(Subscriber.email == email)
        )
        unsubscribing.unsubscribe_all(db.session.scalars(query).one(), by=Actor(None, f"{email} (by link)"))

    @property
    def _knowledge_base(self) -> KnowledgeBase:
        return db.session.get_one(KnowledgeBase, self.found.knowledge_base)

    def _category(self, name: str) -> uuid.UUID | None:
        return self.found.categories[name] if name else None
