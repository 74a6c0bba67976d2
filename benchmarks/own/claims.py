"""What the queue itself costs per message: claiming and marking, in batches as kbadmin does, and row by row."""

import atexit
import functools
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy import select

from benchmarks import servers
from benchmarks.figures import Figures
from benchmarks.own.history import fill
from benchmarks.own.installation import Sending, installed, sending
from benchmarks.rivals.ground import Ground
from benchmarks.rounds import Scale
from kbadmin import clock
from kbadmin.database import db
from kbadmin.delivery import claims, lanes, marks
from kbadmin.delivery.journals import Accepted
from kbadmin.delivery.turns import turn
from kbadmin.outbox.models import OutboxMessage, Status

_WORKER = uuid.UUID(int=7)
_open = ExitStack()
atexit.register(_open.close)


@dataclass(frozen=True)
class ClaimAndMark:
    """A subject: so many queued messages (and old ones) are claimed and marked; microseconds per message."""

    way: Callable[[Sending, int], float]
    database: str = "sqlite"
    share: float = 1.0
    old_messages: int = 0

    def __call__(self, scale: Scale) -> Figures:
        """Fill a database, then do it; answers µs per row."""
        rows = scale.part(self.share, at_least=200)
        place = (
            nullcontext(_filled(self.database, self.old_messages)) if self.old_messages else ground_with(self.database)
        )
        with place as ground, installed(ground):
            found = sending(ground)
            fill(found, rows, status=Status.QUEUED)
            db.session.remove()
            return {"µs/message": self.way(found, rows) / rows * 1e6}


def in_batches(found: Sending, rows: int) -> float:
    """kbadmin's own statements, a transaction for each claim and each record of acceptances; answers seconds."""
    with turn() as session:
        terms = lanes.terms(session, found.service_id)
    began, done = time.perf_counter(), 0
    while done < rows:
        with turn() as session:
            claim = claims.claim(session, terms, _WORKER)
        if not claim.messages:
            raise AssertionError(f"only {done} of {rows} messages could be claimed")
        with turn() as session:
            done += marks.accept(session, [Accepted(one.id, claim.token, "250 2.0.0 Ok") for one in claim.messages])
    return time.perf_counter() - began


def row_by_row(found: Sending, rows: int) -> float:
    """The obvious way: an object, a commit when it is taken, a commit when it is done; answers seconds."""
    query = (
        select(OutboxMessage)
        .where(OutboxMessage.status == Status.QUEUED, OutboxMessage.lane_id == found.service_id)
        .order_by(OutboxMessage.priority, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    began = time.perf_counter()
    for _ in range(rows):
        with turn() as session:
            message = session.scalars(query).one()
            message.status = Status.SENDING
            row_id = message.id
        with turn() as session:
            message = session.get_one(OutboxMessage, row_id)
            message.status, message.settled_at, message.last_reply = Status.ACCEPTED, clock.now(), "250 2.0.0 Ok"
    return time.perf_counter() - began


@functools.cache
def _filled(database: str, rows: int) -> Ground:
    """A ground with so many old messages, made once per run: filling takes much longer than what is measured."""
    ground = _open.enter_context(ground_with(database))
    with installed(ground):
        fill(sending(ground), rows)
    return ground


@contextmanager
def ground_with(database: str) -> Iterator[Ground]:
    """A ground without a mail server."""
    with tempfile.TemporaryDirectory(prefix="kbadmin-bench-") as folder:
        if database == "sqlite":
            yield Ground(folder, port=25, messages=0)
        else:
            with servers.postgresql() as url:
                yield Ground(folder, port=25, messages=0, database_url=url)
