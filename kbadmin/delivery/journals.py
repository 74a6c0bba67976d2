"""The journal: what a connection's server has accepted and the database does not know yet.

A line is written as each reply is read, without waiting for the disk: it survives the death of the process, not of
the machine. Once the lines are recorded in the database, they are forgotten. Whoever takes over from a dead worker
on this host reads it first, so that at most the message whose reply was not read is sent again.

The file is mapped into memory. A line costs no system call then, for which a thread would have to let go of the
interpreter; the pages are the kernel's, and stay when the process goes.
"""

import mmap
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

SUFFIX = ".journal"
ROOM = 64 * 1024  # bytes it begins with, and grows by


class Accepted(NamedTuple):
    """A message that a server took: its row, the lease under which it was sent, and the server's reply."""

    id: int
    lease_token: int
    reply: str


class Journal:
    """The open journal of one connection. It belongs to one thread at a time.

    What it holds ends at its first NUL. The first byte of a line is written after all others, and is NUL until then:
    a kill leaves a whole line or none.
    """

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor
        self._end = 0
        self._size = ROOM
        os.posix_fallocate(descriptor, 0, ROOM)  # A full disk must not become known by a signal later.
        self._pages = mmap.mmap(descriptor, ROOM)

    @classmethod
    def open(cls, folder: Path, worker_id: uuid.UUID) -> Self:
        """A new, empty journal of this worker. Raises OSError, of a full disk, too."""
        file = folder / f"{worker_id}-{os.urandom(6).hex()}{SUFFIX}"
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            return cls(file, descriptor)
        except OSError:
            os.close(descriptor)
            file.unlink()
            raise

    def append(self, accepted: Accepted) -> None:
        """Remember one acceptance."""
        line = f"{accepted.id} {accepted.lease_token} {accepted.reply}\n\0".encode()
        begin, end = self._end, self._end + len(line)
        if end > self._size:
            self._grow()
        self._pages[begin + 1 : end] = line[1:]
        self._pages[begin] = line[0]
        self._end = end - 1

    def clear(self) -> None:
        """Everything in it is recorded in the database."""
        self._pages[0] = 0
        self._end = 0

    def close(self, *, keep: bool = False) -> None:
        """Close it, and remove it unless it is to be kept for whoever takes over."""
        self._pages.close()
        os.close(self._descriptor)
        if not keep:
            self._file.unlink(missing_ok=True)

    def _grow(self) -> None:
        os.posix_fallocate(self._descriptor, self._size, ROOM)
        self._size += ROOM
        self._pages.resize(self._size)


def of_worker(folder: Path, worker_id: uuid.UUID) -> list[Path]:
    """The journals that a worker left."""
    return sorted(folder.glob(f"{worker_id}-*{SUFFIX}"))


def read(file: Path) -> Iterator[Accepted]:
    """What a journal says; a last line without its end is left out."""
    whole, _, _ = file.read_bytes().partition(b"\0")[0].rpartition(b"\n")
    for line in whole.decode("utf-8", "replace").split("\n"):
        number, _, rest = line.partition(" ")
        token, _, reply = rest.partition(" ")
        if number.isdigit() and token.isdigit():
            yield Accepted(int(number), int(token), reply)
