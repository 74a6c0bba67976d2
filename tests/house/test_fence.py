"""The account fence: with one account entered nobody reads or writes another's rows, with none nobody reads at all."""

import ast
import uuid

import pytest
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import aliased, selectinload

from kbadmin.audit.models import AuditEntry
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.delivery.models import TestRun
from kbadmin.smtp.models import SmtpService
from kbadmin.tenancy import NoAccount, enter, every_account, owned_models
from kbadmin.users.models import Membership
from tests.databases import both_databases
from tests.factories import inside
from tests.house.rows import make_row
from tests.house.source import modules

# Whoever goes around the fence, function by function: sweeps and claims, keys, the doctor, the list of memberships.
CALLERS_OF_EVERY_ACCOUNT = {
    "articles.publishing.articles_that_are_due",
    "delivery.running_tests.tests_left_behind",
    "delivery.turns.turn",
    "key_rotation._pages",
    "key_rotation.write",
    "outbox.resuming.expire_older_than",
    "outbox.resuming.waiting",
    "readers.bulk_left_behind.bulk_deeds_left_behind",
    "readers.bulk_left_behind.interrupt_all",
    "readers.rerouting.stopped_reader_emails",
    "readers.importing.imports_left_behind",
    "readers.sign_ups.sign_ups_left_behind",
    "smtp.keeping._unused_grants",
    "smtp.resuming.pauses_that_end",
    "smtp.secret_expiry.expiring",
    "subscriptions.overdue.count",
    "subscriptions.planning.digests_that_are_due",
    "subscriptions.runs.digest_runs_that_ended",
    "subscriptions.requests.forget_expired_requests",
    "subscriptions.subscriber_imports.subscriber_imports_left_behind",
    "users.queries.accounts_of",
}

# Who may write `account_id=`: rows and Core statements outside the fence that name an account, and the fence itself.
WRITERS_OF_ACCOUNT_ID = {
    "audit.operations",
    "delivery.marks",
    "delivery.outcomes",
    "delivery.own_contents",
    "delivery.suppression",
    "links",
    "portal.doorsteps",
    "readers.passwords",
    "readers.rerouting",
    "readers.sessions",
    "readers.sign_ups",
    "smtp.consent",
    "subscriptions.progress",
    "tenancy",
    "users.invitations",
    "users.sessions",
    "users.sign_in",
}

# Who may touch `__table__`: Core statements jump the fence.
USERS_OF_TABLES = {
    "outbox.models",
    "portal.doorsteps",
    "subscriptions.models",
    "subscriptions.run_models",
    "users.sessions",
}

# Who writes batches of messages with Core statements; each names the lane, the lease or the account.
WRITERS_OF_BATCHES = {
    "delivery.claims",
    "delivery.leases",
    "delivery.marks",
    "delivery.outcomes",
    "delivery.own_contents",
    "outbox.fan_out",
}

READS = {
    "select": lambda: db.session.scalars(select(Membership)).all(),
    "legacy query": lambda: db.session.query(Membership).all(),
    "columns": lambda: db.session.execute(select(Membership.id, Membership.role)).all(),
    "count": lambda: [1] * db.session.scalar(select(func.count()).select_from(Membership)),
    "count of a column": lambda: [1] * db.session.scalar(select(func.count(Membership.id))),
    "exists": lambda: db.session.scalars(select(Membership).where(exists(select(Membership.id)))).all(),
    "in": lambda: db.session.scalars(select(Membership).where(Membership.id.in_(select(Membership.id)))).all(),
    "cte": lambda: db.session.execute(select(select(Membership.id).cte())).all(),
    "subquery": lambda: db.session.execute(select(select(Membership.id).subquery())).all(),
    "scalar subquery": lambda: [1] * db.session.scalar(select(select(func.count(Membership.id)).scalar_subquery())),
    "union": lambda: db.session.execute(select(Membership.id).union(select(Membership.id))).all(),
    "alias": lambda: db.session.scalars(select(aliased(Membership))).all(),
    "join": lambda: db.session.execute(select(Membership.id).join(Membership.user)).all(),
    "joined to itself": lambda: db.session.execute(
        select(Membership.id, (other := aliased(Membership)).id).join(other, other.id != Membership.id, isouter=True)
    ).all(),
    "eager load": lambda: db.session.scalars(select(Membership).options(selectinload(Membership.account))).all(),
    "paginate": lambda: db.paginate(select(Membership)).items,
}


@both_databases
@pytest.mark.parametrize("way", READS)
def test_a_read_sees_one_account(app, two_accounts, way):
    with inside(app, two_accounts[0]):
        assert len(READS[way]()) == 1


@both_databases
@pytest.mark.parametrize("way", READS)
def test_a_read_without_an_account_raises(app, two_accounts, way):
    with app.app_context(), pytest.raises((NoAccount, StatementError)) as raised:
        READS[way]()
    assert isinstance(getattr(raised.value, "orig", raised.value), NoAccount)


