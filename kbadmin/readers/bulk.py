"""What is done to many readers at once: those that were ticked, or all that a filter finds.

They are done some hundreds at a time, each in a transaction of its own, in the order of their ids and only those who
were there when the question was asked: nobody is met twice, and nobody who comes meanwhile is met at all. The first
are done at once, the rest by :func:`go_on_with_readers`, with a row that says how far it is. If that wake-up is lost,
:mod:`kbadmin.readers.bulk_left_behind` goes on; if it comes twice, nobody is mailed twice.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select

from kbadmin import clock, logs
from kbadmin.audit.operations import WORKER, Actor, record
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.engine import task, wake
from kbadmin.readers import belonging, bulk_obstacles, failed_welcomes, letting_in, welcome_ways
from kbadmin.readers.bulk_models import Ended, ReaderBulkDeed
from kbadmin.readers.bulk_obstacles import TargetGone
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.bulk_verbs import VERBS
from kbadmin.readers.listing import NOT_ACTIVE, conditions
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.welcomes import NobodySends
from kbadmin.tenancy import current_account, enter

MOST_COUNTED = 100_000
CHUNK = 250
CHUNK_OF_LETTERS = 50  # Each is written out, and others wait for the write section.
FROM_THE_START = uuid.UUID(int=0)
PHRASES = {
    Deed.ADD_TO_GROUP: "readers added to a group",
    Deed.REMOVE_FROM_GROUP: "readers removed from a group",
    Deed.GIVE_ACCESS: "readers given access",
    Deed.TAKE_ACCESS: "access taken from readers",
    Deed.DISABLE: "readers disabled",
    Deed.ENABLE: "readers enabled",
    Deed.DELETE: "readers deleted",
    Deed.LET_IN: "readers let in",
    Deed.REFUSE: "readers refused",
    Deed.WELCOME: "readers welcomed",
    Deed.CLEAR_WELCOME: "failed welcomes cleared",
}


log = logs.get(__name__)


@dataclass(frozen=True)
class LeftOut:
    """How many who were meant are not welcomed, by the reason, counted up to a limit."""

    may_not_sign_in: int = 0
    unreached: int = 0  # nobody can write to them now


@dataclass(frozen=True)
class Done:
    """How many readers were met so far, how many follow in the background, and who is left out."""

    number: int
    following: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)


def do(order: Order, *, actor: Actor, facts: Mapping[str, Any]) -> Done:
    """Begin; ``facts`` say in the audit log who was meant.

    Raises :class:`TargetGone` for its target and :class:`kbadmin.readers.welcomes.NobodySends`.
    """
    begin_writing()
    target = bulk_obstacles.name_of_target(order)
    bulk_obstacles.require_sender(order)
    out = left_out(order)
    order = replace(order, began_at=clock.now(), unreached=out.unreached)
    number, last = _do_chunk(order, None)
    following = left(order, last) if last is not None else 0
    said = f"more than {number:,}" if following else number
    record(PHRASES[order.deed], actor=actor, number=said, target=target, **facts)
    if following:
        _keep(order, last, number, actor=actor)
    return Done(number, following, out)


@task
def go_on_with_readers(account_id: str, deed_id: str, after: str = "") -> None:
    """The next ones of :func:`do`, and so on. What is over has no row any more, unless it ended early.

    Wake-ups of versions without rows have an order in the place of the id, and after whom it goes on.
    """
    enter(uuid.UUID(account_id))
    if after:
        with unit_of_work():
            _keep(Order.from_json(deed_id), uuid.UUID(after), 0, actor=WORKER)
        return
    with unit_of_work():
        query = select(ReaderBulkDeed).where(ReaderBulkDeed.id == uuid.UUID(deed_id)).with_for_update()
        found = db.session.scalar(query)
        if found is None or found.ended:
            return
        order = Order.from_json(found.wanted)
        try:
            bulk_obstacles.require(order)
        except (TargetGone, NobodySends) as error:
            end(found, Ended.NOBODY_SENDS if isinstance(error, NobodySends) else Ended.TARGET_GONE)
            return
        number, last = _do_chunk(order, found.after)
        found.number += number
        if last is not None:
            found.after, found.moved_at, found.tries = last, clock.now(), 0
            wake(go_on_with_readers, account_id, deed_id)
        elif bulk_obstacles.is_filter_gone(order):  # Just now: nobody knows whether all were found before.
            end(found, Ended.TARGET_GONE)
        elif _were_passed_over(order):
            end(found, Ended.NOBODY_SENDS)
        else:
            db.session.delete(found)


def end(found: ReaderBulkDeed, why: Ended) -> None:
    """It goes on no more by itself, before everybody was met: whoever manages readers sees it until it is seen to."""
    stop(found, why)
    deed = Order.from_json(found.wanted).deed
    record("deed for many readers ended early", actor=found.actor, deed=PHRASES[deed], number=found.number)
    log.warning("bulk deed ended early", deed=deed.value, reason=why.value)


def stop(found: ReaderBulkDeed, why: Ended) -> None:
    """The part of :func:`end` that is not told."""
    found.ended, found.moved_at = why, clock.now()
    order = Order.from_json(found.wanted)
    if order.deed is Deed.WELCOME and order.began_at:  # Some may have been passed over; nobody is welcomed twice.
        found.after = FROM_THE_START


def left(order: Order, after: uuid.UUID) -> int:
    """How many are still to be met after this reader, counted up to the limit.

    Of welcomes, whoever nobody can write to by now is among them; whoever was left out from the start is not.
    """
    if order.unreached is None or order.deed is not Deed.WELCOME:
        return _counted(_query(order, after))
    number = _counted(_meant(order).where(Reader.status == ReaderStatus.ACTIVE, *_not_welcomed(order)))
    return number if number > MOST_COUNTED else max(number - order.unreached, 0)


def reached(order: Order, *also: ColumnElement[bool]) -> int:
    """How many readers the deed would meet, of whom ``also`` is true; one above the limit stands for «more»."""
    return _counted(_query(order, None).where(*also))


def left_out(order: Order) -> LeftOut:
    """Who was meant and would not be welcomed; nobody of any other deed."""
    if order.deed is not Deed.WELCOME:
        return LeftOut()
    meant, may_sign_in = _meant(order), Reader.status == ReaderStatus.ACTIVE
    return LeftOut(
        _counted(meant.where(not_(may_sign_in))), _counted(meant.where(may_sign_in, not_(welcome_ways.is_reached())))
    )


def _keep(order: Order, after: uuid.UUID | None, number: int, *, actor: Actor) -> None:
    found = ReaderBulkDeed(wanted=order.as_json(), after=after, number=number, begun_by=ReaderBulkDeed.by(actor))
    db.session.add(found)
    db.session.flush()
    wake(go_on_with_readers, str(current_account()), str(found.id))


def _counted(query: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED + 1).subquery())) or 0


def _were_passed_over(order: Order) -> bool:
    """Whether a way to somebody went after it began, while others could be written to."""
    return order.deed is Deed.WELCOME and order.unreached is not None and left(order, FROM_THE_START) > 0


def _do_chunk(order: Order, after: uuid.UUID | None) -> tuple[int, uuid.UUID | None]:
    """Do some; answers how many, and the last id if there may be more."""
    most = CHUNK_OF_LETTERS if order.deed in (Deed.WELCOME, Deed.LET_IN) else CHUNK
    # Held, as somebody else may do the same to the same readers.
    held = _query(order, after).order_by(Reader.id).limit(most).with_for_update(of=Reader)
    found = list(db.session.scalars(held))
    if found:
        VERBS[order.deed](found, order.target)
        belonging.visibility_changed()
    return len(found), found[-1] if len(found) == most else None


def _query(order: Order, after: uuid.UUID | None) -> Any:
    query = _meant(order).where(*_for_whom(order))
    return query if after is None else query.where(Reader.id > after)


def _meant(order: Order) -> Any:
    if order.ids is not None:
        return select(Reader.id).where(Reader.id.in_(order.ids), Reader.deleted_at.is_(None))
    return select(Reader.id).where(*conditions(db.session(), order.wanted), Reader.id <= order.until)


def _for_whom(order: Order) -> list[ColumnElement[bool]]:
    """Who is passed over, as the deed makes no sense for them."""
    if order.deed in (Deed.LET_IN, Deed.REFUSE):
        return list(letting_in.WAITS)
    if order.deed is Deed.DISABLE:  # Not who waits to be let in: enabling would let in whom nobody approved.
        return [Reader.status == ReaderStatus.ACTIVE]
    if order.deed is Deed.ENABLE:
        return [Reader.status == ReaderStatus.DISABLED, NOT_ACTIVE]
    if order.deed is Deed.CLEAR_WELCOME:
        return [failed_welcomes.is_one()]
    if order.deed is not Deed.WELCOME:
        return []
    return [Reader.status == ReaderStatus.ACTIVE, welcome_ways.is_reached(), *_not_welcomed(order)]


def _not_welcomed(order: Order) -> list[ColumnElement[bool]]:
    """Not since it began."""
    return [or_(Reader.welcomed_at.is_(None), Reader.welcomed_at < order.began_at)] if order.began_at else []
