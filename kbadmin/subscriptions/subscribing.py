"""Subscribing: to a knowledge base, a category or an article; how often to hear of it; and coming back.

There is one subscriber per account and address. A reader and their address are the same one, whichever came first.
"""

import uuid

from sqlalchemy import select

from kbadmin import clock
from kbadmin.adding import added
from kbadmin.articles.models import Article, Category
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, db
from kbadmin.encryption import fingerprint
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import offers, people
from kbadmin.subscriptions.models import (
    ALL,
    Frequency,
    KnowledgeBaseSubscriber,
    Source,
    Subscriber,
    Subscription,
    SubscriptionSettings,
    Target,
)
from kbadmin.subscriptions.unsubscribing import decide_again, locked, subject_of, unsubscribe_all

BY_THEMSELVES = (Source.PORTAL, Source.PUBLIC)


class Unsubscribed(RuntimeError):
    """They have unsubscribed from the knowledge base; only they themselves take that back."""


class NotOffered(ValueError):
    """The knowledge base does not allow to be told so often, or so seldom."""


def subscribe(
    knowledge_base: KnowledgeBase,
    *,
    target: Target,
    source: Source,
    by: Actor,
    reader: Reader | None = None,
    email: str = "",
    category_id: uuid.UUID | None = None,
    article_id: uuid.UUID | None = None,
    with_subcategories: bool = True,
    frequency: Frequency | None = None,
    note: str = "",
) -> KnowledgeBaseSubscriber:
    """Tell this reader, or this address, of something from now on; what they are told already stays as it is.

    Raises LookupError for what is not in the knowledge base, :class:`Unsubscribed` if it is not them who asks, and
    :class:`kbadmin.email_addresses.NotOneAddress`.
    """
    begin_writing()
    _require_there(knowledge_base.id, target, category_id, article_id)
    person = people.subscriber_for(reader) if reader is not None else people.subscriber_at(email)
    found = _row_in(knowledge_base.id, person, source=source, note=note, by=by)
    if found.unsubscribed_at is not None:
        if source not in BY_THEMSELVES:
            raise Unsubscribed(person.email)
        _consent(found, source=source, note=note, by=by)
        for old in subscriptions_of(found.id):  # They begin anew: what they had chosen before is over.
            db.session.delete(old)
        db.session.flush()
    found.frequency = frequency or found.frequency
    is_new, is_less = _put(found.id, target, category_id, article_id, with_subcategories=with_subcategories)
    if is_less:
        decide_again(found)
    if is_new and source is not Source.IMPORTED:  # A file is one line in the audit log, not ten thousand.
        subject = subject_of(found, person)
        record("subscribed", actor=by, subject=subject, knowledge_base=knowledge_base.name, to=target.value)
    return found


def subscribe_again(subscriber: KnowledgeBaseSubscriber, *, by: Actor) -> None:
    """They come back by themselves, to what they had chosen before."""
    begin_writing()
    found = locked(subscriber.id)
    if found.unsubscribed_at is None:
        return
    _consent(found, source=Source(found.source), note=found.note, by=by)
    person = db.session.get_one(Subscriber, found.subscriber_id)
    said = db.session.get_one(KnowledgeBase, found.knowledge_base_id).name
    record("subscribed again", actor=by, subject=subject_of(found, person), knowledge_base=said)


def unsubscribe_from(subscriber: KnowledgeBaseSubscriber, subscription_id: uuid.UUID, *, by: Actor) -> None:
    """End one subscription. Whoever ends their last one has unsubscribed, with a way back to it."""
    begin_writing()
    found = locked(subscriber.id)
    mine = subscriptions_of(found.id)
    chosen = next((one for one in mine if one.id == subscription_id), None)
    if chosen is None:
        return
    if len(mine) == 1:
        unsubscribe_all(found, by=by)
        return
    db.session.delete(chosen)
    db.session.flush()
    decide_again(found)
    person = db.session.get_one(Subscriber, found.subscriber_id)
    said = db.session.get_one(KnowledgeBase, found.knowledge_base_id).name
    record("subscription ended", actor=by, subject=subject_of(found, person), knowledge_base=said, to=chosen.target)


def choose_frequency(
    subscriber: KnowledgeBaseSubscriber, frequency: Frequency, *, settings: SubscriptionSettings
) -> None:
    """Hear as often as they wish, as far as the settings allow it. Raises :class:`NotOffered`."""
    begin_writing()
    if frequency not in offers.frequencies(settings):
        raise NotOffered(frequency)
    locked(subscriber.id).frequency = frequency


