"""CPU time of a process and all it started, from ``/proc``; and how fast a sink fills while they work."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.servers import Sink

_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY = 0.004  # seconds; a message takes 0.04 ms at best, and looking must cost nothing
_PATIENCE = 60.0  # seconds without a single delivery


class Stalled(RuntimeError):
    """Nothing arrived for a minute."""


def cpu_seconds(process: int) -> float:
    """CPU time of a process, of those it waited for, and of its living descendants."""
    total = 0.0
    for one in (process, *_descendants(process)):
        with contextlib.suppress(OSError):  # It may end between two looks.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15]) / _TICKS
    return total


def watch(sink: Sink, messages: int, cpu: Callable[[], float]) -> Figures:
    """Wait until the sink has taken this many messages; answers the rate from the first to the last, and CPU.

    What happens before the first delivery (starting Python, importing, connecting) counts for nobody.
    """
    already = sink.count()
    first = _next_look(sink, already)
    began, at_first, cpu_at_first = time.perf_counter(), first, cpu()
    while first - already < messages:
        first = _next_look(sink, first)
    took, counted = time.perf_counter() - began, first - at_first
    if counted <= 0:
        return {"messages/s": float("inf")}
    used = cpu() - cpu_at_first
    return {"messages/s": counted / took, "CPU µs/message": used / counted * 1e6}


def _next_look(sink: Sink, seen: int) -> int:
    """The count when it is above ``seen``; sleeps between looks, so that looking takes no time from the others."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        if (now := sink.count()) > seen:
            return now
    raise Stalled(f"nothing arrived for {_PATIENCE:.0f} s after {seen} messages")


def _descendants(process: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))
