"""The delivery log as a file for spreadsheets (RFC 4180): streamed, and nothing in it that is taken for a formula.

Rows are read a thousand at a time, each in a short reading transaction of its own, so that a slow download keeps
nobody waiting and holds nothing open.
"""

import csv
import io
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from kbadmin.database import ACCOUNT
from kbadmin.delivery.log_filters import Wanted, conditions
from kbadmin.delivery.log_queries import LINE
from kbadmin.delivery.log_words import STATES, kind_words
from kbadmin.outbox.models import OutboxMessage, Status

MOST_ROWS = 100_000
CHUNK = 1_000
HEADER = [
    "queued_at", "state", "kind", "service", "recipient", "subject", "attempts", "settled_at", "not_before_at",
    "server_reply", "message_id", "id",
]  # fmt: skip
#: What spreadsheets take for the beginning of a formula, in plain and full-width forms.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def rows(
    engine: Engine, account_id: uuid.UUID, wanted: Wanted, name_of: Callable[[uuid.UUID], str], *, shows_replies: bool
) -> Iterator[str]:
    """The lines of the file, a chunk of them at a time, newest first, the header before."""
    yield _lines([HEADER])
    older_than, left = None, MOST_ROWS
    while left > 0:
        found = _read(engine, account_id, wanted, older_than, min(CHUNK, left))
        if found:
            yield _lines([_row(line, name_of, shows_replies=shows_replies) for line in found])
        if len(found) < CHUNK:
            return
        older_than, left = found[-1].id, left - len(found)


def safe(cell: Any) -> str:
    """A cell that is text to every spreadsheet: an apostrophe before whatever could begin a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def _read(engine: Engine, account_id: uuid.UUID, wanted: Wanted, older_than: int | None, most: int) -> Sequence[Any]:
    with Session(engine, info={ACCOUNT: account_id}) as session:
        query = select(*LINE).where(*conditions(session, wanted).all)
        if older_than is not None:
            query = query.where(OutboxMessage.id < older_than)
        return session.execute(query.order_by(OutboxMessage.id.desc()).limit(most)).all()


def _row(line: Any, name_of: Callable[[uuid.UUID], str], *, shows_replies: bool) -> list[str]:
    return [
        _moment(line.created_at),
        STATES[Status(line.status)],
        kind_words(line.kind),
        name_of(line.lane_id),
        line.recipient,
        line.subject,
        line.attempts,
        _moment(line.settled_at),
        _moment(line.not_before_at),
        line.last_reply if shows_replies else "",
        line.message_id,
        line.public_id,
    ]


def _lines(table: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in table)
    return text.getvalue()


def _moment(at: datetime | None) -> str:
    """ISO 8601 in UTC: 2026-03-02T09:00:00Z."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
