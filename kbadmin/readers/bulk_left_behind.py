"""Deeds for many readers that stand still: gone on with, and, where that does not help, shown with what to do."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from kbadmin import clock
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, commit, db, unit_of_work
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.resuming import before_resuming
from kbadmin.readers.bulk import PHRASES, end, go_on_with_readers, stop
from kbadmin.readers.bulk_models import Ended, ReaderBulkDeed
from kbadmin.readers.bulk_orders import FOR_GOOD, Order
from kbadmin.tenancy import current_account, enter, every_account

LEFT_BEHIND = timedelta(seconds=20)
TRIES = 5  # in a row in which nobody was met
KEPT = timedelta(days=30)


class CannotBeUndone(ValueError):
    """What it does cannot be brought back, so somebody looks first for whom it would be now."""


@sweep
def bulk_deeds_left_behind() -> None:
    """Wake deeds whose wake-up was lost or whose worker died; forget those that nobody has seen to for long."""
    with every_account() as session:
        still = select(ReaderBulkDeed.account_id, ReaderBulkDeed.id).where(
            ReaderBulkDeed.ended.is_(None), ReaderBulkDeed.moved_at < clock.now() - LEFT_BEHIND
        )
        waiting = [(str(account), str(found)) for account, found in session.execute(still)]
        old = delete(ReaderBulkDeed).where(
            ReaderBulkDeed.ended.is_not(None), ReaderBulkDeed.moved_at < clock.now() - KEPT
        )
        session.execute(old.execution_options(synchronize_session=False))
    for account, found in waiting:
        wake(try_again_with_readers, account, found)
    if waiting:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


@task
def try_again_with_readers(account_id: str, deed_id: str) -> None:
    """Go on with one that stands still, or end it if that has not helped so far. A second wake-up finds that it moved.

    It goes on at once, not by another wake-up: each that waits in a full queue would count as a try.
    """
    enter(uuid.UUID(account_id))
    with unit_of_work():
        found = _held(uuid.UUID(deed_id))
        if found is None or found.ended or found.moved_at >= clock.now() - LEFT_BEHIND:
            return
        if found.tries >= TRIES:
            end(found, Ended.INTERRUPTED)
            return
        found.tries, found.moved_at = found.tries + 1, clock.now()
    go_on_with_readers(account_id, deed_id)


@before_resuming
def interrupt_all() -> str:
    """In a database that was restored or copied, nobody knows whom they met since: somebody looks before they go on."""
    with every_account() as session:
        under_way = select(ReaderBulkDeed).where(ReaderBulkDeed.ended.is_(None)).with_for_update()
        found = session.scalars(under_way).all()
        for one in found:
            stop(one, Ended.INTERRUPTED)
    if not found:
        return ""
    are = "deed for many readers was" if len(found) == 1 else "deeds for many readers were"
    return f"{len(found)} {are} under way. The bell asks whoever manages readers whether to go on."


def ended() -> Sequence[ReaderBulkDeed]:
    """Those that ended early and have not been seen to, the newest first."""
    query = select(ReaderBulkDeed).where(ReaderBulkDeed.ended.is_not(None))
    return list(db.session.scalars(query.order_by(ReaderBulkDeed.created_at.desc())))


def find(deed_id: uuid.UUID) -> ReaderBulkDeed | None:
    """One that goes on or ended early, or nothing."""
    return db.session.scalar(select(ReaderBulkDeed).filter_by(id=deed_id))


def go_on(deed_id: uuid.UUID, *, actor: Actor) -> None:
    """Let one that ended early go on behind the last reader it met. Raises LookupError.

    Raises :class:`CannotBeUndone` for deletions: the filter may find others by now, so they are confirmed anew.
    """
    begin_writing()
    found = _held(deed_id)
    if found is None:
        raise LookupError(deed_id)
    if found.ended:
        if Order.from_json(found.wanted).deed in FOR_GOOD:
            raise CannotBeUndone(deed_id)
        found.ended, found.tries, found.moved_at = None, 0, clock.now()
        record("deed for many readers goes on", actor=actor, deed=PHRASES[Order.from_json(found.wanted).deed])
        wake(go_on_with_readers, str(current_account()), str(deed_id))


def forget(deed_id: uuid.UUID, *, actor: Actor) -> None:
    """Leave it at what was done; the others stay as they are. Raises LookupError."""
    begin_writing()
    found = _held(deed_id)
    if found is None:
        raise LookupError(deed_id)
    record("deed for many readers left as it is", actor=actor, deed=PHRASES[Order.from_json(found.wanted).deed])
    db.session.delete(found)


def _held(deed_id: uuid.UUID) -> ReaderBulkDeed | None:
    return db.session.scalar(select(ReaderBulkDeed).where(ReaderBulkDeed.id == deed_id).with_for_update())
