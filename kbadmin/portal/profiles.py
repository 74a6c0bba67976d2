"""The verbs of a reader's own profile: another name, no sessions."""

import uuid

from kbadmin import clock
from kbadmin.audit.operations import Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.readers import sessions
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import Reader
from kbadmin.readers.passwords import actor_of
from kbadmin.seen import Seen, Trail, Values, require_unchanged


def shown(reader: Reader) -> Values:
    """What the form of one's own profile shows."""
    return {"first_name": reader.first_name, "last_name": reader.last_name}


def rename(
    reader_id: uuid.UUID, *, first_name: str, last_name: str, seen: Seen | None = None, network_address: str
) -> None:
    """Give oneself another name. Raises LookupError and :class:`kbadmin.seen.ChangedMeanwhile`."""
    begin_writing()
    reader = db.session.get_one(Reader, reader_id, with_for_update=True)
    if reader.deleted_at is not None:  # Meanwhile: what was wiped stays so.
        raise LookupError(reader_id)
    wanted = {"first_name": first_name, "last_name": last_name}
    trail = Trail(_subject(reader), ("reader changed", "reader changed their name"))
    require_unchanged(seen, now=shown(reader), wanted=wanted, trail=trail)
    if (reader.first_name, reader.last_name) == (first_name, last_name):
        return
    actor = actor_of(reader, network_address)
    reader.first_name, reader.last_name = first_name, last_name
    keys = keys_of(reader.email, first_name, last_name)
    reader.sort_key, reader.name_key = keys.sort_key, keys.name_key
    reader.updated_at = clock.now()
    record("reader changed their name", actor=actor, subject=_subject(reader))


def sign_out_everywhere(reader_id: uuid.UUID, *, network_address: str) -> None:
    """End every session of this reader."""
    begin_writing()
    reader = db.session.get_one(Reader, reader_id)
    sessions.end_all(reader_id)
    record("reader signed out everywhere", actor=actor_of(reader, network_address), subject=_subject(reader))


def _subject(reader: Reader) -> Subject:
    return Subject("reader", reader.id, reader.label)
