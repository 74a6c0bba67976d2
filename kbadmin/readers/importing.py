"""Imports in the background: first every row is checked, then, when somebody said so, every row is done.

Some hundreds of rows go into one short transaction with the count of them, and a row that has been done is gone. So
whoever takes over after a crash goes on exactly there: nothing is half imported, and nothing twice.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from kbadmin import clock
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, commit, db, stop_reading, unit_of_work
from kbadmin.engine import sweep, task, wake
from kbadmin.readers import fields
from kbadmin.readers.csv_files import BadFile, open_sheet
from kbadmin.readers.import_checks import Checked, Rules
from kbadmin.readers.import_models import Existing, Plan, ReaderImport, ReaderImportRow, Stage
from kbadmin.readers.importing_rows import do_rows
from kbadmin.readers.models import Reader
from kbadmin.tenancy import current_account, enter, every_account

CHUNK = 250
WELCOMED = 50  # at once: each welcome is a letter of its own, and others wait for the transaction
TRIES = 5  # for rows that others add as well
SECONDS_AT_ONCE = 5.0  # Others wait for the same threads.
LEFT_BEHIND = timedelta(seconds=20)
KEPT = timedelta(days=30)
MOVING = (Stage.CHECKING.value, Stage.RUNNING.value)


@task
def move_import(account_id: str, import_id: str) -> None:
    """Take an import some chunks further. A second wake-up finds the rows taken and does no harm."""
    enter(uuid.UUID(account_id))
    found = db.session.get(ReaderImport, uuid.UUID(import_id))
    if found is None:
        return
    stage, checked = found.stage, found.checked
    stop_reading()
    if stage == Stage.CHECKING:
        _check(uuid.UUID(import_id), checked)
    elif stage == Stage.RUNNING:
        _run(uuid.UUID(import_id))


@sweep
def imports_left_behind() -> None:
    """Wake imports whose wake-up was lost or whose worker died; forget old ones with all that is left of their rows."""
    with every_account() as session:
        still = select(ReaderImport.account_id, ReaderImport.id).where(
            ReaderImport.stage.in_(MOVING), ReaderImport.moved_at < clock.now() - LEFT_BEHIND
        )
        waiting = [(str(account), str(found)) for account, found in session.execute(still)]
        old = delete(ReaderImport).where(
            ReaderImport.stage.not_in(MOVING), ReaderImport.created_at < clock.now() - KEPT
        )
        session.execute(old.execution_options(synchronize_session=False))
    for account, found in waiting:
        wake(move_import, account, found)
    if waiting:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _check(import_id: uuid.UUID, checked: int) -> None:
    content = db.session.scalar(select(ReaderImport.content).where(ReaderImport.id == import_id))
    own = fields.all_fields()
    labels = {fields.column_of(field): field.label for field in own}
    rules = Rules(labels, frozenset(fields.column_of(field) for field in own if field.is_required))
    stop_reading()
    try:
        rows = islice(open_sheet(content or b"", labels).rows(), checked, None)
    except BadFile:  # It was good when it came: the account's fields were changed meanwhile.
        with unit_of_work():
            if (found := _mine(import_id, Stage.CHECKING)) is not None:
                found.stage, found.content, found.finished_at = Stage.STOPPED, None, clock.now()
        return
    limit = time.monotonic() + SECONDS_AT_ONCE
    while True:
        chunk = [rules.check(row) for row in islice(rows, CHUNK)]  # Slow, hence before the transaction.
        with unit_of_work():
            found = _mine(import_id, Stage.CHECKING)
            if found is None or found.checked != checked:
                return
            if not chunk:
                found.stage, found.content = Stage.CHECKED, None
                return
            _keep(found, chunk)
            checked += len(chunk)
            if _is_over(limit, found):
                return


def _run(import_id: uuid.UUID) -> None:
    limit, tries = time.monotonic() + SECONDS_AT_ONCE, TRIES
    while True:
        try:
            with unit_of_work():
                goes_on = _do_some(import_id, limit)
        except IntegrityError:  # Somebody else added one of these readers just now: next time they are known.
            tries -= 1
            if not tries:
                raise
        else:
            if not goes_on:
                return
            tries = TRIES


def _do_some(import_id: uuid.UUID, limit: float) -> bool:
    """Do the next rows. Whether there may be more of them, and time for it."""
    found = _mine(import_id, Stage.RUNNING)
    if found is None:
        return False
    query = select(ReaderImportRow).where(
        ReaderImportRow.import_id == import_id, ReaderImportRow.plan != Plan.PROBLEM.value
    )
    at_once = WELCOMED if found.sends_welcome else CHUNK
    rows = list(db.session.scalars(query.order_by(ReaderImportRow.number).limit(at_once)))
    if not rows:
        _finish(found)
        return False
    do_rows(found, rows)
    done = delete(ReaderImportRow).where(ReaderImportRow.id.in_([row.id for row in rows]))
    db.session.execute(done.execution_options(synchronize_session=False))
    return not _is_over(limit, found)


def _keep(found: ReaderImport, chunk: Sequence[Checked]) -> None:
    """Store checked rows with what is to be done with each, and count them."""
    keys = {row.email_key for row in chunk if row.email_key}
    known = set(db.session.scalars(select(Reader.email_key).where(Reader.email_key.in_(keys))))
    before = select(ReaderImportRow.email_key, ReaderImportRow.number).where(
        ReaderImportRow.import_id == found.id, ReaderImportRow.email_key.in_(keys)
    )
    first = {row[0]: row[1] for row in db.session.execute(before)}
    for row in chunk:
        plan, problem = _decided(row, first, known, Existing(found.existing))
        _count(found, plan)
        kept = ReaderImportRow(
            import_id=found.id, number=row.number, values=row.values, plan=plan, problem=problem[:300]
        )
        if plan is not Plan.PROBLEM and row.email_key:
            kept.email_key = row.email_key
            first[row.email_key] = row.number
        db.session.add(kept)
    found.checked += len(chunk)


def _decided(
    row: Checked, first: dict[str | None, int], known: set[str | None], existing: Existing
) -> tuple[Plan, str]:
    if row.problem:
        return Plan.PROBLEM, row.problem
    if row.email_key in first:
        return Plan.PROBLEM, f"The same address stands in row {first[row.email_key]}."
    if row.email_key in known:
        return (Plan.UPDATE if existing is Existing.UPDATE else Plan.SKIP), ""
    return (Plan.PROBLEM, row.missing) if row.missing else (Plan.CREATE, "")


def _count(found: ReaderImport, plan: Plan) -> None:
    name = {Plan.CREATE: "to_create", Plan.UPDATE: "to_update", Plan.SKIP: "to_skip", Plan.PROBLEM: "problems"}[plan]
    setattr(found, name, getattr(found, name) + 1)


def _finish(found: ReaderImport) -> None:
    found.stage, found.finished_at = Stage.DONE, clock.now()
    welcomes: dict[str, Any] = {}
    if found.welcomed is not None:
        welcomes = {"welcomed": found.welcomed, "not_welcomed": found.unreached}
    record(
        "readers imported",
        actor=actor_of(found),
        file=found.file_name,
        created=found.created,
        updated=found.updated,
        skipped=found.skipped,
        problems=found.problems,
        **welcomes,
    )


def actor_of(found: ReaderImport) -> Actor:
    """Whoever began the import, as the audit log knows them."""
    known = found.begun_by
    person = uuid.UUID(known["id"]) if known.get("id") else None
    return Actor(person, known.get("label", ""), known.get("network_address", ""))


def _mine(import_id: uuid.UUID, stage: Stage) -> ReaderImport | None:
    """The import, locked, if it still stands where it is to be worked on."""
    query = select(ReaderImport).where(ReaderImport.id == import_id).with_for_update()
    found = db.session.scalar(query.execution_options(populate_existing=True))
    return found if found is not None and found.stage == stage else None


def _is_over(limit: float, found: ReaderImport) -> bool:
    """Whether to let others have the thread; then the rest has been asked for."""
    found.moved_at = clock.now()
    if time.monotonic() < limit:
        return False
    wake(move_import, str(current_account()), str(found.id))
    return True
