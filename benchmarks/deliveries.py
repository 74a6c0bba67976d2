"""One delivery: fill a participant's queue, let it work, and watch the messages arrive."""

import contextlib
import functools
import tempfile
import time
from dataclasses import dataclass
from typing import Literal

from benchmarks import servers
from benchmarks.figures import Figures
from benchmarks.own.installation import installed
from benchmarks.own.writes import write_figures, writing
from benchmarks.participants import Participant
from benchmarks.processes import cpu_seconds, watch
from benchmarks.rivals.ground import Ground
from benchmarks.rounds import Scale


@dataclass(frozen=True)
class Delivery:
    """A subject of an experiment: this participant with these connections, database, and road to the server."""

    participant: Participant
    connections: int = 1
    database: Literal["sqlite", "postgresql", "redis"] = "sqlite"
    secure: bool = False  # STARTTLS and AUTH, into our own sink, as Postfix's knows neither
    milliseconds: float = 0.0  # round-trip time to the server
    is_rendered_per_reader: bool = False
    workers: int = 1  # kbadmin's
    old_messages: int = 0
    share: float = 1.0  # of the messages; less where all of them would take hours
    is_written_to: bool = False  # somebody else writes to kbadmin's database meanwhile

    def __call__(self, scale: Scale) -> Figures:
        """Send once; answers messages per second from first to last, and CPU per message."""
        messages = scale.part(self.share)
        with contextlib.ExitStack() as stack:
            sink = stack.enter_context(servers.counting_sink(secure=True) if self.secure else servers.postfix_sink())
            port = sink.port
            if self.milliseconds:
                port = stack.enter_context(servers.distance(port, self.milliseconds))
            ground = self._ground(stack, port, messages)
            if isinstance(sink, servers.CountingSink) and sink.certificates:
                ground = _with(ground, ca_file=str(sink.certificates.ca))
            self.participant.prepare(ground)
            with contextlib.ExitStack() as both:
                waits = both.enter_context(writing(ground)) if self.is_written_to else []
                process = both.enter_context(self.participant.delivering(ground))
                figures = watch(sink, messages, functools.partial(cpu_seconds, process))
            if (arrived := sink.count()) != messages:
                raise AssertionError(f"{messages} messages were queued and {arrived} arrived")
            return figures | (write_figures(waits) if waits else {})

    def _ground(self, stack: contextlib.ExitStack, port: int, messages: int) -> Ground:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kbadmin-bench-"))
        return Ground(
            folder=folder,
            port=port,
            messages=messages,
            connections=self.connections,
            database_url=stack.enter_context(servers.postgresql()) if self.database == "postgresql" else "",
            is_rendered_per_reader=self.is_rendered_per_reader,
            old_messages=self.old_messages,
            workers=self.workers,
            redis_url=stack.enter_context(servers.redis()) if self.database == "redis" else "",
        )


def _with(ground: Ground, **changed: str) -> Ground:
    return Ground(**(ground.__dict__ | changed))


def idle_writes(_: Scale) -> Figures:
    """How long writes take when nothing else happens."""
    with tempfile.TemporaryDirectory(prefix="kbadmin-bench-") as folder:
        ground = Ground(folder, port=25, messages=0)
        with installed(ground), writing(ground) as waits:
            time.sleep(2)
        return write_figures(waits)
