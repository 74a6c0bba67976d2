"""Who welcomes a new reader by e-mail. Without anybody here, or while nobody can send, the pages do not offer it."""

from collections.abc import Callable
from dataclasses import dataclass

from kbadmin.readers.models import Reader


@dataclass(frozen=True)
class Welcomer:
    """Somebody who welcomes: whether they can now, and how."""

    can_send: Callable[[], bool]
    send: Callable[[Reader], bool]  # whether it was queued: somebody may have no way to this one


WELCOMERS: list[Welcomer] = []


def can_welcome() -> bool:
    """Whether a welcome can be promised now."""
    return any(one.can_send() for one in WELCOMERS)


def welcome(reader: Reader) -> bool:
    """Queue a welcome for this reader, in the caller's write section; whether anybody can send it still."""
    queued = [one.send(reader) for one in WELCOMERS if one.can_send()]
    return any(queued)
