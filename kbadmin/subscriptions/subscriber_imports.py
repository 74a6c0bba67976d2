"""Imports of subscribers: keep what a file says, then, when somebody said so, subscribe row by row.

Some dozens of rows go into one short transaction with the count of them, so that whoever takes over after a crash goes
on exactly there. Nobody who has unsubscribed is brought back, whatever a file says.
"""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from kbadmin import clock
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, commit, db, unit_of_work
from kbadmin.email_addresses import NotOneAddress
from kbadmin.engine import sweep, task, wake
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions import subscribing
from kbadmin.subscriptions.models import Source, Target
from kbadmin.subscriptions.subscriber_files import Checked
from kbadmin.subscriptions.subscriber_import_models import Stage, SubscriberImport
from kbadmin.subscriptions.subscribing import Unsubscribed
from kbadmin.tenancy import enter, every_account

CHUNK = 50
RECENT = 5
LEFT_BEHIND = timedelta(seconds=20)
KEPT = timedelta(days=30)


class NotNow(RuntimeError):
    """The import is at another stage by now, or there is nothing to do."""


def keep(knowledge_base: KnowledgeBase, checked: Checked, *, file_name: str, actor: Actor) -> SubscriberImport:
    """Keep what a file says; nobody is subscribed before :func:`start`."""
    begin_writing()
    found = SubscriberImport(
        knowledge_base_id=knowledge_base.id,
        file_name=file_name,
        rows=checked.rows,
        row_count=len(checked.rows),
        problems=checked.problems,
        unsubscribed=checked.unsubscribed,
        begun_by={"id": str(actor.id or ""), "label": actor.label},
    )
    db.session.add(found)
    db.session.flush()
    return found


def start(knowledge_base_id: uuid.UUID, import_id: uuid.UUID, *, actor: Actor) -> None:
    """Subscribe those whom the preview shows. Raises LookupError and :class:`NotNow`."""
    begin_writing()
    found = find(knowledge_base_id, import_id)
    if found is None:
        raise LookupError(import_id)
    db.session.refresh(found, with_for_update=True)
    if found.stage != Stage.CHECKED or not found.row_count:
        raise NotNow(found.stage)
    found.stage, found.moved_at = Stage.RUNNING, clock.now()
    record("subscribers import started", actor=actor, subject=_subject(found), file=found.file_name,
           rows=found.row_count)  # fmt: skip
    wake(import_subscribers, str(found.account_id), str(found.id))


def find(knowledge_base_id: uuid.UUID, import_id: uuid.UUID) -> SubscriberImport | None:
    """One import of a knowledge base, or nothing."""
    return db.session.scalar(select(SubscriberImport).filter_by(id=import_id, knowledge_base_id=knowledge_base_id))


def recent(knowledge_base_id: uuid.UUID) -> list[SubscriberImport]:
    """The newest imports."""
    query = select(SubscriberImport).filter_by(knowledge_base_id=knowledge_base_id)
    return list(db.session.scalars(query.order_by(SubscriberImport.created_at.desc()).limit(RECENT)))


@task
def import_subscribers(account_id: str, import_id: str) -> None:
    """Do all rows that are left. A second wake-up at the same time takes turns with this one and does no harm."""
    enter(uuid.UUID(account_id))
    goes_on = True
    while goes_on:
        with unit_of_work():
            goes_on = _do_some(uuid.UUID(import_id))


@sweep
def subscriber_imports_left_behind() -> None:
    """Wake imports whose wake-up was lost or whose worker died, and forget old ones."""
    with every_account() as session:
        still = select(SubscriberImport.account_id, SubscriberImport.id).where(
            SubscriberImport.stage == Stage.RUNNING.value, SubscriberImport.moved_at < clock.now() - LEFT_BEHIND
        )
        waiting = [(str(account), str(found)) for account, found in session.execute(still)]
        old: Any = delete(SubscriberImport).where(
            SubscriberImport.stage != Stage.RUNNING.value, SubscriberImport.created_at < clock.now() - KEPT
        )
        session.execute(old.execution_options(synchronize_session=False))
    for account, found in waiting:
        wake(import_subscribers, account, found)
    if waiting:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _do_some(import_id: uuid.UUID) -> bool:
    """Do the next rows; answers whether there may be more."""
    query = select(SubscriberImport).where(SubscriberImport.id == import_id).with_for_update()
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None or found.stage != Stage.RUNNING:
        return False
    knowledge_base = knowledge_bases.find(found.knowledge_base_id)
    chunk = found.rows[found.position : found.position + CHUNK]
    by = _actor_of(found)
    for row in chunk:
        if knowledge_base is not None and _subscribe(knowledge_base, row, by):
            found.added += 1
        else:
            found.left_out += 1
    found.position += len(chunk)
    found.moved_at = clock.now()
    if found.position < found.row_count and chunk:
        return True
    found.stage, found.rows, found.finished_at = Stage.DONE, [], clock.now()
    record("subscribers imported", actor=by, subject=_subject(found), file=found.file_name, added=found.added,
           left_out=found.left_out, unsubscribed=found.unsubscribed, problems=len(found.problems))  # fmt: skip
    return False


def _subscribe(knowledge_base: KnowledgeBase, row: dict[str, Any], by: Actor) -> bool:
    """Subscribe one person to all that their row names; False if that is not possible any more."""
    try:
        for target in row["targets"]:
            category_id = uuid.UUID(target["category_id"]) if target["category_id"] else None
            subscribing.subscribe(
                knowledge_base,
                email=row["email"],
                target=Target.CATEGORY if category_id else Target.KNOWLEDGE_BASE,
                category_id=category_id,
                with_subcategories=target["with_subcategories"],
                source=Source.IMPORTED,
                note=row["note"],
                by=by,
            )
    except (LookupError, Unsubscribed, NotOneAddress):
        return False
    return True


def _actor_of(found: SubscriberImport) -> Actor:
    known = found.begun_by
    return Actor(uuid.UUID(known["id"]) if known.get("id") else None, known.get("label", ""))


def _subject(found: SubscriberImport) -> Any:
    knowledge_base = knowledge_bases.find(found.knowledge_base_id)
    return knowledge_bases.subject_of(knowledge_base) if knowledge_base else None
