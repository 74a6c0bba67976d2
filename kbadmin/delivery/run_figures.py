"""Messages of a run that had come to an end, and do not stand there any more: whoever keeps its figures hears of it."""

import uuid
from collections.abc import Callable, Iterable

#: Rooms above hear of the runs, in the write section in which their messages are changed.
LISTENERS: list[Callable[[set[uuid.UUID]], None]] = []


def hear_with(listener: Callable[[set[uuid.UUID]], None]) -> None:
    """A room says what it does when messages of these runs were sent again, cancelled or purged by somebody."""
    LISTENERS.append(listener)


def changed(run_ids: Iterable[uuid.UUID | None]) -> None:
    """Tell of these messages' runs; most messages have none."""
    known = {one for one in run_ids if one is not None}
    if known:
        for listener in LISTENERS:
            listener(known)
