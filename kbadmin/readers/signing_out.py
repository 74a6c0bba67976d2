"""Ending what lets readers in: their sessions in the portal, and the one-time links they were sent."""

import uuid
from collections.abc import Collection

from sqlalchemy import delete

from kbadmin.database import db
from kbadmin.links import OneTimeLink
from kbadmin.readers.models import ReaderSession


def sign_out(reader_ids: Collection[uuid.UUID]) -> None:
    """End every session and every link of these readers, whose ids come from inside the account."""
    for statement in (
        delete(ReaderSession).where(ReaderSession.reader_id.in_(reader_ids)),
        delete(OneTimeLink).where(OneTimeLink.subject_id.in_(reader_ids)),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))
