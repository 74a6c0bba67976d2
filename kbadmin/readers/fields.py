"""The account's own fields of readers: up to five, each with a label, asked for or not."""

import uuid
from typing import Any

from sqlalchemy import select, update

from kbadmin.accounts import operations as accounts
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.readers import file_columns
from kbadmin.readers.keys import key
from kbadmin.readers.models import MOST_FIELDS, Reader, ReaderField
from kbadmin.seen import Seen, Trail, Values, require_unchanged


class LabelTaken(ValueError):
    """Another field has this label already, perhaps in other letters."""


class LabelReserved(ValueError):
    """A column of every file of readers is called so."""


class NoMoreFields(RuntimeError):
    """Every field there can be is in use."""


def all_fields() -> list[ReaderField]:
    """The fields of the account, in their order."""
    return list(db.session.scalars(select(ReaderField).order_by(ReaderField.number)))


def column_of(field: ReaderField) -> str:
    """The column of :class:`Reader` in which its values stand."""
    return f"field_{field.number}"


def find(field_id: uuid.UUID) -> ReaderField | None:
    """One field of the account, or nothing."""
    return db.session.scalar(select(ReaderField).filter_by(id=field_id))


def create(*, label: str, is_required: bool, actor: Actor) -> ReaderField:
    """A further field. Raises :class:`LabelTaken`, :class:`LabelReserved` and :class:`NoMoreFields`."""
    begin_writing()
    accounts.held()  # Number and label are free until we have written.
    _require_free(label, None)
    field = ReaderField(number=_free_number(label), label=label, is_required=is_required)
    db.session.add(field)
    db.session.flush()
    record("reader field created", actor=actor, subject=_subject(field), is_required=is_required)
    return field


def shown(field: ReaderField) -> Values:
    """What the form of a field shows."""
    return {"label": field.label, "is_required": field.is_required}


def change(
    field_id: uuid.UUID, *, label: str, is_required: bool, seen: Seen | None = None, actor: Actor
) -> ReaderField:
    """Another label, asked for or not.

    Raises LookupError, :class:`LabelTaken`, :class:`LabelReserved` and :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    accounts.held()  # The label is free until we have written, whatever field another renames.
    field = _found(field_id)
    wanted = {"label": label, "is_required": is_required}
    require_unchanged(seen, now=shown(field), wanted=wanted, trail=Trail(_subject(field), ("reader field changed",)))
    if label != field.label:  # One from before a rule about labels may keep it.
        _require_free(label, field_id)
    if (field.label, field.is_required) != (label, is_required):
        field.label, field.is_required = label, is_required
        record("reader field changed", actor=actor, subject=_subject(field), is_required=is_required)
    return field


def remove(field_id: uuid.UUID, *, actor: Actor) -> ReaderField:
    """Delete a field and what every reader has in it. Raises LookupError."""
    begin_writing()
    field = _found(field_id)
    column = column_of(field)
    wiped: Any = update(Reader).where(getattr(Reader, column) != "").values({column: ""})
    db.session.execute(wiped.execution_options(synchronize_session=False))
    record("reader field deleted", actor=actor, subject=_subject(field))
    db.session.delete(field)
    return field


def _free_number(label: str) -> int:
    taken = {field.number for field in all_fields()}
    free = [number for number in range(1, MOST_FIELDS + 1) if number not in taken]
    if not free:
        raise NoMoreFields(label)
    return free[0]


def _found(field_id: uuid.UUID) -> ReaderField:
    field = db.session.scalar(select(ReaderField).where(ReaderField.id == field_id).with_for_update())
    if field is None:
        raise LookupError(field_id)
    return field


def _require_free(label: str, own: uuid.UUID | None) -> None:
    if file_columns.is_taken(label):
        raise LabelReserved(label)
    if any(key(field.label) == key(label) and field.id != own for field in all_fields()):  # As files compare them.
        raise LabelTaken(label)


def _subject(field: ReaderField) -> Subject:
    return Subject("reader field", field.id, field.label)
