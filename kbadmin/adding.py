"""Adding a row that there is once: of two who add it in the same moment, both go on with the same one.

On SQLite writers queue up, and the second one finds the row when it looks. On PostgreSQL both may look before either
has added it: the database lets the second one wait for the first, and then refuses it.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kbadmin.database import Base, db

Row = TypeVar("Row", bound=Base)


def added(row: Row, find: Callable[[], Row | None], *, session: Session | None = None) -> Row:
    """Add a row, or answer the same one that somebody else has added since we looked. In a write section."""
    chosen = session or db.session()
    chosen.flush()  # What else is pending is not refused for this row.
    try:
        with chosen.begin_nested():
            chosen.add(row)
    except IntegrityError:
        found = find()
        if found is None:  # Something else was wrong with it.
            raise
        return found
    return row
