"""Ending what lets readers in: their sessions in the portal, and the one-time links they were sent, or will be."""

import uuid
from collections.abc import Collection

from sqlalchemy import delete

from kbadmin.database import db
from kbadmin.links import OneTimeLink
from kbadmin.outbox.operations import withdraw_links
from kbadmin.readers.models import ReaderSession


def sign_out(reader_ids: Collection[uuid.UUID]) -> None:
    """End every session and every link of these readers, whose ids come from inside the account."""
    ended = delete(ReaderSession).where(ReaderSession.reader_id.in_(reader_ids))
    db.session.execute(ended.execution_options(synchronize_session=False))
    forget_links(reader_ids)


def forget_links(reader_ids: Collection[uuid.UUID]) -> None:
    """End every link of these readers; letters that wait for their turn to bring one are cancelled."""
    ended = delete(OneTimeLink).where(OneTimeLink.subject_id.in_(reader_ids))
    db.session.execute(ended.execution_options(synchronize_session=False))
    withdraw_links(reader_ids)
