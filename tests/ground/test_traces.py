"""What was asked and told: read from one text as from rows, and noticed as soon as it would be told otherwise."""

import pytest
from sqlalchemy import Integer, LargeBinary, bindparam, cast, func, select, text

from kbadmin import clock, traces
from kbadmin.database import db, unit_of_work
from kbadmin.prepared import Prepared, PreparedForSome
from kbadmin.readers.models import Reader
from kbadmin.smtp.models import SmtpService
from tests.databases import both_databases
from tests.factories import counting, inside
from tests.readers.people import add

ALL_KINDS = Prepared(
    lambda: (
        select(Reader.id, Reader.email, Reader.created_at, Reader.signed_in_at, Reader.reads_everything,
               Reader.email.is_(None).label("is_odd"), func.length(Reader.email, type_=Integer()).label("letters"),
               SmtpService.secret_expires_on)
        .outerjoin(SmtpService, SmtpService.id == Reader.id)
        .order_by(Reader.email.desc())
    )
)  # fmt: skip
NUMBER = Prepared(lambda: select(func.count(Reader.id)).where(Reader.email >= bindparam("least")))
SOME = PreparedForSome(lambda emails: select(Reader.first_name).where(Reader.email.in_(emails)), Reader.email.type, 3)
IN_BYTES = Prepared(lambda: select(cast(Reader.email, LargeBinary)))
ODD = 'Ann"a \\ \x1f 😀   {}[]'


@both_databases
def test_rows_out_of_a_text_are_the_rows(app, account):
    add(app, account, "anna@example.com", first=ODD.replace("\x1f", ""))
    add(app, account, "bert@example.com", reads_everything=False)
    with inside(app, account):
        plain = [ALL_KINDS.rows(), NUMBER.rows(least="b"), SOME.rows(["anna@example.com"])]
        with traces.tracing(db.session()) as tracing:
            assert [ALL_KINDS.rows(), NUMBER.rows(least="b"), SOME.rows(["anna@example.com"])] == plain
        assert tracing.trace() is not None
        assert [type(cell) for cell in plain[0][0]] == [type(cell) for cell in ALL_KINDS.rows()[0]]
        assert [row.email for row in plain[0]] == ["bert@example.com", "anna@example.com"]


@both_databases
def test_nothing_found_is_an_answer_too(app, account):
    with inside(app, account):
        with traces.tracing(db.session()) as tracing:
            assert ALL_KINDS.rows() == []
        assert tracing.trace().holds(db.session())
    add(app, account, "anna@example.com")
    with inside(app, account):
        assert not tracing.trace().holds(db.session())


@both_databases
def test_a_trace_holds_until_one_answer_is_another(app, account):
    anna = add(app, account, "anna@example.com", "Anna")
    add(app, account, "bert@example.com")
    with inside(app, account), traces.tracing(db.session()) as tracing:
        NUMBER.rows(least="a")
        SOME.rows(["anna@example.com", "carl@example.com"])
    trace = tracing.trace()
    with inside(app, account):
        assert trace.holds(db.session())
        assert trace.holds(db.session())
    with inside(app, account), unit_of_work():
        db.session.get_one(Reader, anna).first_name = "Ann"
    with inside(app, account):
        assert not trace.holds(db.session())


@both_databases
def test_however_much_was_asked_it_is_asked_in_one_statement(app, account):
    with inside(app, account):
        with traces.tracing(db.session()) as tracing:
            for least in ("a", "b", "c"):
                NUMBER.rows(least=least)
            ALL_KINDS.rows()
        with counting(app) as counted:
            assert tracing.trace().holds(db.session())
        assert counted.total == 1


def test_each_account_is_told_its_own(app, two_accounts):
    acme, globex = two_accounts
    for account in two_accounts:
        with inside(app, account), traces.tracing(db.session()) as tracing:
            assert NUMBER.scalar(least="") == 0
    add(app, acme, "anna@example.com")
    with inside(app, acme):
        assert tracing.trace().holds(db.session()), "it asks for the account in which it was made"
    add(app, globex, "anna@example.com")
    with inside(app, acme):
        assert not tracing.trace().holds(db.session())


@pytest.mark.parametrize(
    "ask",
    [
        lambda: db.session.scalars(select(Reader.id)).all(),
        lambda: db.session.get(Reader, db.session.info["reader"]),
        lambda: db.session.connection().execute(text("SELECT 1")),
        IN_BYTES.rows,
        lambda: SOME.rows(["a", "b", "c", "d"]),
    ],
    ids=["a select", "a model", "words", "what no text can hold", "more than has places"],
)
def test_what_is_asked_another_way_leaves_a_hole(app, account, ask):
    reader_id = add(app, account, "anna@example.com")
    with inside(app, account):
        db.session.info["reader"] = reader_id
        with traces.tracing(db.session()) as tracing:
            NUMBER.rows(least=str(clock.now()))
            ask()
            NUMBER.rows(least="")
        assert tracing.trace() is None


def test_what_asked_nothing_has_no_trace(app, account):
    with inside(app, account):
        with traces.tracing(db.session()) as tracing:
            pass
        assert tracing.trace() is None
        assert traces.traced_by(db.session()) is None
