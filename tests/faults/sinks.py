"""The other side of :mod:`tests.faults.sink`: start it, tell it how to misbehave, read what it took."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.machine import CHECKOUT


@dataclass(frozen=True)
class Taken:
    """One message that the server took."""

    at: float
    session: int
    message_id: str
    recipient: str
    is_theirs: bool


@dataclass
class Sink:
    """A mail server in another process."""

    folder: Path
    port: int
    process: "subprocess.Popen[str]"
    looked_at: int = 0

    def script(self, **faults: object) -> None:
        """Misbehave like this from now on; without arguments, behave."""
        draft = self.folder / "script.new"
        draft.write_text(json.dumps(faults))
        draft.rename(self.folder / "script.json")

    def kill_at(self, pid: int, point: str, number: int = 1) -> None:
        """Kill this process once, when it gets there."""
        (self.folder / "killed").unlink(missing_ok=True)
        draft = self.folder / "kill.new"
        draft.write_text(f"{pid} {point} {number}")
        draft.rename(self.folder / "kill")

    @property
    def has_killed(self) -> bool:
        """Whether the last order was carried out."""
        return (self.folder / "killed").exists()

    def count(self) -> int:
        """How many messages it took, copies included."""
        size, lines = 1 << 20, 0
        with (self.folder / "record").open("rb") as file:
            while block := file.read(size):
                lines += block.count(b"\n")
        return lines

    def taken(self) -> list[Taken]:
        """Every message, in order."""
        return _entries((self.folder / "record").read_bytes())

    def taken_since_last_look(self) -> list[Taken]:
        """The messages that came since this was asked before."""
        with (self.folder / "record").open("rb") as file:
            file.seek(self.looked_at)
            more = file.read()
        whole = more[: more.rfind(b"\n") + 1]
        self.looked_at += len(whole)
        return _entries(whole)

    def copies(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(one.message_id for one in self.taken())


def _entries(lines: bytes) -> list[Taken]:
    return [
        Taken(float(at), int(session), message_id, recipient, theirs == "1")
        for at, session, message_id, recipient, theirs in (line.split("\t") for line in lines.decode().splitlines())
    ]


@contextmanager
def sink(folder: Path, *, address: str = "127.0.0.1", through: tuple[str, ...] = ()) -> Iterator[Sink]:
    """A server that takes everything, for the length of a block; ``through`` is put before its command."""
    folder.mkdir(parents=True, exist_ok=True)
    command = (*through, sys.executable, "-m", "tests.faults.sink", str(folder), address)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, env=dict(os.environ)
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield Sink(folder, int(process.stdout.readline()), process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def wait_until(is_so: Callable[[], object], seconds: float, *, every: float = 0.02, what: str = "") -> float:
    """Wait for something; answers how long it took, and raises AssertionError when it does not come."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, f"after {seconds} s still not {what or is_so}"
        time.sleep(every)
    return time.monotonic() - began
