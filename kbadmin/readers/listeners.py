"""Who wants to hear of readers who come, move, or go: rooms above keep what is theirs in step, unknown to this one.

Each is told of many readers at once, inside the write section in which it happens.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from kbadmin.readers.models import Reader


@dataclass(frozen=True)
class Listener:
    """What is done when readers have been created, have another address, were disabled, or are about to be wiped."""

    created: Callable[[Sequence[Reader]], None]
    moved: Callable[[Reader, str], None]
    disabled: Callable[[Collection[uuid.UUID]], None]
    leaving: Callable[[Sequence[Reader]], None]


LISTENERS: list[Listener] = []


def tell_created(readers: Sequence[Reader]) -> None:
    """These rows are new, and in the database."""
    for one in LISTENERS:
        one.created(readers)


def tell_moved(reader: Reader, old_address: str) -> None:
    """The reader has another address than this one now."""
    for one in LISTENERS:
        one.moved(reader, old_address)


def tell_disabled(reader_ids: Collection[uuid.UUID]) -> None:
    """These readers are let in no more, for now."""
    for one in LISTENERS:
        one.disabled(reader_ids)


def tell_leaving(readers: Sequence[Reader]) -> None:
    """Everything personal of these readers is wiped next; their rows still hold it."""
    for one in LISTENERS:
        one.leaving(readers)
