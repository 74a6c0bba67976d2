"""The verbs of an import: begin, start, stop, find; and the rows that cannot be imported."""

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select

from kbadmin import clock
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, db
from kbadmin.engine import wake
from kbadmin.readers.csv_files import Sheet
from kbadmin.readers.import_models import Existing, Plan, ReaderImport, ReaderImportRow, Stage
from kbadmin.readers.importing import move_import
from kbadmin.readers.operations import Belongings

RECENT = 10
PAGE = 100
SAMPLE = 5


class NotNow(RuntimeError):
    """The import is at another stage by now."""


@dataclass(frozen=True)
class Upload:
    """A file that can be read, and what it was called."""

    content: bytes
    file_name: str
    sheet: Sheet


def begin(
    upload: Upload, *, existing: Existing, belongings: Belongings, sends_welcome: bool, actor: Actor
) -> ReaderImport:
    """Keep the file and have its rows checked; nothing is imported before :func:`start`."""
    begin_writing()
    found = ReaderImport(
        file_name=upload.file_name[:200],
        content=upload.content,
        existing=existing,
        group_ids=sorted(str(one) for one in belongings.groups),
        reads_everything=belongings.reads_everything,
        knowledge_base_ids=sorted(str(one) for one in belongings.knowledge_bases),
        sends_welcome=sends_welcome,
        welcomed=0 if sends_welcome else None,
        unreached=0 if sends_welcome else None,
        unknown_columns=upload.sheet.unknown,
        rows=upload.sheet.row_count,
        begun_by={"id": str(actor.id or ""), "label": actor.label, "network_address": actor.network_address},
    )
    db.session.add(found)
    record("readers import prepared", actor=actor, file=found.file_name, rows=found.rows)
    _wake(found)
    return found


def start(import_id: uuid.UUID, *, actor: Actor) -> ReaderImport:
    """Import what was checked. Raises LookupError, and :class:`NotNow` if it is not the time for it."""
    begin_writing()
    found = _found(import_id)
    if found.stage != Stage.CHECKED or not found.importable:
        raise NotNow(found.stage)
    found.stage, found.moved_at = Stage.RUNNING, clock.now()
    record("readers import started", actor=actor, file=found.file_name, rows=found.importable)
    _wake(found)
    return found


def stop(import_id: uuid.UUID, *, actor: Actor) -> ReaderImport:
    """Import no more of it; what was imported stays. Raises LookupError, and :class:`NotNow` if it is over."""
    begin_writing()
    found = _found(import_id)
    if found.stage in (Stage.DONE, Stage.STOPPED):
        raise NotNow(found.stage)
    found.stage, found.content, found.finished_at = Stage.STOPPED, None, clock.now()
    waiting = delete(ReaderImportRow).where(
        ReaderImportRow.import_id == import_id, ReaderImportRow.plan != Plan.PROBLEM
    )
    db.session.execute(waiting.execution_options(synchronize_session=False))
    record("readers import stopped", actor=actor, file=found.file_name, created=found.created, updated=found.updated)
    return found


def find(import_id: uuid.UUID) -> ReaderImport | None:
    """One import of the account, or nothing."""
    return db.session.scalar(select(ReaderImport).filter_by(id=import_id))


def recent() -> list[ReaderImport]:
    """The newest imports."""
    return list(db.session.scalars(select(ReaderImport).order_by(ReaderImport.created_at.desc()).limit(RECENT)))


def problems(import_id: uuid.UUID, after: int = 0) -> tuple[list[ReaderImportRow], int | None]:
    """Rows that cannot be imported, from after one of them, and where the next page begins."""
    query = select(ReaderImportRow).where(
        ReaderImportRow.import_id == import_id,
        ReaderImportRow.plan == Plan.PROBLEM.value,
        ReaderImportRow.number > after,
    )
    found = list(db.session.scalars(query.order_by(ReaderImportRow.number).limit(PAGE + 1)))
    return found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else None


def sample(import_id: uuid.UUID) -> list[ReaderImportRow]:
    """The first rows that will become readers, so that one sees how the file was read."""
    query = select(ReaderImportRow).where(
        ReaderImportRow.import_id == import_id, ReaderImportRow.plan == Plan.CREATE.value
    )
    return list(db.session.scalars(query.order_by(ReaderImportRow.number).limit(SAMPLE)))


def _found(import_id: uuid.UUID) -> ReaderImport:
    found = db.session.scalar(select(ReaderImport).where(ReaderImport.id == import_id).with_for_update())
    if found is None:
        raise LookupError(import_id)
    return found


def _wake(found: ReaderImport) -> None:
    wake(move_import, str(found.account_id), str(found.id))
