"""What a form showed when it was opened, so that nobody writes over what somebody else has saved since.

A form carries a *stamp*: when it was opened, and a digest of each stored value that it shows. The operation compares
it, in the write section and with the row held, with what is stored by then. What was changed to just what is wanted
now is no conflict, so the same form may be sent twice.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kbadmin import clock
from kbadmin.audit.operations import Subject
from kbadmin.database import abandon

Values = Mapping[str, Any]  # by name; none at all: nothing is stored yet


@dataclass(frozen=True)
class Seen:
    """When a form was opened, and digests of what it showed, by name."""

    at: datetime
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Trail:
    """By what the audit log knows such a change: one of these actions on this subject, with these facts."""

    subject: Subject
    actions: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class ChangedMeanwhile(ValueError):
    """Somebody else has saved other values since the form was opened; ``names`` says which, ``trail`` where to ask."""

    def __init__(self, names: tuple[str, ...], since: datetime, trail: Trail) -> None:
        super().__init__("saved by somebody else since")
        self.names, self.since, self.trail = names, since, trail


def stamp(values: Values) -> str:
    """What a form that shows these values carries."""
    opened = int(clock.now().timestamp() * 1000)
    return " ".join([str(opened), *(f"{name}:{_digest(value)}" for name, value in values.items())])


def read(text: str) -> Seen:
    """A stamp as it came back. One that cannot be read has seen nothing."""
    opened, *pairs = text.split(" ")
    try:
        at = datetime.fromtimestamp(int(opened) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return Seen(clock.now(), {})
    return Seen(at, dict(pair.split(":", 1) for pair in pairs if ":" in pair))


def require_unchanged(seen: Seen | None, *, now: Values, wanted: Values, trail: Trail) -> None:
    """Leave the write section and raise :class:`ChangedMeanwhile` where ``wanted`` would write over what was not seen.

    Whoever has no form, such as a command, has seen nothing and is not asked (``None``).
    """
    if seen is None:
        return
    changed = tuple(
        name
        for name, value in wanted.items()
        if seen.digests.get(name) != (_digest(now[name]) if name in now else None)
        and _plain(now.get(name)) != _plain(value)
    )
    if changed:
        abandon()
        raise ChangedMeanwhile(changed, seen.at, trail)


def _digest(value: Any) -> str:
    return hashlib.sha256(_plain(value).encode()).hexdigest()[:16]


def _plain(value: Any) -> str:
    """A value as one text: the same for a form and a column."""
    if isinstance(value, frozenset | set | list | tuple):
        return "\n".join(sorted(str(one) for one in value))
    return "" if value is None else "\n".join(str(value).splitlines())
