"""What each deed for many does to some of them, in the caller's write section."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, update

from kbadmin import clock
from kbadmin.database import db
from kbadmin.readers import belonging, emails, letting_in, listeners, welcomes
from kbadmin.readers.bulk_orders import EVERYTHING, Deed
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.operations import bury
from kbadmin.readers.signing_out import sign_out


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
