"""Somebody who works in the pages while mail is sent: a program that writes a small row every 5 ms.

A process of its own, as the web server is one: it must wait for the database only, not for another thread of Python.
It writes until its standard input is closed, then prints how long each write took.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from benchmarks.figures import Figures
from benchmarks.own.installation import installed
from benchmarks.rivals.ground import Ground, given
from benchmarks.servers import ROOT
from kbadmin import clock
from kbadmin.database import ledger
from kbadmin.throttle import Throttle

_EVERY = 0.005  # seconds


@contextlib.contextmanager
def writing(ground: Ground) -> Iterator[list[float]]:
    """Write while the block lasts; the list then holds the seconds that each write took."""
    waits: list[float] = []
    command = [sys.executable, "-m", "benchmarks.own.writes"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | ground.environment(), **pipes) as process:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the writer did not start")
        try:
            yield waits
        finally:
            told, _ = process.communicate()
    waits += json.loads(told)


def write_figures(waits: list[float]) -> Figures:
    """Median, 99th percentile and maximum in milliseconds."""
    ordered = sorted(waits)
    return {
        "write p50, ms": ordered[len(ordered) // 2] * 1e3,
        "write p99, ms": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e3,
        "write max, ms": ordered[-1] * 1e3,
    }


def main() -> None:
    """Write until nobody holds the other end of the pipe."""
    is_over = threading.Event()
    waits = []
    with installed(given()):
        _write(0)  # Connections and statements are made at the first one.
        print("ready", flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
        while not is_over.wait(_EVERY):
            began = time.perf_counter()
            _write(len(waits) + 1)
            waits.append(time.perf_counter() - began)
    print(json.dumps(waits))


def _write(number: int) -> None:
    with ledger() as session:
        session.add(Throttle(name="bench", key=f"{os.getpid()}-{number}", window_at=clock.now(), count=1))


if __name__ == "__main__":
    main()
