"""The account's own fields of readers: up to five, each with a label, asked for or not."""

import uuid
from typing import Any

from sqlalchemy import select, update

from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.names import folded
from kbadmin.readers.models import MOST_FIELDS, Reader, ReaderField


class LabelTaken(ValueError):
    """Another field has this label already, perhaps in other letters."""


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
    """A further field. Raises :class:`LabelTaken` and :class:`NoMoreFields`."""
    begin_writing()
    _require_free(label, None)
    taken = {field.number for field in all_fields()}
    free = [number for number in range(1, MOST_FIELDS + 1) if number not in taken]
    if not free:
        raise NoMoreFields(label)
    field = ReaderField(number=free[0], label=label, is_required=is_required)
    db.session.add(field)
    record("reader field created", actor=actor, subject=_subject(field), is_required=is_required)
    return field


def change(field_id: uuid.UUID, *, label: str, is_required: bool, actor: Actor) -> ReaderField:
    """Another label, asked for or not. Raises LookupError and :class:`LabelTaken`."""
    begin_writing()
    field = _found(field_id)
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


def _found(field_id: uuid.UUID) -> ReaderField:
    field = db.session.scalar(select(ReaderField).where(ReaderField.id == field_id).with_for_update())
    if field is None:
        raise LookupError(field_id)
    return field


def _require_free(label: str, own: uuid.UUID | None) -> None:
    if any(folded(field.label) == folded(label) and field.id != own for field in all_fields()):
        raise LabelTaken(label)


def _subject(field: ReaderField) -> Subject:
    return Subject("reader field", field.id, field.label)
