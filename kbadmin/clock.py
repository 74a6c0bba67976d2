"""now(), in UTC: the only place in the product that reads the time of day.

Tests call :func:`set_to`; in development and in the demo a *clock file* may shift the time for every process
that shares it (its content is a number of seconds, which may be negative), so that a digest or an expiry can be
watched without waiting for it. Durations inside a process use :func:`time.monotonic`, never this.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path


class _Clock:
    """What this process knows about the time: a fixed moment, or a file that holds a shift in seconds."""

    fixed: datetime | None = None
    shift_file: Path | None = None


def now() -> datetime:
    """The present moment as an aware datetime in UTC."""
    if _Clock.fixed is not None:
        return _Clock.fixed
    present = datetime.now(UTC)
    return present if _Clock.shift_file is None else present + timedelta(seconds=shift())


def set_to(moment: datetime | None) -> None:
    """Stop the clock at a moment (aware, any zone), or let it run again with ``None``."""
    _Clock.fixed = moment.astimezone(UTC) if moment is not None else None


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Stop the clock at a moment for the length of a ``with`` block."""
    before = _Clock.fixed
    set_to(moment)
    try:
        yield
    finally:
        _Clock.fixed = before


def follow(shift_file: Path | None) -> None:
    """Shift every reading by the seconds that ``shift_file`` holds; a missing or empty file shifts by nothing."""
    _Clock.shift_file = shift_file


def is_stopped() -> bool:
    """Whether somebody has stopped the clock of this process."""
    return _Clock.fixed is not None


def shift() -> float:
    """The seconds that the clock file adds to every reading."""
    if _Clock.shift_file is None:
        return 0.0
    try:
        return float(_Clock.shift_file.read_text().strip() or 0)
    except (FileNotFoundError, ValueError):
        return 0.0
