"""Readers as a file for spreadsheets (RFC 4180): streamed, and nothing in it that is taken for a formula.

Rows are read a thousand at a time, each in a short reading transaction of its own, so that a slow download keeps
nobody waiting and holds nothing open. The columns are those that an import takes, and some more.
"""

import csv
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from kbadmin.database import ACCOUNT
from kbadmin.delivery.exporting import safe
from kbadmin.readers.file_columns import EMAIL, FIRST_NAME, FURTHER, LAST_NAME
from kbadmin.readers.line_names import access_of, groups_of
from kbadmin.readers.listing import LINE, Wanted, after_line, conditions, ordered
from kbadmin.readers.models import Reader

CHUNK = 1_000


def rows(engine: Engine, account_id: uuid.UUID, wanted: Wanted, labels: Mapping[str, str]) -> Iterator[str]:
    """The lines of the file in the order of the list; ``labels`` are those of the account's own fields, by column."""
    yield lines([[EMAIL, FIRST_NAME, LAST_NAME, *labels.values(), *FURTHER]])
    last = None
    while True:
        with Session(engine, info={ACCOUNT: account_id}) as session:
            found = _read(session, wanted, list(labels), last)
            ids = [line.id for line in found]
            groups, access = groups_of(ids, session), access_of(ids, session)
        if found:
            yield lines([_row(line, list(labels), groups, access) for line in found])
        if len(found) < CHUNK:
            return
        last = found[-1]


def lines(table: Sequence[Sequence[Any]]) -> str:
    """Rows as text, each cell safe in a spreadsheet."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in table)
    return text.getvalue()


def _read(session: Session, wanted: Wanted, columns: list[str], last: Any) -> Sequence[Any]:
    own = [getattr(Reader, column) for column in columns]
    query = select(*LINE, Reader.sort_key, *own).where(*conditions(session, wanted))
    if last is not None:
        query = query.where(after_line(wanted.sort, last))
    return session.execute(ordered(query, wanted.sort).limit(CHUNK)).all()


def _row(line: Any, columns: list[str], groups: Mapping[Any, list[str]], access: Mapping[Any, list[str]]) -> list[str]:
    return [
        line.email,
        line.first_name,
        line.last_name,
        *(getattr(line, column) for column in columns),
        line.status,
        ", ".join(groups.get(line.id, [])),
        "everything" if line.reads_everything else ", ".join(access.get(line.id, [])),
        _moment(line.created_at),
        _moment(line.signed_in_at),
    ]


def _moment(at: datetime | None) -> str:
    """ISO 8601 in UTC: 2026-03-02T09:00:00Z."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
