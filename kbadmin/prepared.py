"""Statements that pages ask again and again: put into words once for a database, then only asked.

SQLAlchemy remembers what it compiled, but finds it by a key that it puts together for every execution, which costs
several times what a small answer does. A :class:`Prepared` keeps the words themselves.

The fence holds here, too: it is part of the words, and the account is the one that the asking session has entered.
With none entered, a statement on an owned model raises :class:`kbadmin.tenancy.NoAccount`.

A session that is traced (:mod:`kbadmin.traces`) gets its rows in one JSON text (RFC 8259), which the trace keeps.
"""

import itertools
import json
import uuid
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Dialect, Select, bindparam
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from kbadmin.database import WRITING, db
from kbadmin.tenancy import ENTERED, current_account, fenced_by_name
from kbadmin.traces import Tracing, traced_by

_REQUIRED = object()
Process = Callable[[Any], Any]
#: What JSON keeps as it is, or as a text from which it can be read. Not floats: SQLite shortens them.
_TOLD: dict[type, Process | None] = {
    str: None, int: None, bool: None,
    uuid.UUID: uuid.UUID, datetime: datetime.fromisoformat, date: date.fromisoformat,
}  # fmt: skip
_LISTS = {
    "sqlite": "json_group_array(json_array({}))",
    "postgresql": "coalesce(json_agg(json_build_array({})), '[]')::text",
}


class Prepared:
    """One statement, a constant of its module. What changes from one asking to the next is a named ``bindparam``.

    It names columns, not models. ``build`` is called at the first asking: models may still be incomplete when their
    modules are read.
    """

    def __init__(self, build: Callable[[], Select[*tuple[Any, ...]]]) -> None:
        self._build = build
        self._by_dialect: dict[tuple[Any, ...], _Words] = {}

    def rows(self, session: Session | None = None, /, **values: Any) -> list[Any]:
        """Every row, as a tuple with the names of its columns. Raises KeyError for a value that was not given."""
        asking = session or db.session()
        if asking.info.get(WRITING):
            asking.flush()
        words = self._words(asking.get_bind().dialect)
        if words.is_fenced:
            values[ENTERED] = current_account(asking)
        tracing, parameters = traced_by(asking), words.parameters(values)
        if tracing is not None and words.told_as:
            return [words.told_row(cells) for cells in _told(words, parameters, asking, tracing)]
        found = asking.connection().exec_driver_sql(words.text, parameters).fetchall()
        return [words.row(cells) for cells in found]

    def row(self, session: Session | None = None, /, **values: Any) -> Any:
        """The first row, or none."""
        found = self.rows(session, **values)
        return found[0] if found else None

    def scalar(self, session: Session | None = None, /, **values: Any) -> Any:
        """The first cell of the first row, or none."""
        found = self.rows(session, **values)
        return found[0][0] if found else None

    def _words(self, dialect: Dialect) -> "_Words":
        key = (dialect.name, dialect.driver, dialect.server_version_info)
        if key not in self._by_dialect:
            self._by_dialect[key] = _in_words(self._build(), dialect)
        return self._by_dialect[key]


class PreparedForSome:
    """A statement about some things at once, such as the rows of a page; up to ``most`` of them it is prepared.

    ``build`` gets what stands in an ``IN (…)``, values of the type ``kind``.
    """

    def __init__(self, build: Callable[[Any], Select[*tuple[Any, ...]]], kind: TypeEngine[Any], most: int = 50) -> None:
        self._build = build
        self._places = [f"place_{number}" for number in range(most)]
        self._prepared = Prepared(lambda: build([bindparam(name, type_=kind) for name in self._places]))

    def rows(self, some: Sequence[Any], session: Session | None = None) -> list[Any]:
        """What is told of these things, in one query."""
        asking = session or db.session()
        if len(some) > len(self._places):
            return list(asking.execute(self._build(some)))
        # Places that nothing takes hold nothing, which equals nothing.
        return self._prepared.rows(asking, **dict(itertools.zip_longest(self._places, some)))


