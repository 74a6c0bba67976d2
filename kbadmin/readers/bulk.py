"""What is done to many readers at once: those that were ticked, or all that a filter finds.

They are done some hundreds at a time, each in a transaction of its own, in the order of their ids and only those who
were there when the question was asked: nobody is met twice, and nobody who comes meanwhile is met at all. The first
are done at once, the rest by :func:`go_on_with_readers`. If that wake-up is lost, the others are as before, and the
person presses again.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update

from kbadmin import clock
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.engine import task, wake
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers import belonging, groups, listeners
from kbadmin.readers.listing import Wanted, conditions
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.operations import bury
from kbadmin.readers.signing_out import sign_out
from kbadmin.tenancy import current_account, enter

CHUNK = 250
EVERYTHING = "everything"  # a target of GIVE_ACCESS: every knowledge base, also later ones


class Deed(StrEnum):
    """What is done."""

    ADD_TO_GROUP = "add-to-group"
    REMOVE_FROM_GROUP = "remove-from-group"
    GIVE_ACCESS = "give-access"
    TAKE_ACCESS = "take-access"
    DISABLE = "disable"
    ENABLE = "enable"
    DELETE = "delete"


FOR_GROUPS = (Deed.ADD_TO_GROUP, Deed.REMOVE_FROM_GROUP)
FOR_ACCESS = (Deed.GIVE_ACCESS, Deed.TAKE_ACCESS)
PHRASES = {
    Deed.ADD_TO_GROUP: "readers added to a group",
    Deed.REMOVE_FROM_GROUP: "readers removed from a group",
    Deed.GIVE_ACCESS: "readers given access",
    Deed.TAKE_ACCESS: "access taken from readers",
    Deed.DISABLE: "readers disabled",
    Deed.ENABLE: "readers enabled",
    Deed.DELETE: "readers deleted",
}


@dataclass(frozen=True)
class Order:
    """A deed for many. ``ids`` are those that were ticked; without them, everybody wanted who was there at ``until``.

    ``target`` is the id of a group or knowledge base, or :data:`EVERYTHING`.
    """

    deed: Deed
    wanted: Wanted
    until: uuid.UUID
    ids: tuple[uuid.UUID, ...] | None = None
    target: str = ""

    def as_json(self) -> str:
        """For the task that goes on."""
        return json.dumps([self.deed.value, self.wanted.as_json(), str(self.until), self.target])

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """Read back what :meth:`as_json` wrote; ticked readers are always done at once."""
        deed, wanted, until, target = json.loads(text)
        return cls(Deed(deed), Wanted.from_json(wanted), uuid.UUID(until), target=target)


@dataclass(frozen=True)
class Done:
    """How many readers were met so far, and whether more follow in the background."""

    number: int
    goes_on: bool


def do(order: Order, *, actor: Actor, facts: Mapping[str, Any]) -> Done:
    """Begin; ``facts`` say in the audit log who was meant. Raises LookupError for a target that is gone."""
    begin_writing()
    target = _name_of_target(order)
    number, last = _do_chunk(order, None)
    said = number if last is None else f"more than {number:,}"
    record(PHRASES[order.deed], actor=actor, number=said, target=target, **facts)
    if last is not None:
        wake(go_on_with_readers, str(current_account()), order.as_json(), str(last))
    return Done(number, goes_on=last is not None)


@task
def go_on_with_readers(account_id: str, order: str, after: str) -> None:
    """The next ones of :func:`do`, and so on."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        read = Order.from_json(order)
        try:
            _name_of_target(read)
        except LookupError:  # The group or knowledge base went meanwhile: there is nothing left to do.
            return
        _, last = _do_chunk(read, uuid.UUID(after))
        if last is not None:
            wake(go_on_with_readers, account_id, order, str(last))


def reached(order: Order, most: int) -> int:
    """How many readers the deed would meet, counted up to a limit."""
    some = _query(order, None).limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _do_chunk(order: Order, after: uuid.UUID | None) -> tuple[int, uuid.UUID | None]:
    """Do up to :data:`CHUNK`, or all that were ticked; answers how many, and the last id if there may be more."""
    query = _query(order, after).order_by(Reader.id)
    found = list(db.session.scalars(query if order.ids is not None else query.limit(CHUNK)))
    if found:
        VERBS[order.deed](found, order.target)
        belonging.visibility_changed()
    return len(found), found[-1] if order.ids is None and len(found) == CHUNK else None


def _query(order: Order, after: uuid.UUID | None) -> Any:
    if order.ids is not None:
        return select(Reader.id).where(Reader.id.in_(order.ids), Reader.deleted_at.is_(None))
    query = select(Reader.id).where(*conditions(db.session(), order.wanted), Reader.id <= order.until)
    return query if after is None else query.where(Reader.id > after)


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


def _set_status(ids: Sequence[uuid.UUID], status: ReaderStatus) -> None:
    changed: Any = update(Reader).where(Reader.id.in_(ids), Reader.status != status)
    changed = changed.values(status=status, updated_at=clock.now())
    db.session.execute(changed.execution_options(synchronize_session=False))


def _disable(ids: Sequence[uuid.UUID], _target: str) -> None:
    _set_status(ids, ReaderStatus.DISABLED)
    sign_out(ids)
    listeners.tell_disabled(ids)


def _delete(ids: Sequence[uuid.UUID], _target: str) -> None:
    bury(list(db.session.scalars(select(Reader).where(Reader.id.in_(ids)))))


VERBS: dict[Deed, Callable[[Sequence[uuid.UUID], str], None]] = {
    Deed.ADD_TO_GROUP: lambda ids, target: belonging.join(ids, [uuid.UUID(target)]),
    Deed.REMOVE_FROM_GROUP: lambda ids, target: belonging.leave(ids, [uuid.UUID(target)]),
    Deed.GIVE_ACCESS: _give,
    Deed.TAKE_ACCESS: lambda ids, target: belonging.take_access(ids, uuid.UUID(target)),
    Deed.DISABLE: _disable,
    Deed.ENABLE: lambda ids, _target: _set_status(ids, ReaderStatus.ACTIVE),
    Deed.DELETE: _delete,
}
