"""The journal: what a connection's server has accepted and the database does not know yet.

A line is appended as each reply is read, without waiting for the disk: it survives the death of the process, not of
the machine. Once the lines are recorded in the database, the file is emptied. Whoever takes over from a dead worker
on this host reads it first, so that at most the message whose reply was not read is sent again.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that a server took: its row, the lease under which it was sent, and the server's reply."""

    id: int
    lease_token: int
    reply: str


class Journal:
    """The open journal of one connection. It belongs to one thread at a time."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor

    @classmethod
    def open(cls, folder: Path, worker_id: uuid.UUID) -> Self:
        """A new, empty journal of this worker."""
        file = folder / f"{worker_id}-{os.urandom(6).hex()}{SUFFIX}"
        return cls(file, os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600))

    def append(self, accepted: Accepted) -> None:
        """Remember one acceptance. One write: a kill leaves a whole line or none."""
        os.write(self._descriptor, f"{accepted.id} {accepted.lease_token} {accepted.reply}\n".encode())

    def clear(self) -> None:
        """Everything in it is recorded in the database."""
        os.ftruncate(self._descriptor, 0)

    def close(self, *, keep: bool = False) -> None:
        """Close it, and remove it unless it is to be kept for whoever takes over."""
        os.close(self._descriptor)
        if not keep:
            self._file.unlink(missing_ok=True)


def of_worker(folder: Path, worker_id: uuid.UUID) -> list[Path]:
    """The journals that a worker left."""
    return sorted(folder.glob(f"{worker_id}-*{SUFFIX}"))


def read(file: Path) -> Iterator[Accepted]:
    """What a journal says; a last line without its end is left out."""
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    for line in whole.decode("utf-8", "replace").split("\n"):
        number, _, rest = line.partition(" ")
        token, _, reply = rest.partition(" ")
        if number.isdigit() and token.isdigit():
            yield Accepted(int(number), int(token), reply)
