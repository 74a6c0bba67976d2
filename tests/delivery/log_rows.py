"""Messages in every state for tests of the delivery log, written as the pipeline would leave them."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from kbadmin import clock
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import Lane, SuppressedAddress
from kbadmin.encryption import Secret
from kbadmin.outbox.models import PLATFORM, DeliveryAttempt, Kind, OutboxMessage, Status
from tests.factories import inside

_numbers = itertools.count(1)
REFUSED = {"stage": "recipient", "kind": "refused", "code": 550, "enhanced": "5.1.1", "text": "User unknown"}


def put(app, account, count=1, *, content="<a secret-link>", attempts=(), **values: Any) -> list[uuid.UUID]:
    """So many messages, each to an address of its own unless ``recipient`` says otherwise; answers their public ids."""
    with inside(app, account), unit_of_work():
        rows = [_message(values) for _ in range(count)]
        db.session.add_all(rows)
        db.session.flush()
        for row in rows:
            row.content = Secret(content) if content else None
            for outcome, again_at in attempts:
                db.session.add(
                    DeliveryAttempt(outbox_message_id=row.id, outcome=outcome, facts=REFUSED, again_at=again_at)
                )
        return [row.public_id for row in rows]


def statuses(app, account) -> dict[str, str]:
    """Where the messages stand, by recipient."""
    with inside(app, account):
        return {row.recipient: str(row.status) for row in db.session.query(OutboxMessage)}


def put_many(app, account, count):
    """Failed digests, inserted at once."""
    with inside(app, account), unit_of_work():
        db.session.execute(
            insert(OutboxMessage),
            [
                {
                    "account_id": account.id, "deduplication_key": f"many:{n}", "kind": Kind.DIGEST, "priority": 40,
                    "status": Status.FAILED, "lane_id": PLATFORM, "recipient": f"many{n}@example.org",
                    "subject": "News", "message_id": f"<many{n}@example.com>", "parts_sealed": "x",
                }
                for n in range(count)
            ],
        )  # fmt: skip


def suppress(app, account, *addresses):
    """Suppressed addresses; answers their ids."""
    with inside(app, account), unit_of_work():
        rows = [
            SuppressedAddress(
                address=address, refusals=2, last_reply="550 5.1.1 User unknown", suppressed_at=datetime.now(UTC)
            )
            for address in addresses
        ]
        db.session.add_all(rows)
        db.session.flush()
        return [row.id for row in rows]


def lane_row(lane_id):
    """A statement that makes the lane."""
    return insert(Lane).values(id=lane_id, tokens=5, refilled_at=datetime.now(UTC))


def recipients(page) -> list[str]:
    """The recipients that a page of the log lists."""
    return [cell.get_text() for cell in page.soup.select("th[data-label=Recipient]")]


def _message(values: dict[str, Any]) -> OutboxMessage:
    number = next(_numbers)
    status = values.get("status", Status.QUEUED)
    lane_id = values.get("smtp_service_id") or PLATFORM
    columns = {
        "kind": Kind.WELCOME, "priority": 20, "status": status, "lane_id": lane_id, "subject": "Welcome",
        "recipient": f"reader{number}@example.org", "deduplication_key": f"log:{number}",
        "message_id": f"<{number}@example.com>",
        "settled_at": None if status in (Status.QUEUED, Status.SENDING) else clock.now(),
    }  # fmt: skip
    return OutboxMessage(**columns | values)
