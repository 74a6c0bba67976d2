"""Queueing a large digest: how fast, and how long others cannot write meanwhile."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import Figures
from benchmarks.messages import Letter, email_message, letter
from benchmarks.own.claims import ground_with
from benchmarks.own.installation import Sending, installed, sending
from benchmarks.own.outbox import addressed, digest_run
from benchmarks.own.writes import writing
from benchmarks.rounds import Scale
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import Secret
from kbadmin.outbox.fan_out import enqueue_many
from kbadmin.outbox.models import PRIORITY, Kind, OutboxMessage


@dataclass(frozen=True)
class Enqueue:
    """A subject: digests are queued while somebody else writes small rows."""

    way: Callable[[Sending, list[Letter]], None]
    database: str = "sqlite"
    share: float = 10.0

    def __call__(self, scale: Scale) -> Figures:
        """Answers µs per message, and the longest wait of the other writer."""
        letters = [letter(number) for number in range(scale.part(self.share))]
        with ground_with(self.database) as ground, installed(ground):
            found = sending(ground)
            with writing(ground) as waits:
                began = time.perf_counter()
                self.way(found, letters)
                took = time.perf_counter() - began
            return {"µs/message": took / len(letters) * 1e6, "longest stall, ms": max(waits) * 1e3}


def many(found: Sending, letters: list[Letter]) -> None:
    """As kbadmin queues a digest: one body for all, chunks of rows."""
    for _ in enqueue_many(digest_run(found), map(addressed, letters)):
        pass


def objects(found: Sending, letters: list[Letter]) -> None:
    """The obvious way: a whole, sealed message per reader, objects added a thousand at a time."""
    for start in range(0, len(letters), 1000):
        with unit_of_work():
            db.session.add_all([_row(found, one) for one in letters[start : start + 1000]])


def _row(found: Sending, one: Letter) -> OutboxMessage:
    row = OutboxMessage(
        kind=Kind.DIGEST,
        priority=PRIORITY[Kind.DIGEST],
        deduplication_key=f"bench {one.number}",
        lane_id=found.service_id,
        smtp_service_id=found.service_id,
        recipient=one.recipient,
        subject=one.subject,
        message_id=one.message_id,
    )
    row.content = Secret(email_message(one).as_string())
    return row
