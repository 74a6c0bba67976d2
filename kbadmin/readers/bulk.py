"""What is done to many readers at once: those that were ticked, or all that a filter finds.

They are done some hundreds at a time, each in a transaction of its own, in the order of their ids and only those who
were there when the question was asked: nobody is met twice, and nobody who comes meanwhile is met at all. The first
are done at once, the rest by :func:`go_on_with_readers`, with a row that says how far it is. If that wake-up is lost,
:mod:`kbadmin.readers.bulk_left_behind` repeats it; if it comes twice, nobody is mailed twice.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select

from kbadmin import clock, logs
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.engine import task, wake
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers import (
    belonging,
    email_settings,
    failed_welcomes,
    groups,
    letting_in,
    welcome_ways,
)
from kbadmin.readers.bulk_models import Ended, ReaderBulkDeed
from kbadmin.readers.bulk_orders import EVERYTHING, FOR_ACCESS, FOR_GROUPS, Deed, Order
from kbadmin.readers.bulk_verbs import VERBS
from kbadmin.readers.listing import NOT_ACTIVE, conditions
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.welcomes import NobodySends
from kbadmin.tenancy import current_account, enter

MOST_COUNTED = 100_000
CHUNK = 250
CHUNK_OF_LETTERS = 50  # Each is written out, and others wait for the write section.
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

    Raises LookupError for a target that is gone and :class:`kbadmin.readers.welcomes.NobodySends`.
    """
    begin_writing()
    order = replace(order, began_at=clock.now())
    target = _name_of_target(order)
    out = left_out(order)
    number, last = _do_chunk(order, None)
    following = left(order, last) if last is not None else 0
    said = f"more than {number:,}" if following else number
    record(PHRASES[order.deed], actor=actor, number=said, target=target, **facts)
    if following:
        _keep(order, last, number, actor=actor)
    return Done(number, following, out)


@task
def go_on_with_readers(account_id: str, deed_id: str) -> None:
    """The next ones of :func:`do`, and so on. What is over has no row any more, unless it ended early."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        query = select(ReaderBulkDeed).where(ReaderBulkDeed.id == uuid.UUID(deed_id)).with_for_update()
        found = db.session.scalar(query)
        if found is None or found.ended:
            return
        order = Order.from_json(found.wanted)
        try:
            _name_of_target(order)
            number, last = _do_chunk(order, found.after)
        except (LookupError, NobodySends) as error:  # The group, knowledge base or service went meanwhile.
            end(found, Ended.NOBODY_SENDS if isinstance(error, NobodySends) else Ended.TARGET_GONE)
            return
        if last is None:
            db.session.delete(found)
            return
        found.number, found.after = found.number + number, last
        found.moved_at, found.tries = clock.now(), 0
        wake(go_on_with_readers, account_id, deed_id)


def end(found: ReaderBulkDeed, why: Ended) -> None:
    """It goes on no more by itself, before everybody was met: whoever manages readers sees it until it is seen to."""
    found.ended, found.moved_at = why, clock.now()
    deed = Order.from_json(found.wanted).deed
    record("deed for many readers ended early", actor=found.actor, deed=PHRASES[deed], number=found.number)
    log.warning("bulk deed ended early", deed=deed.value, reason=why.value)


def left(order: Order, after: uuid.UUID) -> int:
    """How many the deed would still meet after this reader, counted up to the limit."""
    return _counted(_query(order, after))


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


def _do_chunk(order: Order, after: uuid.UUID | None) -> tuple[int, uuid.UUID | None]:
    """Do some; answers how many, and the last id if there may be more."""
    if order.deed is Deed.WELCOME and not email_settings.can_send():
        raise NobodySends
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
    is_new = [or_(Reader.welcomed_at.is_(None), Reader.welcomed_at < order.began_at)] if order.began_at else []
    return [Reader.status == ReaderStatus.ACTIVE, welcome_ways.is_reached(), *is_new]


def _name_of_target(order: Order) -> str:
    if order.deed in FOR_GROUPS:
        group = groups.find(uuid.UUID(order.target))
        if group is None:
            raise LookupError(order.target)
        return group.name
    if order.deed in FOR_ACCESS and order.target != EVERYTHING:
        knowledge_base = knowledge_bases.find(uuid.UUID(order.target))
        if knowledge_base is None:
            raise LookupError(order.target)
        return knowledge_base.name
    return order.target
