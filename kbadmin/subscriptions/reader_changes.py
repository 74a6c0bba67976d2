"""Subscribers keep step with readers: taken over by who comes, moved with who moves, wiped with who goes."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select

from kbadmin.audit.operations import forget_strangers, forget_subjects
from kbadmin.database import db
from kbadmin.email_addresses import comparable
from kbadmin.readers.listeners import LISTENERS, Listener
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import people
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber, Subscription, SubscriptionRequest
from kbadmin.subscriptions.unsubscribing import withdraw

NOBODY = "a deleted subscriber"


def take_over(readers: Sequence[Reader]) -> None:
    """A bare address that is a reader's now is theirs, with all that its owner agreed to."""
    known = {reader.email_key: reader for reader in readers}
    for found in db.session.scalars(select(Subscriber).where(Subscriber.email_key.in_(known))):
        people.take_over(found, known[found.email_key])


def move(reader: Reader, old_address: str) -> None:
    """Another mailbox: what waits for the old one is withdrawn, and the links in it work no more."""
    mine = db.session.scalar(select(Subscriber).filter_by(reader_id=reader.id))
    there = select(Subscriber).where(Subscriber.email_key == reader.email_key, Subscriber.reader_id.is_(None))
    bare = db.session.scalar(there)
    if mine is None:
        if bare is not None:
            people.take_over(bare, reader)
        return
    if comparable(old_address) != reader.email_key:
        rows = _rows_of(mine)
        withdraw(rows)
        for row in rows:
            people.renew_token(row)
    if bare is not None and bare is not mine:
        _merge(bare, mine)
    mine.email, mine.email_key = reader.email, reader.email_key or mine.email_key


def withdraw_from(reader_ids: Collection[uuid.UUID]) -> None:
    """Who is disabled gets nothing that waits; what they subscribe to is kept for when they are enabled."""
    theirs = select(KnowledgeBaseSubscriber).join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
    withdraw(db.session.scalars(theirs.where(Subscriber.reader_id.in_(reader_ids))).all())


def forget(readers: Sequence[Reader]) -> None:
    """Wipe subscriber, subscriptions and what was asked for. What waits in the outbox is wiped by address."""
    keys = [reader.email_key for reader in readers]
    ids = [reader.id for reader in readers]
    _execute(delete(SubscriptionRequest).where(SubscriptionRequest.email_key.in_(keys)))
    theirs = select(KnowledgeBaseSubscriber.id).join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
    rows = db.session.scalars(theirs.where(Subscriber.reader_id.in_(ids))).all()
    forget_subjects("subscriber", rows, label=NOBODY)
    forget_strangers("subscriber", rows, label=NOBODY)
    _execute(delete(Subscriber).where(Subscriber.reader_id.in_(ids)))


def _merge(bare: Subscriber, mine: Subscriber) -> None:
    """The reader's own row takes what was agreed to at their new address. A «no» of either holds for both."""
    own = {row.knowledge_base_id: row for row in _rows_of(mine)}
    for row in _rows_of(bare):
        kept = own.get(row.knowledge_base_id)
        if kept is None:
            token = row.token
            row.subscriber_id = mine.id
            row.token = token  # Sealed anew, as it is bound to whom it belongs to.
        elif row.unsubscribed_at is not None and kept.unsubscribed_at is None:
            kept.unsubscribed_at, kept.unsubscribed_by = row.unsubscribed_at, row.unsubscribed_by
        elif row.unsubscribed_at is None:
            _take_subscriptions(row, kept)
    db.session.flush()
    _execute(delete(Subscriber).where(Subscriber.id == bare.id))
    db.session.expunge(bare)


def _take_subscriptions(row: KnowledgeBaseSubscriber, kept: KnowledgeBaseSubscriber) -> None:
    if kept.unsubscribed_at is not None:
        return
    known = {one.target_key for one in _subscriptions(kept)}
    for one in _subscriptions(row):
        if one.target_key not in known:
            one.knowledge_base_subscriber_id = kept.id


def _rows_of(person: Subscriber) -> list[KnowledgeBaseSubscriber]:
    return list(db.session.scalars(select(KnowledgeBaseSubscriber).filter_by(subscriber_id=person.id)))


def _subscriptions(row: KnowledgeBaseSubscriber) -> list[Subscription]:
    return list(db.session.scalars(select(Subscription).filter_by(knowledge_base_subscriber_id=row.id)))


def _execute(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


LISTENERS.append(Listener(created=take_over, moved=move, disabled=withdraw_from, leaving=forget))