@dataclass(frozen=True)
class _Words:
    """A statement in one database's words, and how values go in and come out."""

    text: str
    places: Sequence[tuple[str, Any, Process | None]]  # name, value if it is constant, how the driver takes it
    is_positional: bool
    is_fenced: bool
    row_type: Callable[..., Any]
    processed: Sequence[tuple[int, Process]]  # the columns that the driver does not give as they are
    told_as: str  # the statement that gives all rows in one text; empty if they do not fit into one …
    processed_told: Sequence[tuple[int, Process]]  # … and the columns that it does not give as they are

    def parameters(self, values: dict[str, Any]) -> Any:
        """The values as the driver takes them."""
        given = []
        for name, constant, process in self.places:
            value = values[name] if constant is _REQUIRED else constant
            given.append(value if process is None else process(value))
        return tuple(given) if self.is_positional else dict(zip((name for name, *_ in self.places), given, strict=True))

    def row(self, cells: Sequence[Any]) -> Any:
        """A row as the models know it."""
        return self._row(cells, self.processed)

    def told_row(self, cells: Sequence[Any]) -> Any:
        """The same of a row that stood in a text."""
        return self._row(cells, self.processed_told)

    def _row(self, cells: Sequence[Any], processed: Sequence[tuple[int, Process]]) -> Any:
        if processed:
            cells = list(cells)
            for index, process in processed:
                cells[index] = process(cells[index])
        return self.row_type(cells)


def _told(words: _Words, parameters: Any, session: Session, tracing: Tracing) -> list[list[Any]]:
    text = session.connection().exec_driver_sql(words.told_as, parameters).scalar_one()
    tracing.note(words.told_as, parameters, text)
    rows: list[list[Any]] = json.loads(text)
    return rows


def _in_words(statement: Select[*tuple[Any, ...]], dialect: Dialect) -> _Words:
    if any(isinstance(described["expr"], type) for described in statement.column_descriptions):
        raise TypeError("a prepared statement names columns; models are for the session to load")
    compiled: Any = fenced_by_name(statement).compile(dialect=dialect)
    asked_for = {name for name, bind in compiled.binds.items() if bind.required} | {ENTERED}
    expanded = compiled.construct_expanded_state(dict.fromkeys(asked_for))  # Lists of constants have places, too.
    names = expanded.positiontup if compiled.positional else list(expanded.parameters)
    taken = {name: _process_of(bind, dialect) for name, bind in compiled.binds.items()} | dict(expanded.processors)
    places = [(name, _REQUIRED if name in asked_for else expanded.parameters[name], taken.get(name)) for name in names]
    columns = list(statement.selected_columns)
    row_type: Any = namedtuple("Row", (getattr(column, "name", "") for column in columns), rename=True)  # type: ignore[misc]
    return _Words(
        expanded.statement,
        places,
        compiled.positional,
        ENTERED in names,
        row_type._make,
        _processed([_result_processor(column, dialect) for column in columns]),
        _telling(expanded.statement, columns, dialect),
        _processed([_told_processor(column, dialect) for column in columns]),
    )


def _telling(statement: str, columns: Sequence[ColumnElement[Any]], dialect: Dialect) -> str:
    """A statement with one row of one text: a list with a list for each row."""
    if any(_python_type(column) not in _TOLD for column in columns):
        return ""
    names = ", ".join(f"c{index}" for index in range(len(columns)))
    rows = _LISTS[dialect.name].format(names)  # They stay in the order of the statement.
    return f"WITH told({names}) AS ({statement}) SELECT {rows} FROM told"  # noqa: S608 - SQLAlchemy wrote it.


def _python_type(column: ColumnElement[Any]) -> type:
    kept_as = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    try:
        return kept_as.python_type
    except NotImplementedError:
        return object


def _processed(processes: Sequence[Process | None]) -> list[tuple[int, Process]]:
    return [(index, process) for index, process in enumerate(processes) if process is not None]


def _result_processor(column: ColumnElement[Any], dialect: Dialect) -> Process | None:
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _told_processor(column: ColumnElement[Any], dialect: Dialect) -> Process | None:
    """What reads a cell that stood in a text. SQLite's driver gives the same texts and numbers as its JSON."""
    usual, read = _result_processor(column, dialect), _TOLD.get(_python_type(column))
    if dialect.name == "sqlite" or read is None:
        return usual
    return lambda value: None if value is None else (usual or _as_it_is)(read(value))


def _as_it_is(value: Any) -> Any:
    return value


def _process_of(bind: BindParameter[Any], dialect: Dialect) -> Process | None:
    return bind.type.dialect_impl(dialect).bind_processor(dialect)
