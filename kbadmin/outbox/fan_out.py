"""enqueue_many(): the messages of one run into the outbox, thousands at a time.

They share a body, compiled before; a row holds only whose it is and its personal parts, sealed. A row whose
deduplication key is there already is left out, so that a run that was interrupted is simply begun again. Core inserts
jump the account fence, hence the account is named here, from the session that entered it.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, CursorResult, Dialect

from kbadmin import clock
from kbadmin.database import begin_writing, commit, db
from kbadmin.ids import new_ids, with_dashes
from kbadmin.outbox.models import MESSAGES, PLATFORM, PRIORITY, Kind, Status
from kbadmin.outbox.operations import wake_lane
from kbadmin.sealing import ring
from kbadmin.tenancy import current_account

CHUNK = 400  # rows of one transaction: long enough to be fast, short enough that nobody else waits noticeably


class Addressed(NamedTuple):
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


class Own(NamedTuple):
    """The columns of a row that are its own; all others are the same in the whole batch."""

    public_id: str  # hexadecimal digits
    deduplication_key: str
    recipient: str
    message_id: str
    parts_sealed: str


@dataclass(frozen=True)
class Batch:
    """Rows of one run that share a body, sealed and ready to be inserted."""

    shared: Mapping[str, Any] = field(repr=False)
    rows: list[Own] = field(repr=False)


def enqueue_many(run: Run, messages: Iterable[Addressed]) -> Iterator[int]:
    """Queue messages in chunks, each committed; yields how many each chunk added, for whoever shows progress.

    Call it with an account entered and nothing written; the account stays entered.
    """
    waiting = iter(messages)
    while chunk := list(islice(waiting, CHUNK)):
        batch = batch_of(run, chunk)  # Sealing is slow: before the transaction.
        begin_writing()
        added = insert(batch)
        commit()
        yield added


def batch_of(run: Run, messages: Iterable[Addressed]) -> Batch:
    """Messages as :func:`insert` takes them, sealed for the account that was entered."""
    account = current_account()
    return Batch(_shared(run, account), list(_own(run, messages, str(account))))


def insert(batch: Batch) -> int:
    """Insert those that are new, in the caller's write section, and wake their lane; answers how many."""
    begin_writing()
    if not batch.rows:
        return 0
    wake_lane(batch.shared["lane_id"])
    connection = db.session.connection()
    shared = [_bound(connection.dialect, name, value) for name, value in batch.shared.items()]
    if connection.dialect.name == "sqlite":
        return sum(
            _execute(
                connection, _sqlite_statement(tuple(batch.shared), len(rows)), (*shared, *chain.from_iterable(rows))
            )
            for rows in _alike(batch.rows)
        )
    values = (*shared, *map(list, zip(*batch.rows, strict=True)))
    return _execute(connection, _postgresql_statement(tuple(batch.shared), connection.dialect), values)


def _execute(connection: Connection, statement: str, values: tuple[Any, ...]) -> int:
    return cast("CursorResult[Any]", connection.exec_driver_sql(statement, values)).rowcount


def _alike(rows: list[Own]) -> Iterator[list[Own]]:
    """Hundreds, then tens, then one by one: statements of few sizes are kept ready by the driver."""
    start = 0
    for size in (100, 10, 1):
        while start + size <= len(rows):
            yield rows[start : start + size]
            start += size


# By hand, as this runs for every message of a digest: what rows share is made ready once and, where there is a server
# to be asked, sent once.
@lru_cache(maxsize=16)
def _sqlite_statement(shared: Sequence[str], count: int) -> str:
    names, marks = ", ".join((*shared, *Own._fields)), ", ".join("?" * len(shared))
    rows = ", ".join([f"({', '.join('?' * len(Own._fields))})"] * count)
    new = f"SELECT {marks}, own.* FROM (VALUES {rows}) AS own"  # noqa: S608 - Our columns.
    return f"INSERT OR IGNORE INTO {MESSAGES.name} ({names}) {new}"


@lru_cache(maxsize=4)
def _postgresql_statement(shared: Sequence[str], dialect: Dialect) -> str:
    names = ", ".join((*Own._fields, *shared))
    scalars = ", ".join(f"CAST(%s AS {MESSAGES.c[name].type.compile(dialect)})" for name in shared)
    lists = ", ".join(["%s::uuid[]", *["%s::text[]"] * (len(Own._fields) - 1)])
    rows = f"SELECT own.*, {scalars} FROM unnest({lists}) AS own"  # noqa: S608 - Our columns.
    return f"INSERT INTO {MESSAGES.name} ({names}) {rows} ON CONFLICT DO NOTHING"


def _bound(dialect: Dialect, name: str, value: Any) -> Any:
    process = MESSAGES.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return process(value) if process else value


def _own(run: Run, messages: Iterable[Addressed], account: str) -> Iterator[Own]:
    waiting = list(messages)
    ids = new_ids(len(waiting))
    message_ids = [f"<{one}@{run.domain}>" for one in ids]
    clear = [
        (_json(one.parts), with_dashes(public_id), f"{message_id} {one.recipient}")
        for one, public_id, message_id in zip(waiting, ids, message_ids, strict=True)
    ]
    sealed = ring().seal_column(clear, purpose="outbox", table=MESSAGES.name, column="parts_sealed", account=account)
    for one, public_id, message_id, parts in zip(waiting, ids, message_ids, sealed, strict=True):
        yield Own(public_id, one.deduplication_key, one.recipient, message_id, parts)


def _json(parts: Mapping[str, str]) -> str:
    """What ``json.dumps`` would say, which makes ready for anything each time."""
    return f"{{{', '.join([f'{_quoted(name)}: {_quoted(text)}' for name, text in parts.items()])}}}"


def _shared(run: Run, account: uuid.UUID) -> dict[str, Any]:
    return {
        "account_id": account,
        "kind": run.kind.value,
        "priority": PRIORITY[run.kind],
        "status": Status.QUEUED.value,
        "lane_id": run.smtp_service_id or PLATFORM,
        "smtp_service_id": run.smtp_service_id,
        "knowledge_base_id": run.knowledge_base_id,
        "subject": run.subject,
        "body_id": run.body_id,
        "attempts": 0,
        "created_at": clock.now(),
        "not_before_at": run.not_before_at,
        "expires_at": run.expires_at,
        "last_reply": "",
        "run_id": run.run_id,
        "visibility_version": run.visibility_version,
        "decide_again_at": run.decide_again_at,
    }
