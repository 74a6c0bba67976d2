"""The rows of the matrix: a number, a fault, what is expected, and the function that tries it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.databases import Databases

Size = TypeVar("Size")
Figures = dict[str, int | float | str]


@dataclass(frozen=True)
class Scale:
    """How much of a row is tried."""

    name: str

    @property
    def is_full(self) -> bool:
        """Whether there is time for the whole thing."""
        return self.name == "full"

    def pick(self, short: Size, full: Size) -> Size:
        """One of two sizes."""
        return full if self.is_full else short


SHORT, FULL = Scale("short"), Scale("full")


@dataclass
class Site:
    """Where a row may build: a folder of its own, and databases."""

    folder: Path
    databases: Databases

    @contextmanager
    def another(self) -> Iterator["Site"]:
        """A place for a second installation."""
        with tempfile.TemporaryDirectory(prefix="fault-", dir=self.folder) as folder:
            yield Site(Path(folder), self.databases)


Trial = Callable[..., Figures]


@dataclass(frozen=True)
class Row:
    """One row. ``run(site, seed=…, scale=…)`` answers its figures, and raises AssertionError if they are not right."""

    number: str
    fault: str
    expected: str
    run: Trial


ROWS: dict[str, Row] = {}


def row(number: str, fault: str, expected: str) -> Callable[[Trial], Trial]:
    """Put a function into the matrix."""

    def enter(function: Trial) -> Trial:
        assert number not in ROWS, f"{number} stands twice in the matrix"
        ROWS[number] = Row(number, fault, expected, function)
        return function

    return enter
