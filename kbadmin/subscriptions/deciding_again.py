"""Deciding again: what a digest that waits may still tell its reader, who may see or wants to hear of less meanwhile.

Nothing is added: what became readable since is told as a callout of its own. Who is left with nothing gets nothing.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.database import begin_writing, commit, db
from kbadmin.delivery import second_looks
from kbadmin.delivery.second_looks import Outdated
from kbadmin.encryption import Secret
from kbadmin.engine import task, wake
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import digest_words, entitlement, messages
from kbadmin.subscriptions.bodies import Bodies
from kbadmin.subscriptions.entitlement import Entitled
from kbadmin.subscriptions.items import Board, Item
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestBody, DigestRun
from kbadmin.tenancy import enter

CHUNK = 400
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Waiting:
    """One run's part of a chunk: its messages, with the items each tells of."""

    run: DigestRun
    messages: Sequence[OutboxMessage]
    items_of: dict[uuid.UUID, list[str]]  # by body


def outdated(session: Session, ids: Sequence[int]) -> list[Outdated]:
    """Those that were decided on at another version, hold a callout that has ended, or are for who ended something."""
    query = (
        select(OutboxMessage.id, OutboxMessage.account_id, OutboxMessage.knowledge_base_id)
        .outerjoin(KnowledgeBase, KnowledgeBase.id == OutboxMessage.knowledge_base_id)
        .where(OutboxMessage.id.in_(ids), _no_longer_holds())
    )
    found = session.execute(query)
    return [Outdated(number, account_id, subject) for number, account_id, subject in found if subject is not None]


@task
def decide_digests_again(account_id: str, knowledge_base_id: str) -> None:
    """Decide for the waiting messages of a knowledge base, some hundred in a transaction, until none is outdated."""
    enter(uuid.UUID(account_id))
    begin_writing()
    knowledge_base = db.session.get(KnowledgeBase, uuid.UUID(knowledge_base_id))
    if knowledge_base is None:
        commit()
        return
    waiting = _next(knowledge_base.id)
    for part in waiting:
        _decide(part, knowledge_base)
    if waiting:
        wake(decide_digests_again, account_id, knowledge_base_id)
    commit()


def _no_longer_holds() -> ColumnElement[bool]:
    return or_(
        KnowledgeBase.visibility_version.is_(None),
        KnowledgeBase.visibility_version != OutboxMessage.visibility_version,
        OutboxMessage.decide_again_at <= clock.now(),
    )


def _next(knowledge_base_id: uuid.UUID) -> list[_Waiting]:
    """The first messages that have to be decided on, by run. They are held until the commit."""
    query = (
        select(OutboxMessage)
        .join(DigestRun, DigestRun.id == OutboxMessage.run_id)
        .join(KnowledgeBase, KnowledgeBase.id == OutboxMessage.knowledge_base_id)
        .where(
            DigestRun.knowledge_base_id == knowledge_base_id,
            OutboxMessage.status == Status.QUEUED.value,
            OutboxMessage.visibility_version.is_not(None),
            _no_longer_holds(),
        )
        .order_by(OutboxMessage.id)
        .limit(CHUNK)
        .with_for_update(of=OutboxMessage, skip_locked=True)  # What a worker is claiming comes back to us.
    )
    found = list(db.session.scalars(query))
    bodies = select(DigestBody.body_id, DigestBody.items).where(DigestBody.body_id.in_({one.body_id for one in found}))
    items_of = {row.body_id: row.items for row in db.session.execute(bodies)}
    by_run: dict[uuid.UUID | None, list[OutboxMessage]] = defaultdict(list)
    for one in found:
        by_run[one.run_id].append(one)
    runs = db.session.scalars(select(DigestRun).where(DigestRun.id.in_(by_run.keys())))
    return [_Waiting(run, by_run[run.id], items_of) for run in runs]


def _decide(part: _Waiting, knowledge_base: KnowledgeBase) -> None:
    """Stamp, change or cancel each message of one run."""
    board = Board(knowledge_base, part.run.until_at)
    settings = db.session.scalars(select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base.id)).one()
    service = db.session.get_one(SmtpService, part.run.smtp_service_id)
    bodies = Bodies(part.run, knowledge_base, settings, service)
    owners = {one.id: messages.owner_of(one.deduplication_key) for one in part.messages}
    people = entitlement.named(board, owners.values(), is_public=settings.is_public, since=_EVER)
    same: dict[tuple[Item, ...], list[int]] = defaultdict(list)
    for one in part.messages:
        person = people.get(owners[one.id])
        before = part.items_of.get(one.body_id, []) if one.body_id else []
        left = _left(person, before) if person else ()
        if not left or person is None:
            _cancel(one)
        elif len(left) == len(before):
            same[left].append(one.id)
        else:
            _change(one, person, left, bodies, board.version)
    for items, ids in same.items():
        body = bodies.of(items)
        _stamp(ids, board.version, body.decide_again_at if body else None)


def _left(person: Entitled, before: Sequence[str]) -> tuple[Item, ...]:
    """What of these items the person may still be told, in their order."""
    now = {str(item.id): item for item in person.items}
    return tuple(now[one] for one in before if one in now)


def _change(message: OutboxMessage, person: Entitled, items: tuple[Item, ...], bodies: Bodies, version: int) -> None:
    """Give a message another body, and the parts that it asks for."""
    body = bodies.of(items)
    if body is None:
        _cancel(message)
        return
    message.body_id, message.subject = body.id, body.subject
    message.parts = Secret(json.dumps(messages.parts_of(body, person)))
    message.visibility_version, message.decide_again_at = version, body.decide_again_at


def _cancel(message: OutboxMessage) -> None:
    message.status, message.settled_at = Status.CANCELLED, clock.now()
    message.not_before_at, message.last_reply = None, digest_words.NOTHING_LEFT
    message.content_sealed = message.parts_sealed = None


def _stamp(ids: Sequence[int], version: int, decide_again_at: datetime | None) -> None:
    """The same items, decided on anew."""
    values: dict[str, Any] = {"visibility_version": version, "decide_again_at": decide_again_at}
    chosen = update(OutboxMessage).where(OutboxMessage.id.in_(ids))
    db.session.execute(chosen.values(**values).execution_options(synchronize_session=False))


second_looks.judge_with(outdated, task="decide_digests_again")
