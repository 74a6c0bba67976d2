"""Who subscribes to a knowledge base: a page of them in an order, found by address, state and what they chose."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.articles.models import Article, Category
from kbadmin.database import db
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.readers.keys import key
from kbadmin.readers.listing import begins_with
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.subscriptions.models import (
    KnowledgeBaseSubscriber,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Target,
)
from kbadmin.subscriptions.subscriber_order import Order, Sort

PAGE = 50
MOST_COUNTED = 1_000
#: What a line shows.
LINE = (
    KnowledgeBaseSubscriber.id,
    Subscriber.email,
    Subscriber.reader_id,
    KnowledgeBaseSubscriber.frequency,
    KnowledgeBaseSubscriber.source,
    KnowledgeBaseSubscriber.note,
    KnowledgeBaseSubscriber.consented_at,
    KnowledgeBaseSubscriber.consented_by,
    KnowledgeBaseSubscriber.unsubscribed_at,
    KnowledgeBaseSubscriber.unsubscribed_by,
)


class State(StrEnum):
    """Where somebody stands."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    WAITING = "waiting"  # asked for it by the public form, and has not used the link yet


class Untold(StrEnum):
    """Why nothing is sent to somebody who is subscribed."""

    REFUSES = "refuses"  # the address permanently refuses mail
    DISABLED = "disabled"  # a reader who may not sign in


@dataclass(frozen=True)
class Wanted:
    """Which subscribers to show. ``target`` is a kind of target, or the id of a category."""

    text: str = ""
    state: State | None = None
    target: str = ""
    sort: Sort = Sort.NEWEST

    @property
    def is_everybody(self) -> bool:
        """Whether nobody is filtered out."""
        return not (self.text or self.state or self.target)


@dataclass(frozen=True)
class Page:
    """One page of the list, the lines that the pages before and after it start from, and how many there are in all.

    ``number`` is counted up to :data:`MOST_COUNTED`; one more stands for «more».
    """

    lines: Sequence[Any] = field(default_factory=list)
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None
    number: int = 0


def page(
    knowledge_base_id: uuid.UUID,
    wanted: Wanted,
    *,
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
) -> Page:
    """The subscribers, or those who have not confirmed, after or before one of them, or the first.

    One who is not there is ignored.
    """
    order, query = _lines(knowledge_base_id, wanted)
    number = db.session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED + 1).subquery())) or 0
    start = _place(knowledge_base_id, wanted, after)
    end = _place(knowledge_base_id, wanted, before) if start is None else None
    onwards, place = end is None, start or end
    if place is not None:
        query = query.where(order.beyond(place, onwards=onwards))
    found = list(db.session.execute(order.put(query, onwards=onwards).limit(PAGE + 1)))
    lines, has_more = found[:PAGE], len(found) > PAGE
    if not onwards:
        lines.reverse()
    if not lines:
        return Page(number=number)
    has_before, has_after = (start is not None, has_more) if onwards else (has_more, True)
    return Page(lines, lines[0].id if has_before else None, lines[-1].id if has_after else None, number)


def targets_of(ids: Sequence[uuid.UUID], session: Session | None = None) -> Mapping[uuid.UUID, list[str]]:
    """What each of these subscribes to, in words; one query."""
    query = (
        select(
            Subscription.knowledge_base_subscriber_id,
            Subscription.target,
            Subscription.with_subcategories,
            Category.name,
            Article.title,
        )
        .outerjoin(Category, Category.id == Subscription.category_id)
        .outerjoin(Article, Article.id == Subscription.article_id)
        .where(Subscription.knowledge_base_subscriber_id.in_(ids))
        .order_by(Subscription.id)
    )
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for row in (session or db.session()).execute(query):
        found[row.knowledge_base_subscriber_id].append(target_in_words(row))
    return found


def untold(lines: Sequence[Any]) -> Mapping[uuid.UUID, Untold]:
    """Those of these lines to whom nothing is sent though they are subscribed, and why; two queries."""
    keys = {line.email.casefold(): line.id for line in lines if line.unsubscribed_at is None}  # Stored as canonical.
    readers = {line.reader_id: line.id for line in lines if line.unsubscribed_at is None and line.reader_id}
    refusing = select(SuppressedAddress.address).where(
        SuppressedAddress.address.in_(keys), SuppressedAddress.suppressed_at.is_not(None)
    )
    disabled = select(Reader.id).where(Reader.id.in_(readers), Reader.status != ReaderStatus.ACTIVE)
    found = {keys[address]: Untold.REFUSES for address in db.session.scalars(refusing)}
    return found | {readers[reader_id]: Untold.DISABLED for reader_id in db.session.scalars(disabled)}


