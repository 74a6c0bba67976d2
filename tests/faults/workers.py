"""Workers as processes: start, watch, stop, freeze and kill them."""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.faults import worker
from tests.faults.sinks import wait_until
from tests.forks import forks


@dataclass
class Worker:
    """A process that works."""

    process: BaseProcess
    log: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.is_alive()

    @property
    def is_working(self) -> bool:
        """Whether it has come so far that it takes messages."""
        return self.is_alive and self.log.with_name(f"working-{self.pid}").exists()

    def send(self, number: signal.Signals) -> None:
        if self.process.is_alive():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and its death awaited."""
        self.send(signal.SIGKILL)
        self.process.join()

    def stop(self, within: float = 35.0) -> float:
        """SIGTERM; answers how long it took to end, and insists on status 0."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        self.process.join(within)
        took = time.monotonic() - began
        assert self.process.exitcode == 0, f"ended with {self.process.exitcode} after {took:.1f} s: {self.last_words}"
        return took

    @property
    def last_words(self) -> str:
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""

    def rss_kib(self) -> int:
        """Memory that it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    def tell_where_it_stands(self) -> None:
        """Have every thread's place written into the log."""
        if self.is_working:
            self.send(signal.SIGUSR1)
            time.sleep(0.3)

    def wait_until_working(self, seconds: float = 30.0) -> None:
        wait_until(lambda: self.is_working or not self.is_alive, seconds)
        assert self.is_alive, self.last_words


def started(environ: Mapping[str, str], limits: Mapping[str, Any], log: Path) -> Worker:
    """A new worker; it takes a moment until it works."""
    arguments = (dict(environ), dict(limits), str(log), os.getpid())
    process = forks.Process(target=worker.forked, args=arguments, daemon=True)
    process.start()
    return Worker(process, log)
