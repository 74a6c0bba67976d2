"""Who works: each process's presence in the database, and what is taken from one that died.

A living worker raises its ``beat`` every second. Others see that it is dead in one of two ways. On the same host its
lock file is free: it is buried at once, with its journals. From another host its beat has not changed for a while, by
the observer's own monotonic clock, so that no jump of anybody's clock takes a lease from the living: after a minute
its connections are free, after fifteen its messages. Then nobody has its journals, and what it had sent without
recording is sent again, with the same Message-ID.
"""

import fcntl
import os
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kbadmin import config, logs
from kbadmin.database import new_id
from kbadmin.delivery import journals, lanes, marks
from kbadmin.delivery.journals import Accepted
from kbadmin.delivery.lane_connections import free_connections
from kbadmin.delivery.models import Worker
from kbadmin.delivery.turns import turn
from kbadmin.shared_time import shared_now

BEAT_SECONDS = 1.0
FORGOTTEN_AFTER = timedelta(days=1)

log = logs.get(__name__)


@dataclass
class Seen:
    """What one process has seen of another worker: the last beat, and when it saw that beat change (monotonic)."""

    beat: int
    changed_at: float = field(default_factory=time.monotonic)


class Presence:
    """One process among the workers. Use it in one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.id = new_id()
        self.folder = folder
        self._lock: IO[bytes] | None = None
        self._seen: dict[uuid.UUID, Seen] = {}

    def begin(self) -> None:
        """Take the lock file, then a row: in this order, so that no row of the living is without its lock."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock_file(self.folder, self.id).open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with turn() as session:
            now = shared_now(session)
            session.add(Worker(id=self.id, host=socket.gethostname(), pid=os.getpid(), started_at=now, beat_at=now))

    def beat(self) -> None:
        """Say that we live, and bury those who do not."""
        with turn() as session:
            now = shared_now(session)
            ours = (
                update(Worker)
                .where(Worker.id == self.id)
                .values(
                    beat=Worker.beat + 1,
                    beat_at=now,
                    stopped_at=None,  # A process that was only stopped for a while is back.
                )
            )
            session.execute(ours)
            others = session.execute(
                select(Worker.id, Worker.beat, Worker.stopped_at, Worker.beat_at).where(Worker.id != self.id)
            ).all()
        for worker_id, beat, stopped_at, beat_at in others:
            if stopped_at is None:
                self._look_at(worker_id, beat)
            elif beat_at < now - FORGOTTEN_AFTER:
                _forget(worker_id)

    def end(self) -> None:
        """Leave in good order; every lease was given back before."""
        with turn() as session:
            _leave(session, self.id)
        if self._lock is not None:
            lock_file(self.folder, self.id).unlink(missing_ok=True)
            self._lock.close()

    def _look_at(self, worker_id: uuid.UUID, beat: int) -> None:
        if (lock := _lock_of_the_dead(self.folder, worker_id)) is not None:
            with lock:
                bury(self.folder, worker_id)
            return
        seen = self._seen.get(worker_id)
        if seen is None or seen.beat != beat:
            self._seen[worker_id] = Seen(beat)
            return
        silent, limits = time.monotonic() - seen.changed_at, config.current().limits
        if silent > limits.dead_worker_seconds:
            bury(self.folder, worker_id)
        elif silent > limits.silent_worker_seconds:
            with turn() as session:
                free_connections(session, worker_id)


def bury(folder: Path, worker_id: uuid.UUID) -> None:
    """Record what a dead worker's journals say was accepted, and put the rest of what it held back into the queue."""
    found = journals.of_worker(folder, worker_id)
    accepted = [entry for journal in found for entry in journals.read(journal)]
    with turn() as session:
        recorded = _record(session, worker_id, accepted)
        returned = marks.take_back_from(session, worker_id)
        _leave(session, worker_id)
    for journal in found:
        journal.unlink(missing_ok=True)
    lock_file(folder, worker_id).unlink(missing_ok=True)
    log.warning("took over from a worker that died", worker=str(worker_id), recorded=recorded, returned=returned)


def _record(session: Session, worker_id: uuid.UUID, accepted: Sequence[Accepted]) -> int:
    """Record what the journals say, in the lanes' totals as well."""
    for lane_id, count in marks.leased_by_lane(session, worker_id, [one.id for one in accepted]).items():
        lanes.count_results(session, lane_id, accepted=count)
    return marks.accept(session, accepted)


def lock_file(folder: Path, worker_id: uuid.UUID) -> Path:
    """The file that a worker keeps locked while it lives."""
    return folder / f"{worker_id}.lock"


def _lock_of_the_dead(folder: Path, worker_id: uuid.UUID) -> IO[Any] | None:
    """The lock of a worker of this host that is no more; nothing if it lives, or was never here."""
    file = lock_file(folder, worker_id)
    try:
        lock = file.open("rb+")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _leave(session: Session, worker_id: uuid.UUID) -> None:
    free_connections(session, worker_id)
    session.execute(update(Worker).where(Worker.id == worker_id).values(stopped_at=shared_now(session)))


def _forget(worker_id: uuid.UUID) -> None:
    with turn() as session:
        session.execute(delete(Worker).where(Worker.id == worker_id))
