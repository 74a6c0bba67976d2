"""Days and times as people of a place name them, as moments."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


class NoSuchTime(ValueError):
    """Clocks are put forward over this time. ``str()`` is a sentence for whoever chose it."""


def moment(day: date, hour: time, zone: str) -> datetime:
    """The moment of a day and a time in a zone; of a time that occurs twice, the first. Raises :class:`NoSuchTime`."""
    local = datetime.combine(day, hour, tzinfo=ZoneInfo(zone))
    found = local.astimezone(UTC)
    if found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NoSuchTime(
            f"Clocks in {zone} are put forward over this time on that day. Choose an earlier or later one."
        )
    return found


def end_of(day: date, zone: str) -> datetime:
    """The moment in which a day is over in a zone."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def last_day_before(end: datetime, zone: str) -> date:
    """The day that :func:`end_of` made this moment of."""
    return (end - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()
