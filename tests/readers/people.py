"""Readers, groups and sessions as rows, for tests that need many of them or none in particular."""

import itertools
import uuid
from datetime import timedelta

from sqlalchemy import insert, select

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db, new_id, unit_of_work
from kbadmin.encryption import fingerprint, new_token
from kbadmin.readers import groups, operations
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import Reader, ReaderSession
from kbadmin.readers.operations import Belongings, Details
from tests.factories import inside

OLIVE = Actor(None, "Olive")
_numbers = itertools.count(1)


def add(app, account, email=None, first="", last="", *, fields=None, groups=(), status="active", **belongings):
    """A reader; answers their id."""
    email = email or f"reader{next(_numbers)}@example.org"
    with inside(app, account), unit_of_work():
        details = Details(email, first, last, fields or {})
        wanted = Belongings(frozenset(groups), **belongings)
        return operations.create(details, wanted, status=status, actor=OLIVE).id


def add_many(app, account, count, *, domain="example.net"):
    """Readers inserted at once, named and addressed by their number."""
    with inside(app, account), unit_of_work():
        rows = [_row(account.id, f"many{n:06}@{domain}", f"Many{n:06}", "Person") for n in range(count)]
        for start in range(0, count, 5_000):
            db.session.execute(insert(Reader), rows[start : start + 5_000])


def add_group(app, account, name="Partners", *domains):
    """A group; answers its id."""
    with inside(app, account), unit_of_work():
        return groups.create(name=name, description="", domains=domains, actor=OLIVE).id


def sign_in(app, account, reader_id):
    """A session of the portal, as a row."""
    with inside(app, account), unit_of_work():
        expires_at = clock.now() + timedelta(hours=1)
        row = ReaderSession(account_id=account.id, reader_id=reader_id, expires_at=expires_at)
        row.fingerprint = fingerprint(new_token())
        db.session.add(row)


def sessions(app):
    """How many sessions of readers there are, in all accounts."""
    with app.app_context():
        return len(db.session.scalars(select(ReaderSession)).all())


def row_of(app, account, reader_id):
    """A reader's row as it is now."""
    with inside(app, account):
        found = db.session.get(Reader, reader_id)
        db.session.expunge_all()
        return found


def names(page):
    """The readers that a page of the list shows."""
    return [cell.a.get_text(strip=True) for cell in page.soup.select("th[data-label=Reader]")]


def _row(account_id: uuid.UUID, email, first, last):
    return {
        "id": new_id(), "account_id": account_id, "email": email, "first_name": first, "last_name": last,
        **vars(keys_of(email, first, last)), "reads_everything": True, "status": "active", "created_at": clock.now(),
        "updated_at": clock.now(),
    }  # fmt: skip
