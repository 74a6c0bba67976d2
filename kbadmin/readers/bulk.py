"""What is done to many readers at once: those that were ticked, or all that a filter finds.

They are done some hundreds at a time, each in a transaction of its own, in the order of their ids and only those who
were there when the question was asked: nobody is met twice, and nobody who comes meanwhile is met at all. The first
are done at once, the rest by :func:`go_on_with_readers`. If that wake-up is lost, the others are as before, and the
person presses again; if it comes twice, nobody is mailed twice.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select, update

from kbadmin import clock, logs
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.engine import task, wake
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers import (
    belonging,
    email_settings,
    emails,
    failed_welcomes,
    groups,
    letting_in,
    listeners,
    welcome_ways,
    welcomes,
)
from kbadmin.readers.bulk_orders import EVERYTHING, FOR_ACCESS, FOR_GROUPS, Deed, Order
from kbadmin.readers.listing import NOT_ACTIVE, conditions
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.operations import bury
from kbadmin.readers.signing_out import sign_out
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
    following = _counted(_query(order, last)) if last is not None else 0
    said = f"more than {number:,}" if following else number
    record(PHRASES[order.deed], actor=actor, number=said, target=target, **facts)
    if following:
        wake(go_on_with_readers, str(current_account()), order.as_json(), str(last))
    return Done(number, following, out)


@task
def go_on_with_readers(account_id: str, order: str, after: str) -> None:
    """The next ones of :func:`do`, and so on."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        read = Order.from_json(order)
        try:
            _name_of_target(read)
            _, last = _do_chunk(read, uuid.UUID(after))
        except (LookupError, NobodySends) as error:  # The group, knowledge base or service went meanwhile.
            log.warning("bulk deed ended early", deed=read.deed.value, reason=type(error).__name__)
            return
        if last is not None:
            wake(go_on_with_readers, account_id, order, str(last))


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


def _give(ids: Sequence[uuid.UUID], target: str) -> None:
    if target == EVERYTHING:
        belonging.give_everything(ids)
        return
    unlimited = set(db.session.scalars(select(Reader.id).where(Reader.id.in_(ids), Reader.reads_everything.is_(True))))
    belonging.give_access([one for one in ids if one not in unlimited], [uuid.UUID(target)])


def _disable(ids: Sequence[uuid.UUID], _target: str) -> None:
    _set(ids, Reader.status == ReaderStatus.ACTIVE, status=ReaderStatus.DISABLED, updated_at=clock.now())
    sign_out(ids)
    listeners.tell_disabled(ids)


def _enable(ids: Sequence[uuid.UUID], _target: str) -> None:
    _set(ids, Reader.status == ReaderStatus.DISABLED, status=ReaderStatus.ACTIVE, updated_at=clock.now())


def _delete(ids: Sequence[uuid.UUID], _target: str) -> None:
    bury(_rows(ids))


def _welcome(ids: Sequence[uuid.UUID], _target: str) -> None:
    for reader in _rows(ids):
        if emails.way_to(reader) is not None:  # Their access may change between two looks.
            welcomes.send(reader)


def _clear_welcome(ids: Sequence[uuid.UUID], _target: str) -> None:
    _set(ids, Reader.welcome_cleared_at.is_(None), welcome_cleared_at=clock.now())


def _rows(ids: Sequence[uuid.UUID]) -> list[Reader]:
    return list(db.session.scalars(select(Reader).where(Reader.id.in_(ids)).order_by(Reader.id)))


def _set(ids: Sequence[uuid.UUID], only: ColumnElement[bool], **values: Any) -> None:
    changed: Any = update(Reader).where(Reader.id.in_(ids), only).values(**values)
    db.session.execute(changed.execution_options(synchronize_session=False))


VERBS: dict[Deed, Callable[[Sequence[uuid.UUID], str], None]] = {
    Deed.ADD_TO_GROUP: lambda ids, target: belonging.join(ids, [uuid.UUID(target)]),
    Deed.REMOVE_FROM_GROUP: lambda ids, target: belonging.leave(ids, [uuid.UUID(target)]),
    Deed.GIVE_ACCESS: _give,
    Deed.TAKE_ACCESS: lambda ids, target: belonging.take_access(ids, uuid.UUID(target)),
    Deed.DISABLE: _disable,
    Deed.ENABLE: _enable,
    Deed.DELETE: _delete,
    Deed.LET_IN: lambda ids, _target: letting_in.admit(_rows(ids)),
    Deed.REFUSE: _delete,
    Deed.WELCOME: _welcome,
    Deed.CLEAR_WELCOME: _clear_welcome,
}
