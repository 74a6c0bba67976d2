"""The next digest before it leaves: as one reader, one subscriber, or anybody without groups would get it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from kbadmin import clock
from kbadmin.articles import callouts
from kbadmin.articles.models import Article, Callout, Category
from kbadmin.articles.visibility import STRANGER, Viewer, readable, viewer_of
from kbadmin.database import db
from kbadmin.email_addresses import NotOneAddress, comparable
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.rendering import Letter
from kbadmin.readers.emails import portal_address
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import digest
from kbadmin.subscriptions.items import Board, Item, Wish, Wishes, wishes_of
from kbadmin.subscriptions.models import (
    KnowledgeBaseSubscriber,
    Subscriber,
    Subscription,
    SubscriptionSettings,
    Target,
)
from kbadmin.subscriptions.run_models import DigestRun, RunStage

WHOLE: Wishes = frozenset({Wish(Target.KNOWLEDGE_BASE)})
EXAMPLES = 3
SAMPLE_NAME = "Robin"
SAMPLE_ADDRESS = "robin@example.com"


class Unknown(LookupError):
    """Neither a reader nor a subscriber has this address."""


@dataclass(frozen=True)
class Onlooker:
    """Whose digest is shown: ``label`` says who, ``wishes`` what they asked for, ``since`` what they know."""

    label: str
    viewer: Viewer
    first_name: str
    wishes: Wishes
    since: datetime
    is_subscribed: bool = False


@dataclass(frozen=True)
class Preview:
    """A digest that is not sent. ``is_example``: nothing is new for them, and other articles stand in for it."""

    onlooker: Onlooker
    letter: Letter
    count: int
    is_example: bool
    may_enter: bool


def somebody(knowledge_base: KnowledgeBase) -> Onlooker:
    """Whoever reads without belonging to a group, and subscribes to all of it."""
    since = _told_until(knowledge_base.id)
    if knowledge_base.audience == Audience.PUBLIC:
        return Onlooker("Somebody who is not signed in", STRANGER, SAMPLE_ADDRESS, WHOLE, since)
    viewer = Viewer(is_active=True, reads_everything=True)
    return Onlooker("A reader who is in no group", viewer, SAMPLE_NAME, WHOLE, since)


def find(knowledge_base: KnowledgeBase, address: str) -> Onlooker:
    """The reader or subscriber with this address. Raises :class:`Unknown`."""
    try:
        key = comparable(address)
    except NotOneAddress:
        raise Unknown(address) from None
    reader = db.session.scalar(select(Reader).where(Reader.email_key == key, Reader.deleted_at.is_(None)))
    row = db.session.scalar(
        select(KnowledgeBaseSubscriber)
        .join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
        .where(
            KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base.id,
            KnowledgeBaseSubscriber.unsubscribed_at.is_(None),
            Subscriber.email_key == key,
        )
    )
    if reader is None and row is None:
        raise Unknown(address)
    viewer, label = (viewer_of(reader), reader.email) if reader else (STRANGER, address)
    name = (reader.first_name if reader else "") or label
    if row is None:
        return Onlooker(label, viewer, name, WHOLE, _told_until(knowledge_base.id))
    theirs = select(Subscription).where(Subscription.knowledge_base_subscriber_id == row.id)
    return Onlooker(label, viewer, name, wishes_of(db.session.scalars(theirs)), row.told_until_at, is_subscribed=True)


def preview(knowledge_base: KnowledgeBase, settings: SubscriptionSettings, onlooker: Onlooker) -> Preview:
    """What they would be told now; articles they may read, if nothing is new for them."""
    told: Sequence[Item] = Board(knowledge_base, clock.now()).told(
        onlooker.viewer, onlooker.wishes, since=onlooker.since
    )
    shown = told or _examples(knowledge_base, onlooker.viewer)
    home = portal_address(knowledge_base.slug)
    values = {"first_name": onlooker.first_name, "manage_link": home, "unsubscribe_link": home}
    letter = digest.letter(knowledge_base, settings, shown, values)
    may_enter = onlooker.viewer.may_enter(knowledge_base)
    return Preview(onlooker, letter, len(shown), is_example=not told, may_enter=may_enter)


def _told_until(knowledge_base_id: uuid.UUID) -> datetime:
    """Up to when the last run told; before the first one, as long ago as a callout usually lasts."""
    told = select(func.max(DigestRun.until_at)).where(
        DigestRun.knowledge_base_id == knowledge_base_id, DigestRun.stage != RunStage.SKIPPED
    )
    return db.session.scalar(told) or clock.now() - callouts.LASTS


def _examples(knowledge_base: KnowledgeBase, viewer: Viewer) -> list[Item]:
    """The newest articles that they may read, as if they were new."""
    columns = select(Article.id, Article.title, Article.slug, Article.summary, Article.category_id, Category.name)
    query = (
        columns.outerjoin(Category, Category.id == Article.category_id)
        .where(readable(knowledge_base, viewer))
        .order_by(Article.id.desc())
        .limit(EXAMPLES)
    )
    return [
        Item(row.id, row.title, row.slug, Callout.NEW, row.summary, row.name, row.category_id, frozenset(),
             clock.now(), None)
        for row in db.session.execute(query)
    ]  # fmt: skip
