"""Who welcomes a new reader by e-mail. Without anybody here the pages do not offer it."""

from collections.abc import Callable

from kbadmin.readers.models import Reader

WELCOMERS: list[Callable[[Reader], None]] = []


def can_welcome() -> bool:
    """Whether a welcome can be promised."""
    return bool(WELCOMERS)


def welcome(reader: Reader) -> None:
    """Queue a welcome for this reader, in the caller's write section."""
    for send in WELCOMERS:
        send(reader)
