"""Statements that are put into words once: the same rows as ever, one account's, with today's values."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.accounts.models import Account
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.prepared import Prepared
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.tenancy import NoAccount, enter, every_account
from tests.databases import both_databases
from tests.factories import inside
from tests.readers.people import add

COLUMNS = (Reader.id, Reader.email, Reader.created_at, Reader.signed_in_at, Reader.reads_everything)
SINCE = Reader.created_at > bindparam("since")
NEWEST = Prepared(lambda: select(*COLUMNS).where(SINCE).order_by(Reader.email).limit(2))
COUNTED = Prepared(lambda: select(func.count(Reader.id).label("number")))
CHOSEN = Prepared(lambda: select(Reader.email).where(Reader.status.in_([ReaderStatus.ACTIVE, ReaderStatus.PENDING])))
INSIDE = Prepared(lambda: select(select(func.count(Reader.id)).scalar_subquery() + bindparam("more", type_=Integer())))
ACCOUNTS = Prepared(lambda: select(Account.id).where(Account.slug == bindparam("slug")))


@both_databases
def test_a_row_is_what_the_models_say(app, account):
    anna = add(app, account, "anna@example.com", "Anna")
    with inside(app, account):
        row = NEWEST.row(since=clock.now() - timedelta(minutes=1))
        assert row == db.session.execute(select(*COLUMNS)).one()
        assert (row.id, row.email, row.signed_in_at) == (anna, "anna@example.com", None)
        assert row.created_at.tzinfo is not None
        assert row.reads_everything is True


@both_databases
@pytest.mark.parametrize("statement", [COUNTED, CHOSEN, INSIDE])
def test_each_account_gets_its_own_rows(app, two_accounts, statement):
    acme, globex = two_accounts
    add(app, acme, "acme@example.com")
    add(app, globex, "globex@example.com")
    add(app, globex, "globex2@example.com", status=ReaderStatus.PENDING)
    values = {"more": 0} if statement is INSIDE else {}
    for owner, number in [(acme, 1), (globex, 2), (acme, 1), (globex, 2)]:
        with inside(app, owner):
            rows = statement.rows(**values)
            assert (rows[0][0] if statement in (COUNTED, INSIDE) else len(rows)) == number


def test_nobody_reads_without_an_account(app, account):
    with app.app_context(), pytest.raises(NoAccount):
        COUNTED.scalar()
    with app.app_context(), every_account() as session, pytest.raises(NoAccount):
        COUNTED.scalar(session)


def test_what_belongs_to_no_account_is_read_without_one(app, account):
    with app.app_context():
        assert ACCOUNTS.scalar(slug=account.slug) == account.id
        assert ACCOUNTS.scalar(slug="nowhere") is None


def test_models_are_not_loaded(app, account):
    with inside(app, account), pytest.raises(TypeError):
        Prepared(lambda: select(Reader)).rows()


def test_an_account_cannot_be_named_by_who_asks(app, two_accounts):
    acme, globex = two_accounts
    add(app, globex, "globex@example.com")
    with inside(app, acme):
        assert COUNTED.scalar(entered_account=globex.id) == 0


@both_databases
def test_values_are_those_of_the_asking(app, account):
    add(app, account, "anna@example.com")
    with inside(app, account):
        assert [INSIDE.scalar(more=more) for more in (0, 5, 1)] == [1, 6, 2]
        assert NEWEST.rows(since=clock.now() + timedelta(minutes=1)) == []
        with pytest.raises(KeyError):
            NEWEST.rows()


@both_databases
def test_what_was_just_written_is_seen(app, account):
    with inside(app, account), unit_of_work():
        begin_writing()
        email = f"{uuid.uuid4().hex}@example.com"
        db.session.add(Reader(email=email, email_key=email, email_domain="example.com", sort_key="", name_key=""))
        assert COUNTED.scalar() == 1


def test_another_session_may_ask(app, two_accounts):
    add(app, two_accounts[1], "globex@example.com")
    with inside(app, two_accounts[0]), Session(db.engine) as other:
        enter(two_accounts[1].id, other)
        assert COUNTED.scalar(other) == 1
        assert COUNTED.scalar() == 0
