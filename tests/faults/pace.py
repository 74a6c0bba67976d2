"""A lane whose server sets the pace, twice at the same time: once by itself, once beside whatever may slow it down.

Both run at once, so that what else this machine does slows both.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.faults.ground import Ground
from tests.faults.sinks import Sink, sink, wait_until
from tests.faults.workers import Worker

DELAY = 0.1  # seconds a message
WARM = 5  # messages before anything is measured


@dataclass
class Paced:
    """A lane of an installation, its server, and the worker that carries it."""

    here: Ground
    server: Sink
    lane: uuid.UUID
    worker: Worker

    def rate(self, messages: int) -> float:
        """Messages per second over the last so many."""
        times = [one.at for one in self.server.taken()[-messages:]]
        return (len(times) - 1) / (times[-1] - times[0])


@contextmanager
def paced(here: Ground, **limits: Any) -> Iterator[Paced]:
    """A worker that works, and a server that takes ten messages a second."""
    with sink(here.settings.instance_folder / "paced") as server:
        server.script(delay=DELAY)
        worker = here.work(**limits)
        worker.wait_until_working()
        lane = here.service(server.port)
        here.digests(lane, WARM, name="warm")
        wait_until(lambda: server.count() == WARM, 60)
        yield Paced(here, server, lane, worker)


def kept_rate(control: Paced, tried: Paced, messages: int) -> float:
    """Send as many over both at once; answers how much of the control's rate the other has."""
    for one in (control, tried):
        one.here.digests(one.lane, messages, name="paced")
    wait_until(lambda: min(control.server.count(), tried.server.count()) == WARM + messages, 60 + messages)
    return tried.rate(messages) / control.rate(messages)