@both_databases
def test_every_owned_model_is_fenced(app, two_accounts):
    first, second = two_accounts
    for model in owned_models():
        with inside(app, second), unit_of_work():
            theirs = make_row(model).id
        with inside(app, first), unit_of_work():
            ours = make_row(model).id
        with inside(app, first):
            found = db.session.scalars(select(model)).all()
            assert ours in {row.id for row in found}
            assert {row.account_id for row in found} == {first.id}, f"{model.__name__} rows of another account"
            assert db.session.get(model, theirs) is None
            assert db.session.scalar(select(func.count()).select_from(model)) == len(found)


@both_databases
def test_an_update_or_delete_touches_one_account(app, two_accounts):
    first, second = two_accounts
    with inside(app, first), unit_of_work():
        assert db.session.execute(update(Membership).values(manages_smtp=True)).rowcount == 1
    with inside(app, second):
        assert db.session.scalars(select(Membership.manages_smtp)).all() == [False]
    with inside(app, first), unit_of_work():
        assert db.session.execute(delete(Membership)).rowcount == 1
    with inside(app, second):
        assert len(db.session.scalars(select(Membership)).all()) == 1


@both_databases
def test_a_row_for_another_account_is_refused(app, two_accounts):
    first, second = two_accounts
    with inside(app, first):
        begin_writing()
        db.session.add(AuditEntry(action="x", account_id=second.id))
        with pytest.raises(NoAccount):
            db.session.flush()


@both_databases
def test_a_row_cannot_be_moved_to_another_account(app, two_accounts):
    first, second = two_accounts
    with inside(app, first):
        begin_writing()
        db.session.scalars(select(Membership)).one().account_id = second.id
        with pytest.raises(NoAccount):
            db.session.flush()


@both_databases
def test_a_row_cannot_be_merged_into_another_account(app, two_accounts):
    first, second = two_accounts
    with inside(app, first):
        begin_writing()
        db.session.merge(AuditEntry(id=uuid.uuid4(), action="x", account_id=second.id))
        with pytest.raises(NoAccount):
            db.session.flush()


@both_databases
def test_the_database_refuses_a_reference_to_another_accounts_row(app, two_accounts):
    first, second = two_accounts
    with inside(app, second), unit_of_work():
        service_id = make_row(SmtpService).id
    with inside(app, first):
        begin_writing()
        run = make_row(TestRun)
        run.smtp_service_id = service_id
        with pytest.raises(IntegrityError):
            db.session.flush()


def test_a_session_belongs_to_one_account_for_good(app, two_accounts):
    first, second = two_accounts
    with inside(app, first):
        enter(first.id)
        with pytest.raises(NoAccount):
            enter(second.id)


@both_databases
def test_every_account_sees_every_account(app, two_accounts):
    with app.app_context(), every_account() as session:
        assert len(session.scalars(select(Membership)).all()) == 2


def test_two_accounts_by_turns_each_get_their_own_rows(app, two_accounts):
    # One cached statement, several accounts: the account is read when the statement runs.
    for account in (*two_accounts, *two_accounts):
        with inside(app, account):
            assert db.session.scalars(select(Membership)).one().account_id == account.id


def test_nobody_else_goes_around_the_fence():
    callers = {
        f"{module.name}.{name}"
        for module in modules()
        for name, function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "every_account"
    }
    assert callers == CALLERS_OF_EVERY_ACCOUNT


def test_nobody_else_writes_or_compares_an_account_id():
    found = set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == "account_id":
                found.add(module.name)
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                sides = ast.unparse(node.left), ast.unparse(node.comparators[0])
                found |= {module.name} if any(side.endswith(".account_id") for side in sides) else set()
            if isinstance(node, ast.Assign) and any(ast.unparse(t).endswith(".account_id") for t in node.targets):
                found.add(module.name)
    assert found == WRITERS_OF_ACCOUNT_ID


def test_nobody_else_uses_core_tables():
    found = {m.name for m in modules() for node in ast.walk(m.tree) if getattr(node, "attr", "") == "__table__"}
    core = {m.name for m in modules() if {"sqlalchemy.text", "sqlalchemy.insert"} & set(m.imports())}
    assert found | core == USERS_OF_TABLES


def test_nobody_else_writes_messages_in_batches():
    found = {module.name for module in modules() if "kbadmin.outbox.models.MESSAGES" in set(module.imports())}
    assert found == WRITERS_OF_BATCHES


def test_nobody_but_a_run_tells_subscribers_in_batches():
    tables = {"kbadmin.subscriptions.models.SUBSCRIBERS_HERE", "kbadmin.subscriptions.run_models.RUNS"}
    assert {module.name for module in modules() if tables & set(module.imports())} == {"subscriptions.progress"}
