"""The days of a schedule as bits, as words, and a time of day as minutes; moments in a knowledge base's zone."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from kbadmin.subscriptions.models import EVERY_DAY

NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKING_DAYS = 0b0011111
WEEKEND = 0b1100000


def chosen(bits: int) -> list[int]:
    """The numbers of the days, Monday's is 0."""
    return [number for number in range(len(NAMES)) if bits >> number & 1]


def bits_of(numbers: Iterable[int]) -> int:
    """The other way round."""
    return sum(1 << number for number in set(numbers))


def in_words(bits: int) -> str:
    """«Every day», «On Monday and Thursday»."""
    named = {EVERY_DAY: "Every day", WORKING_DAYS: "Monday to Friday", WEEKEND: "On Saturday and Sunday"}
    if bits in named:
        return named[bits]
    *names, last = (NAMES[number] for number in chosen(bits))
    return f"On {', '.join(names)} and {last}" if names else f"On {last}"


def clock_time(minute: int) -> str:
    """A minute of the day as people write it: «09:05»."""
    return f"{minute // 60:02}:{minute % 60:02}"


def minute_of(text: str) -> int:
    """The minute of the day that a time names. Raises ValueError with a sentence for whoever typed it."""
    hour, colon, minute = text.partition(":")
    good = colon and text.isascii() and hour.isdigit() and minute.isdigit() and len(hour) < 3 and len(minute) == 2
    if not good or int(hour) > 23 or int(minute) > 59:
        raise ValueError("Enter a time from 00:00 to 23:59, such as 09:00.")
    return int(hour) * 60 + int(minute)


def moment_in_words(moment: datetime, zone: str, *, names_place: bool = True) -> str:
    """«Tuesday, 3 March 2026, 09:00 CET (Europe/Berlin)», or without the place where that is said beside it."""
    local = moment.astimezone(ZoneInfo(zone))
    place = f" ({zone})" if names_place and zone != "UTC" else ""
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M %Z}{place}"
