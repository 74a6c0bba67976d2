"""A statement that is compiled once and then handed to the driver: one row, by the shortest way there is.

Only for the statement that is asked before each kept page (:mod:`kbadmin.portal.doorsteps`): SQLAlchemy's own way to it
took longer than all the rest of the answer. The driver's connection comes out of the same pool, and what it began ends
when it goes back.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, Select
from sqlalchemy.engine import Dialect


class OneRow:
    """A select for one kind of database, whose parameters are texts, and which holds no constants."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql, self._order = str(compiled), compiled.positiontup
        self._readers = [_reader(column.type, dialect) for column in statement.selected_columns]

    def one(self, engine: Engine, parameters: Mapping[str, str]) -> tuple[Any, ...] | None:
        """The row, or nothing."""
        order = self._order
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(self._sql, parameters if order is None else [parameters[name] for name in order])
            row = cursor.fetchone()
            cursor.close()
        finally:
            connection.close()
        return None if row is None else tuple(read(value) for read, value in zip(self._readers, row, strict=True))


def _reader(kind: Any, dialect: Dialect) -> Callable[[Any], Any]:
    """What turns a driver's value into ours."""
    found: Callable[[Any], Any] | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
