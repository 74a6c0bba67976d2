"""enqueue_many(): the messages of one run into the outbox, thousands at a time.

They share a body, compiled before; a row holds only whose it is and its personal parts, sealed. A row whose
deduplication key is there already is left out, so that a run that was interrupted is simply begun again. Core inserts
jump the account fence, hence the account is named here, from the session that entered it.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.dialects import postgresql, sqlite

from kbadmin import clock
from kbadmin.database import begin_writing, commit, db, new_id
from kbadmin.encryption import Place
from kbadmin.outbox.models import MESSAGES, PLATFORM, PRIORITY, Kind, Status
from kbadmin.outbox.operations import wake_lane
from kbadmin.sealing import ring
from kbadmin.tenancy import current_account

CHUNK = 400  # rows of one transaction: long enough to be fast, short enough that nobody else waits noticeably


@dataclass(frozen=True, slots=True)
class Addressed:
    """One message of a run: to whom, with which parts, and the key under which it exists once."""

    recipient: str
    deduplication_key: str
    parts: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """What all messages of a run have in common. ``domain`` is the right side of their Message-IDs."""

    kind: Kind
    body_id: uuid.UUID
    subject: str
    domain: str
    smtp_service_id: uuid.UUID | None = None
    knowledge_base_id: uuid.UUID | None = None
    not_before_at: datetime | None = None
    expires_at: datetime | None = None
    # For digests: who may see what was decided at this version, and holds until then.
    run_id: uuid.UUID | None = None
    visibility_version: int | None = None
    decide_again_at: datetime | None = None


def enqueue_many(run: Run, messages: Iterable[Addressed]) -> Iterator[int]:
    """Queue messages in chunks, each committed; yields how many each chunk added, for whoever shows progress.

    Call it with an account entered and nothing written; the account stays entered.
    """
    waiting = iter(messages)
    while chunk := list(islice(waiting, CHUNK)):
        rows = rows_of(run, chunk)  # Sealing is slow: before the transaction.
        begin_writing()
        added = insert(rows)
        commit()
        yield added


def rows_of(run: Run, messages: Iterable[Addressed]) -> list[dict[str, Any]]:
    """Messages as :func:`insert` takes them, sealed for the account that was entered."""
    account = current_account()
    return [_row(run, one, account) for one in messages]


def insert(rows: list[dict[str, Any]]) -> int:
    """Insert those that are new, in the caller's write section, and wake their lanes; answers how many."""
    begin_writing()
    if not rows:
        return 0
    for lane_id in {row["lane_id"] for row in rows}:
        wake_lane(lane_id)
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        done = connection.execute(sqlite.insert(MESSAGES).on_conflict_do_nothing(), rows)
        return cast("CursorResult[Any]", done).rowcount
    new = postgresql.insert(MESSAGES).on_conflict_do_nothing().returning(MESSAGES.c.id)
    return len(connection.execute(new, rows).all())


def _row(run: Run, one: Addressed, account: uuid.UUID) -> dict[str, Any]:
    public_id = new_id()
    message_id = f"<{public_id.hex}@{run.domain}>"
    place = Place(
        table="outbox_messages",
        column="parts_sealed",
        account=str(account),
        row=str(public_id),
        destination=f"{message_id} {one.recipient}",
    )
    return {
        "account_id": account,
        "public_id": public_id,
        "deduplication_key": one.deduplication_key,
        "kind": run.kind.value,
        "priority": PRIORITY[run.kind],
        "status": Status.QUEUED.value,
        "lane_id": run.smtp_service_id or PLATFORM,
        "smtp_service_id": run.smtp_service_id,
        "knowledge_base_id": run.knowledge_base_id,
        "recipient": one.recipient,
        "subject": run.subject,
        "message_id": message_id,
        "body_id": run.body_id,
        "parts_sealed": ring().seal_text(json.dumps(dict(one.parts)), purpose="outbox", place=place),
        "attempts": 0,
        "created_at": clock.now(),
        "not_before_at": run.not_before_at,
        "expires_at": run.expires_at,
        "last_reply": "",
        "run_id": run.run_id,
        "visibility_version": run.visibility_version,
        "decide_again_at": run.decide_again_at,
    }
