"""A row of any owned model, made out of what its table demands: a new model has fence tests from its birth."""

import itertools
import uuid
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Integer, LargeBinary, String, Uuid
from sqlalchemy.types import TypeDecorator

from kbadmin import clock
from kbadmin.database import Base, db
from kbadmin.tenancy import current_account
from kbadmin.users.models import User

_numbers = itertools.count(1)


def make_row(model: type[Any]) -> Any:
    """Add one row of this model, and the rows it refers to, to the account that was entered."""
    values: dict[str, Any] = {}
    for column in model.__table__.columns:
        if column.name == "account_id" or column.nullable or (column.primary_key and column.autoincrement is True):
            continue
        referred = _referred(column)
        if referred is not None:
            values[column.name] = referred
        elif column.default is None:
            values[column.name] = _value(column)
    row = model(**values)
    db.session.add(row)
    db.session.flush()
    return row


def _referred(column: Column[Any]) -> uuid.UUID | int | None:
    """The id of a row that this column must name, if it is part of a foreign key."""
    for key in column.foreign_keys:
        table = key.column.table.name
        if table == "users":
            user = User(email=f"somebody-{next(_numbers)}@example.com", email_key=f"key-{next(_numbers)}")
            db.session.add(user)
            db.session.flush()
            return user.id
        if table == "accounts":
            return current_account()
        found: uuid.UUID | int = make_row(
            next(m.class_ for m in Base.registry.mappers if m.local_table.name == table)
        ).id
        return found
    return None


def _value(column: Column[Any]) -> Any:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    number = next(_numbers)
    match kind:
        case Boolean():
            return False
        case Integer():
            return number
        case Uuid():
            return uuid.uuid4()
        case DateTime():
            return clock.now()
        case Date():
            return clock.now().date()
        case JSON():
            return {}
        case LargeBinary():
            return b"x"
        case String():
            return f"x{number}"[: kind.length or 20]
    raise AssertionError(f"no value for a column of type {kind!r}")
