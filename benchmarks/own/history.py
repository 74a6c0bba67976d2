"""Mail of the past: a table as large as after years, most of it accepted, one in two hundred failed."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert, text

from benchmarks.own.installation import Sending
from kbadmin import clock
from kbadmin.database import commit, db, unit_of_work
from kbadmin.outbox.models import PRIORITY, Kind, OutboxMessage, Status

_CHUNK = 10_000


def fill(found: Sending, rows: int, *, status: Status | None = None) -> None:
    """Add so many messages of one account; with a status, all of them have it. The planner's figures are renewed."""
    waiting = _rows(found, rows, status)
    while chunk := list(islice(waiting, _CHUNK)):
        with unit_of_work():
            db.session.connection().execute(insert(OutboxMessage.__table__), chunk)
    with unit_of_work():
        db.session.connection().execute(text("ANALYZE"))
        commit()


def _rows(found: Sending, rows: int, status: Status | None) -> Iterator[dict[str, Any]]:
    now = clock.now()
    salt = uuid.uuid4().hex[:8]
    for number in range(rows):
        own = status or (Status.FAILED if number % 200 == 0 else Status.ACCEPTED)
        is_settled = own in (Status.ACCEPTED, Status.FAILED)
        at = now - timedelta(days=400) + timedelta(days=399) * (number / rows)
        digest = hashlib.sha256(f"{salt} {number}".encode()).digest()
        yield {
            "account_id": found.account_id,
            "public_id": uuid.UUID(bytes=digest[:16]),
            "deduplication_key": f"past {salt} {number}",
            "kind": Kind.DIGEST.value,
            "priority": PRIORITY[Kind.DIGEST],
            "status": own.value,
            "lane_id": found.service_id,
            "smtp_service_id": found.service_id,
            "recipient": f"reader{number % 50_000}@company{number % 97}.example.com",
            "subject": "New in the knowledge base this week",
            "message_id": f"<{digest[:16].hex()}@kb.example.com>",
            "content_sealed": None if is_settled else "v1.bench." + "A" * 300,
            "attempts": int(is_settled),
            "created_at": at,
            "settled_at": at + timedelta(seconds=40) if is_settled else None,
            "last_reply": "250 2.0.0 Ok: queued" if own is Status.ACCEPTED else "550 5.1.1 No such user" * is_settled,
        }
