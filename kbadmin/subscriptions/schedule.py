"""When digests are due: a schedule of weekdays and a minute in a time zone, as moments. No database, no clock here.

There is one slot for each date that the calendar of the place has. A time that clocks are put forward over is due in
the first moment after the gap; one that occurs twice, the first time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
#: A week, and a date that was left out of a calendar.
LONGEST_WAIT = timedelta(days=15)


@dataclass(frozen=True)
class Schedule:
    """``weekdays`` has a bit for each day, Monday's is 1; ``minute`` is of the day, in the zone of this name."""

    weekdays: int
    minute: int
    zone: str

    def is_on(self, day: date) -> bool:
        """Whether a digest leaves on such a day."""
        return bool(self.weekdays >> day.weekday() & 1)


@dataclass(frozen=True, order=True)
class Slot:
    """A digest that is to leave: for a local date, at a moment."""

    due_at: datetime
    day: date


def slots(schedule: Schedule, *, after: datetime, until: datetime) -> Iterator[Slot]:
    """The slots that are due later than ``after``, and at ``until`` at the latest, in their order."""
    zone = ZoneInfo(schedule.zone)
    day, last = after.astimezone(zone).date() - DAY, until.astimezone(zone).date() + DAY
    while day <= last:
        if schedule.is_on(day) and exists(day, zone):
            due_at = first_moment(day, schedule.minute, zone)
            if after < due_at <= until:
                yield Slot(due_at, day)
        day += DAY


def next_slot(schedule: Schedule, *, after: datetime) -> Slot | None:
    """The first slot later than a moment; none if no weekday is chosen."""
    return next(slots(schedule, after=after, until=after + LONGEST_WAIT), None)


def first_moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment at which clocks there show this minute of this day, or a later one."""
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    early, late = sorted(wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).replace(tzinfo=None) == wanted:
        return early
    while late - early > _SECOND:  # A gap lies between them, however long: its end is looked for.
        middle = early + ((late - early) // 2 // _SECOND or 1) * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wanted:
            early = middle
        else:
            late = middle
    return late


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether the calendar there has this date: Samoa, for one, had no 30 December 2011."""
    return first_moment(day, 0, zone) < first_moment(day + DAY, 0, zone)
