"""The verbs of a reader's own profile: another name, no sessions."""

import uuid

from kbadmin import clock
from kbadmin.audit.operations import Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.readers import sessions
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import Reader
from kbadmin.readers.passwords import actor_of


def rename(reader_id: uuid.UUID, *, first_name: str, last_name: str, network_address: str) -> None:
    """Give oneself another name."""
    begin_writing()
    reader = db.session.get_one(Reader, reader_id)
    if (reader.first_name, reader.last_name) == (first_name, last_name):
        return
    actor = actor_of(reader, network_address)
    reader.first_name, reader.last_name = first_name, last_name
    keys = keys_of(reader.email, first_name, last_name)
    reader.sort_key, reader.name_key = keys.sort_key, keys.name_key
    reader.updated_at = clock.now()
    record("reader changed their name", actor=actor, subject=Subject("reader", reader.id, reader.label))


def sign_out_everywhere(reader_id: uuid.UUID, *, network_address: str) -> None:
    """End every session of this reader."""
    begin_writing()
    reader = db.session.get_one(Reader, reader_id)
    sessions.end_all(reader_id)
    subject = Subject("reader", reader.id, reader.label)
    record("reader signed out everywhere", actor=actor_of(reader, network_address), subject=subject)