def find_by_token(token: str) -> KnowledgeBaseSubscriber | None:
    """Whose link this is, in the account that was entered."""
    return db.session.scalar(select(KnowledgeBaseSubscriber).filter_by(token_fingerprint=fingerprint(token)))


def find_reader(knowledge_base_id: uuid.UUID, reader_id: uuid.UUID) -> KnowledgeBaseSubscriber | None:
    """A reader's row in this knowledge base, if they ever subscribed there."""
    query = (
        select(KnowledgeBaseSubscriber)
        .join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
        .where(KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id, Subscriber.reader_id == reader_id)
    )
    return db.session.scalar(query)


def subscriptions_of(subscriber_id: uuid.UUID) -> list[Subscription]:
    """What somebody chose in a knowledge base, the oldest first; kept also while they are unsubscribed."""
    query = select(Subscription).where(Subscription.knowledge_base_subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(Subscription.id)))


def chosen_by(reader_id: uuid.UUID, knowledge_base_id: uuid.UUID) -> list[Subscription]:
    """What a reader hears of in a knowledge base, in one query; nothing once they have unsubscribed."""
    row = KnowledgeBaseSubscriber
    query = (
        select(Subscription)
        .join(row, row.id == Subscription.knowledge_base_subscriber_id)
        .join(Subscriber, Subscriber.id == row.subscriber_id)
        .where(Subscriber.reader_id == reader_id, row.knowledge_base_id == knowledge_base_id)
        .where(row.unsubscribed_at.is_(None))
    )
    return list(db.session.scalars(query.order_by(Subscription.id)))


def target_key(category_id: uuid.UUID | None, article_id: uuid.UUID | None) -> str:
    """What a subscription is to, as one text."""
    return str(category_id or article_id or ALL)


def _row_in(
    knowledge_base_id: uuid.UUID, person: Subscriber, *, source: Source, note: str, by: Actor
) -> KnowledgeBaseSubscriber:
    query = select(KnowledgeBaseSubscriber).filter_by(knowledge_base_id=knowledge_base_id, subscriber_id=person.id)
    found = db.session.scalar(query.with_for_update())
    if found is not None:
        return found
    made = KnowledgeBaseSubscriber(knowledge_base_id=knowledge_base_id, subscriber_id=person.id)
    made.frequency = Frequency.SCHEDULED
    people.renew_token(made)
    _consent(made, source=source, note=note, by=by)
    return added(made, lambda: db.session.scalar(query))


def _consent(row: KnowledgeBaseSubscriber, *, source: Source, note: str, by: Actor) -> None:
    """From now on, and not for what was told before."""
    row.source, row.note, row.consented_by = source, note, by.label
    row.consented_at = row.told_until_at = clock.now()
    row.unsubscribed_at, row.unsubscribed_by = None, ""


def _put(
    subscriber_id: uuid.UUID,
    target: Target,
    category_id: uuid.UUID | None,
    article_id: uuid.UUID | None,
    *,
    with_subcategories: bool,
) -> tuple[bool, bool]:
    """Answers whether that is new, and whether it is less than before."""
    key = target_key(category_id, article_id)
    query = select(Subscription).filter_by(knowledge_base_subscriber_id=subscriber_id, target_key=key)
    found, is_new = db.session.scalar(query), False
    if found is None:
        made = Subscription(
            knowledge_base_subscriber_id=subscriber_id,
            target=target,
            target_key=key,
            category_id=category_id,
            article_id=article_id,
            with_subcategories=with_subcategories,
        )
        found = added(made, lambda: db.session.scalar(query))
        is_new = found is made
    is_less = found.with_subcategories and not with_subcategories
    found.with_subcategories = with_subcategories
    db.session.flush()
    return is_new, is_less


def _require_there(
    knowledge_base_id: uuid.UUID, target: Target, category_id: uuid.UUID | None, article_id: uuid.UUID | None
) -> None:
    if (target is Target.CATEGORY, target is Target.ARTICLE) != (category_id is not None, article_id is not None):
        raise LookupError(target)
    for model, wanted in ((Category, category_id), (Article, article_id)):
        there = select(model.id).where(model.id == wanted, model.knowledge_base_id == knowledge_base_id)
        if wanted is not None and db.session.scalar(there) is None:
            raise LookupError(wanted)
