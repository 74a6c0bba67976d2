"""How long a large send takes under a service's limits, in words for whoever is about to start it."""

from dataclasses import dataclass
from math import ceil

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Estimate:
    """Seconds until the last message is handed over, and a phrase such as ``4,200 messages, about 2 h 48 min``."""

    seconds: int
    words: str


def estimate(
    count: int,
    *,
    waiting_before: int,
    messages_per_minute: int | None,
    recipients_per_day: int | None,
    sent_today: int,
) -> Estimate:
    """How long ``count`` messages take that come after ``waiting_before`` others; limits of none do not bind.

    The day rolls, and when today's messages leave it is not known here: it is counted as a whole day away, so the
    estimate is rather too long than too short.
    """
    if count <= 0:
        return Estimate(0, "no messages")
    total = count + max(waiting_before, 0)
    at_rate = _seconds_at(messages_per_minute, total)
    by_day = _seconds_by_day(messages_per_minute, recipients_per_day, total, max(sent_today, 0))
    seconds = ceil(max(at_rate, by_day))
    parts = [f"{count:,} {'message' if count == 1 else 'messages'}"]
    if messages_per_minute or by_day:
        parts.append(_duration(seconds))
    else:
        parts.append("as fast as the server takes them")
    if waiting_before > 0:
        parts.append(f"with the {waiting_before:,} that wait before {'it' if count == 1 else 'them'}")
    if by_day > at_rate:
        parts.append(f"because this service sends at most {recipients_per_day:,} a day")
    return Estimate(seconds, ", ".join(parts))


def _seconds_at(messages_per_minute: int | None, count: int) -> float:
    return count * MINUTE / messages_per_minute if messages_per_minute else 0.0


def _seconds_by_day(messages_per_minute: int | None, per_day: int | None, total: int, sent_today: int) -> float:
    """The time if the day's limit alone makes messages wait; 0 if all of them still go today."""
    beyond = total - max((per_day or total) - sent_today, 0)
    if not per_day or beyond <= 0:
        return 0.0
    days = ceil(beyond / per_day)
    return days * DAY + _seconds_at(messages_per_minute, beyond - (days - 1) * per_day)


def _duration(seconds: int) -> str:
    if seconds < MINUTE:
        return "less than a minute"
    hours, minutes = divmod(ceil(seconds / MINUTE), 60)
    if not hours:
        return f"about {minutes} min"
    if hours < 24:
        return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"
    days, hours = divmod(ceil(seconds / HOUR), 24)
    if days >= 2:
        return f"about {days + (hours > 0)} days"
    return f"about 1 day {hours} h" if hours else "about 1 day"
