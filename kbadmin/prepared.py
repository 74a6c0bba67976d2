"""Statements that pages ask again and again: put into words once for a database, then only asked.

SQLAlchemy remembers what it compiled, but finds it by a key that it puts together for every execution, which costs
several times what a small answer does. A :class:`Prepared` keeps the words themselves.

The fence holds here, too: it is part of the words, and the account is the one that the asking session has entered.
With none entered, a statement on an owned model raises :class:`kbadmin.tenancy.NoAccount`.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Dialect, Select
from sqlalchemy.orm import Session

from kbadmin.database import WRITING, db
from kbadmin.tenancy import ENTERED, current_account, fenced_by_name

_REQUIRED = object()
Process = Callable[[Any], Any]


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
        found = asking.connection().exec_driver_sql(words.text, words.parameters(values)).fetchall()
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


@dataclass(frozen=True)
class _Words:
    """A statement in one database's words, and how values go in and come out."""

    text: str
    places: Sequence[tuple[str, Any, Process | None]]  # name, value if it is constant, how the driver takes it
    is_positional: bool
    is_fenced: bool
    row_type: Callable[..., Any]
    processed: Sequence[tuple[int, Process]]  # the columns that the driver does not give as they are

    def parameters(self, values: dict[str, Any]) -> Any:
        """The values as the driver takes them."""
        given = []
        for name, constant, process in self.places:
            value = values[name] if constant is _REQUIRED else constant
            given.append(value if process is None else process(value))
        return tuple(given) if self.is_positional else dict(zip((name for name, *_ in self.places), given, strict=True))

    def row(self, cells: Sequence[Any]) -> Any:
        """A row as the models know it."""
        if self.processed:
            cells = list(cells)
            for index, process in self.processed:
                cells[index] = process(cells[index])
        return self.row_type(cells)


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
    given = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    row_type: Any = namedtuple("Row", (getattr(column, "name", "") for column in columns), rename=True)  # type: ignore[misc]
    return _Words(
        expanded.statement,
        places,
        compiled.positional,
        ENTERED in names,
        row_type._make,
        [(index, process) for index, process in enumerate(given) if process is not None],
    )


def _process_of(bind: BindParameter[Any], dialect: Dialect) -> Process | None:
    return bind.type.dialect_impl(dialect).bind_processor(dialect)
