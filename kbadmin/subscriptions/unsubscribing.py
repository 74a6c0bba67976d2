"""Unsubscribing from a knowledge base: what waits is withdrawn, and nobody but the person brings them back.

Only digests are concerned: a welcome, a reset or a confirmation is sent all the same.
"""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.delivery import run_figures
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.subscriptions.messages import key_of
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber
from kbadmin.subscriptions.run_models import DigestRun, RunStage

WITHDRAWN = (Status.QUEUED, Status.HELD)
#: These could be sent again by hand, which nobody must do any more.
KEPT = (*WITHDRAWN, Status.FAILED, Status.CANCELLED, Status.EXPIRED)
UNDER_WAY = (RunStage.FANNING_OUT, RunStage.QUEUED)


def unsubscribe_all(subscriber: KnowledgeBaseSubscriber, *, by: Actor) -> None:
    """End everything that this person hears of this knowledge base. What they chose is kept for a way back."""
    begin_writing()
    found = locked(subscriber.id)
    if found.unsubscribed_at is not None:
        return
    found.unsubscribed_at, found.unsubscribed_by = clock.now(), by.label
    person = db.session.get_one(Subscriber, found.subscriber_id)
    withdraw([found])
    said = db.session.get_one(KnowledgeBase, found.knowledge_base_id).name
    record("unsubscribed", actor=by, subject=subject_of(found, person), knowledge_base=said)


def withdraw(subscribers: Collection[KnowledgeBaseSubscriber]) -> None:
    """Cancel the digests that wait for these people, and forget what is in them: they are not sent again either."""
    begin_writing()
    mine = _digests_of(subscribers)
    held = select(OutboxMessage.run_id).where(*mine, _stands(Status.HELD)).distinct()
    run_figures.changed(db.session.scalars(held).all())
    cancelled = {"status": Status.CANCELLED, "settled_at": clock.now(), "not_before_at": None}
    _execute(update(OutboxMessage).where(*mine, _stands(*KEPT)).values(parts_sealed=None, content_sealed=None))
    _execute(update(OutboxMessage).where(*mine, _stands(*WITHDRAWN)).values(cancelled))
    # One that a worker holds may leave; it is not tried again.
    _execute(update(OutboxMessage).where(*mine, _stands(Status.SENDING)).values(expires_at=clock.now()))


def decide_again(subscriber: KnowledgeBaseSubscriber) -> None:
    """They want to hear of less: whatever waits for them is decided on again when it is claimed.

    A run that is just being queued may have decided about them before and queue it later: then all of it is.
    """
    begin_writing()
    query = (
        select(KnowledgeBase).where(KnowledgeBase.id == subscriber.knowledge_base_id).with_for_update(key_share=True)
    )
    knowledge_base = db.session.scalars(query.execution_options(populate_existing=True)).one()  # No run begins now.
    fanning_out = exists().where(
        DigestRun.knowledge_base_id == knowledge_base.id,
        DigestRun.stage == RunStage.FANNING_OUT,
        or_(DigestRun.position.is_(None), DigestRun.position < subscriber.id),
    )
    if db.session.scalar(select(fanning_out)):
        knowledge_base.visibility_version += 1
    waiting = update(OutboxMessage).where(*_digests_of([subscriber]), _stands(*KEPT, Status.SENDING))
    _execute(waiting.values(decide_again_at=clock.now()))


def locked(subscriber_id: uuid.UUID) -> KnowledgeBaseSubscriber:
    """The row as it is now, held until the end of the write section. Raises LookupError if it is gone."""
    query = select(KnowledgeBaseSubscriber).where(KnowledgeBaseSubscriber.id == subscriber_id).with_for_update()
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise LookupError(subscriber_id)
    return found


def subject_of(subscriber: KnowledgeBaseSubscriber, person: Subscriber) -> Subject:
    """A subscriber as the audit log knows them."""
    return Subject("subscriber", subscriber.id, person.email)


def _digests_of(subscribers: Collection[KnowledgeBaseSubscriber]) -> list[ColumnElement[bool]]:
    return [
        OutboxMessage.kind == Kind.DIGEST.value,
        OutboxMessage.knowledge_base_id.in_({one.knowledge_base_id for one in subscribers}),
        or_(
            OutboxMessage.recipient.in_(_addresses_of(subscribers)),
            OutboxMessage.deduplication_key.in_(_keys_under_way(subscribers)),
        ),
    ]


def _addresses_of(subscribers: Collection[KnowledgeBaseSubscriber]) -> list[str]:
    people = {one.subscriber_id for one in subscribers}
    return list(db.session.scalars(select(Subscriber.email).where(Subscriber.id.in_(people))))


def _keys_under_way(subscribers: Collection[KnowledgeBaseSubscriber]) -> list[str]:
    """What their messages in the present runs are known by, in whatever letters the address was written then."""
    bases = {one.knowledge_base_id for one in subscribers}
    query = select(DigestRun.id, DigestRun.knowledge_base_id).where(
        DigestRun.knowledge_base_id.in_(bases), DigestRun.stage.in_([stage.value for stage in UNDER_WAY])
    )
    runs = db.session.execute(query).all()
    return [
        key_of(run.id, one.id) for run in runs for one in subscribers if one.knowledge_base_id == run.knowledge_base_id
    ]


def _stands(*statuses: Status) -> ColumnElement[bool]:
    return OutboxMessage.status.in_([status.value for status in statuses])


def _execute(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