def target_in_words(row: Any) -> str:
    """What a subscription is to, from its target and the names of what it is to."""
    match row.target:
        case Target.CATEGORY:
            return f"{row.name}{'' if row.with_subcategories else ' (without its subcategories)'}"
        case Target.ARTICLE:
            return f"Article: {row.title}"
    return "Everything"


def find_many(knowledge_base_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> list[KnowledgeBaseSubscriber]:
    """Those of these who are subscribed to the knowledge base now."""
    query = select(KnowledgeBaseSubscriber).where(
        KnowledgeBaseSubscriber.id.in_(ids),
        KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id,
        KnowledgeBaseSubscriber.unsubscribed_at.is_(None),
    )
    return list(db.session.scalars(query.order_by(KnowledgeBaseSubscriber.id)))


def named(knowledge_base_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> list[str]:
    """The addresses of those of these who are subscribed."""
    query = (
        select(Subscriber.email)
        .join(KnowledgeBaseSubscriber)
        .where(
            KnowledgeBaseSubscriber.id.in_(ids),
            KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id,
            KnowledgeBaseSubscriber.unsubscribed_at.is_(None),
        )
    )
    return list(db.session.scalars(query.order_by(Subscriber.email_key)))


def conditions(knowledge_base_id: uuid.UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a subscriber must fulfil; the query joins :class:`Subscriber`."""
    found: list[ColumnElement[bool]] = [KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id]
    if wanted.text:
        found.append(begins_with(Subscriber.email_key, key(wanted.text)))
    match wanted.state:
        case State.SUBSCRIBED:
            found.append(KnowledgeBaseSubscriber.unsubscribed_at.is_(None))
        case State.UNSUBSCRIBED:
            found.append(KnowledgeBaseSubscriber.unsubscribed_at.is_not(None))
        case State.WAITING:  # They are no subscribers yet.
            found.append(KnowledgeBaseSubscriber.id.is_(None))
    if wanted.target:
        mine = Subscription.knowledge_base_subscriber_id == KnowledgeBaseSubscriber.id
        found.append(exists().where(mine, _is_to(Subscription, wanted.target)))
    return found


def order_of(sort: Sort) -> Order:
    """The order of those who are, or were, subscribed."""
    return Order(sort, KnowledgeBaseSubscriber.id, Subscriber.email_key)


def _lines(knowledge_base_id: uuid.UUID, wanted: Wanted) -> tuple[Order, Any]:
    if wanted.state is State.WAITING:
        mine = SubscriptionRequest
        return Order(wanted.sort, mine.id, mine.email_key), _waiting(knowledge_base_id, wanted)
    query = select(*LINE).join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
    return order_of(wanted.sort), query.where(*conditions(knowledge_base_id, wanted))


def _place(knowledge_base_id: uuid.UUID, wanted: Wanted, line_id: uuid.UUID | None) -> Any:
    """Where a line stands in the list, whether the filter finds it still or not."""
    if line_id is None:
        return None
    order, query = _lines(knowledge_base_id, Wanted(state=wanted.state if wanted.state is State.WAITING else None))
    columns = query.with_only_columns(order.id.label("id"), order.address.label("address"))
    return db.session.execute(columns.where(order.id == line_id)).one_or_none()


def _waiting(knowledge_base_id: uuid.UUID, wanted: Wanted) -> Any:
    """Requests whose link can still be used, with what they are for."""
    mine = SubscriptionRequest
    query = (
        select(
            mine.id, mine.email, mine.frequency, mine.created_at, mine.expires_at, mine.target,
            mine.with_subcategories, Category.name, Article.title,
        )
        .outerjoin(Category, Category.id == mine.category_id)
        .outerjoin(Article, Article.id == mine.article_id)
        .where(mine.knowledge_base_id == knowledge_base_id, mine.used_at.is_(None), mine.expires_at > clock.now())
    )  # fmt: skip
    if wanted.text:
        query = query.where(begins_with(mine.email_key, key(wanted.text)))
    return query.where(_is_to(mine, wanted.target)) if wanted.target else query


def _is_to(model: Any, target: str) -> Any:
    """Whether it is to this kind of thing, or to this category."""
    if target in set(Target):
        return model.target == target
    return model.category_id == uuid.UUID(target)
