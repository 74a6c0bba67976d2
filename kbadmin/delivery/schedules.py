"""When a message is tried again, by its kind, and how long a service that fails by itself is left alone.

The times are rows of ``data/schedules.toml``, checked when this module is imported: a kind without a row, or a
schedule that outlasts its own life, stops the program and is named.
"""

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Any

from kbadmin.outbox.models import Kind

#: A wait is varied by at most this part of it, to either side.
JITTER = 0.2

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Schedule:
    """The waits after the first attempt, the second, and so on; ``life`` counts from when a message was queued."""

    waits: tuple[timedelta, ...]
    life: timedelta
    after_uncertain: timedelta

    def wait_after(self, attempts: int) -> timedelta | None:
        """The planned wait after so many attempts; none if that was the last."""
        return self.waits[attempts - 1] if 0 < attempts <= len(self.waits) else None


def schedule_of(kind: Kind) -> Schedule:
    """The schedule of a kind of message."""
    return _SCHEDULES[kind]


def next_wait(kind: Kind, attempts: int, chance: Callable[[], float] = random.random) -> timedelta | None:
    """How long a message waits after ``attempts`` attempts (the one that just failed included); none: given up.

    ``chance`` gives numbers from 0 up to 1.
    """
    planned = schedule_of(kind).wait_after(attempts)
    return None if planned is None else varied(planned, chance)


def wait_after_uncertain(kind: Kind, attempts: int, chance: Callable[[], float] = random.random) -> timedelta | None:
    """The same for a message that may have been accepted: its kind's own wait, and longer each time it happens.

    Each try may put another copy into somebody's mailbox, so the schedule is followed one step behind.
    """
    schedule = schedule_of(kind)
    if schedule.wait_after(attempts) is None:
        return None
    return varied(max(schedule.after_uncertain, schedule.wait_after(attempts - 1) or timedelta()), chance)


def varied(wait: timedelta, chance: Callable[[], float]) -> timedelta:
    """The wait, up to a fifth shorter or longer."""
    return wait * (1 + JITTER * (2 * chance() - 1))


def breaker_wait(failures: int) -> timedelta | None:
    """How long a lane stays closed after so many failures of its service in a row; none if there was none."""
    return _BREAKER_WAITS[min(failures, len(_BREAKER_WAITS)) - 1] if failures > 0 else None


def _time(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,3})([smhd])", text)
    if found is None:
        raise ValueError(f"{text!r} is not a time such as 30s, 5m, 2h or 3d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _schedule(row: Mapping[str, Any]) -> Schedule:
    if unknown := set(row) - {"kinds", "waits", "then", "tried_for", "life", "after_uncertain"}:
        raise ValueError(f"{sorted(unknown)} are no parts of a schedule")
    life = _time(row["life"])
    tried_for = _time(row.get("tried_for", row["life"]))
    waits = [_time(text) for text in row["waits"]]
    if "then" in row:
        then = _time(row["then"])
        waits += [then] * ((tried_for - sum(waits, timedelta())) // then)
    if sum(waits, timedelta()) > min(tried_for, life):
        raise ValueError("the waits outlast life")
    return Schedule(tuple(waits), life, _time(row["after_uncertain"]))


def _schedules(rows: list[Mapping[str, Any]]) -> dict[Kind, Schedule]:
    made: dict[Kind, Schedule] = {}
    for row in rows:
        try:
            schedule = _schedule(row)
            kinds = [Kind(name) for name in row["kinds"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"schedules.toml: the schedule of {row.get('kinds')}: {error}") from error
        for kind in kinds:
            if made.setdefault(kind, schedule) is not schedule:
                raise ValueError(f"schedules.toml: {kind} has two schedules")
    if missing := set(Kind) - set(made):
        raise ValueError(f"schedules.toml: {sorted(missing)} have no schedule")
    return made


_DATA = tomllib.loads(
    resources.files("kbadmin.delivery").joinpath("data", "schedules.toml").read_text(encoding="utf-8")
)
_SCHEDULES = _schedules(_DATA["schedules"])
_BREAKER_WAITS = tuple(map(_time, _DATA["breaker"]["waits"]))
