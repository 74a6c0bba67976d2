"""What is done with checked rows: readers created, updated or left alone, by what is true now."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from kbadmin import clock
from kbadmin.database import db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers import belonging, fields, listeners
from kbadmin.readers.groups import groups_of_domains
from kbadmin.readers.import_models import Existing, ReaderImport, ReaderImportRow
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus
from kbadmin.readers.operations import Details, fill, new_reader
from kbadmin.readers.welcomers import welcome


def do_rows(found: ReaderImport, rows: Sequence[ReaderImportRow]) -> None:
    """Do these rows and count them, in the caller's write section."""
    query = select(Reader).where(Reader.email_key.in_([row.email_key for row in rows]))
    known = {reader.email_key: reader for reader in db.session.scalars(query)}
    own = {fields.column_of(field) for field in fields.all_fields()}
    groups = belonging.known_groups(uuid.UUID(one) for one in found.group_ids)
    fresh = [row for row in rows if row.email_key not in known]
    met = [row for row in rows if row.email_key in known]
    _create(found, [_details(row, own, None) for row in fresh], groups)
    found.created += len(fresh)
    if found.existing == Existing.UPDATE:
        for row in met:
            reader = known[row.email_key]
            fill(reader, _details(row, own, reader))
            reader.updated_at = clock.now()
        belonging.join([reader.id for reader in known.values()], groups)
        found.updated += len(met)
    else:
        found.skipped += len(met)
    belonging.visibility_changed()


def _create(found: ReaderImport, wanted: Sequence[Details], groups: Sequence[uuid.UUID]) -> None:
    everything = found.reads_everything
    by = found.begun_by.get("label", "")
    readers = [new_reader(one, reads_everything=everything, status=ReaderStatus.ACTIVE, by=by) for one in wanted]
    # In one order whatever the file's: two imports that add the same readers do not wait for each other crosswise.
    in_order = sorted(readers, key=lambda reader: reader.email_key or "")
    db.session.add_all(in_order)
    db.session.flush()
    listeners.tell_created(readers)
    joining = groups_of_domains({reader.email_domain for reader in readers})
    db.session.add_all(
        ReaderGroupMember(group_id=group_id, reader_id=reader.id)
        for reader in readers
        for group_id in {*groups, *joining.get(reader.email_domain, [])}
    )
    if not everything:
        there = {one.id for one in knowledge_bases.all_of_account()} & {
            uuid.UUID(one) for one in found.knowledge_base_ids
        }
        db.session.add_all(
            ReaderAccess(reader_id=reader.id, knowledge_base_id=one) for reader in readers for one in there
        )
    if found.sends_welcome:
        db.session.flush()
        _welcome(found, readers)


def _welcome(found: ReaderImport, readers: Sequence[Reader]) -> None:
    welcomed = [welcome(reader) for reader in readers].count(True)
    if found.welcomed is not None and found.unreached is not None:  # Not where it began before they were counted.
        found.welcomed += welcomed
        found.unreached += len(readers) - welcomed


def _details(row: ReaderImportRow, own: set[str], reader: Reader | None) -> Details:
    """What the row says; where a cell is empty or a column is not there, a reader keeps what they have."""

    def value(column: str) -> str:
        return row.values.get(column) or (getattr(reader, column) if reader is not None else "")

    email = row.values["email"] if reader is None else reader.email
    return Details(email, value("first_name"), value("last_name"), {column: value(column) for column in sorted(own)})
