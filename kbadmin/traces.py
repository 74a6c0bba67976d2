"""What a page asked of the database, word for word, and what it was told: as long as it would be told the same, the
page would be the same.

While a session is *traced*, each :class:`kbadmin.prepared.Prepared` has the database answer in one text and notes it
here. All of them together are one statement later, with one row, whose texts are compared. A statement that goes
another way over the session's connection leaves the trace with a hole, and what was made meanwhile is not to be kept.
Another session is not heard: whoever is traced opens none.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

_TRACE = "trace"
_NAMED = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Trace:
    """Questions in one statement, and the answers that it must give again. All of it is as the driver takes it."""

    statement: str
    parameters: Any
    answers: tuple[str, ...]

    def holds(self, session: Session) -> bool:
        """Ask everything once more; whether each answer is what it was."""
        found = session.connection().exec_driver_sql(self.statement, self.parameters).fetchone()
        return found is not None and tuple(found) == self.answers

    @cached_property
    def size(self) -> int:
        """Bytes, nearly."""
        given = self.parameters
        values = given if isinstance(given, tuple) else (*given, *given.values())
        return sum(map(sys.getsizeof, (self.statement, *self.answers, *values)))


@dataclass
class Tracing:
    """A trace that is being made. ``sent`` counts the statements that went over the connection meanwhile."""

    sent: int = 0
    _statements: list[str] = field(default_factory=list)
    _parameters: list[Any] = field(default_factory=list)
    _answers: list[str] = field(default_factory=list)

    def note(self, statement: str, parameters: Any, answer: str) -> None:
        """A statement that gives one text, and which it gave."""
        self._statements.append(statement)
        self._parameters.append(parameters)
        self._answers.append(answer)

    def trace(self) -> Trace | None:
        """What was asked and told; none if something was asked another way, or nothing at all."""
        if not self._statements or self.sent != len(self._statements):
            return None
        statements, parameters = _together(self._statements, self._parameters)
        return Trace(f"SELECT {', '.join(f'({one})' for one in statements)}", parameters, tuple(self._answers))


@contextmanager
def tracing(session: Session) -> Iterator[Tracing]:
    """Trace what this session asks until the end of the block."""
    made, connection = Tracing(), session.connection()

    def one_more(*_: Any) -> None:
        made.sent += 1

    session.info[_TRACE] = made
    event.listen(connection, "before_cursor_execute", one_more)
    try:
        yield made
    finally:
        event.remove(connection, "before_cursor_execute", one_more)
        session.info.pop(_TRACE, None)


def traced_by(session: Session) -> Tracing | None:
    """The trace that this session is making, if any."""
    found: Tracing | None = session.info.get(_TRACE)
    return found


def _together(statements: Sequence[str], parameters: Sequence[Any]) -> tuple[list[str], Any]:
    """Statements that may stand in one: where parameters have names, each statement gets names of its own."""
    if all(isinstance(given, tuple) for given in parameters):
        return list(statements), tuple(value for given in parameters for value in given)
    renamed = [_NAMED.sub(rf"%(t{number}_\1)s", one) for number, one in enumerate(statements)]
    return renamed, {
        f"t{number}_{name}": value for number, given in enumerate(parameters) for name, value in given.items()
    }
