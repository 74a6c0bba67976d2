"""Transactions: one write section per request, a ledger beside it, nothing kept of what went wrong."""

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask, abort
from sqlalchemy import select, text

from kbadmin.access import Permission, requires
from kbadmin.accounts.models import Account
from kbadmin.database import (
    AlreadyWriting,
    NotWriting,
    UtcDateTime,
    begin_writing,
    commit,
    db,
    ledger,
    new_id,
    own_session,
    settle,
    stop_reading,
    unit_of_work,
)
from kbadmin.ids import digits_of, id_of, new_ids, with_dashes
from tests.databases import both_databases, on_postgresql

NAMES = select(Account.name).order_by(Account.name)


def open_one(name):
    db.session.add(Account(name=name, slug=name))


def names(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(NAMES))


@both_databases
@pytest.mark.parametrize(("status", "kept"), [(200, ["a"]), (303, ["a"]), (400, []), (422, []), (500, [])])
def test_a_response_below_400_commits(app, status, kept):
    with app.test_request_context():
        begin_writing()
        open_one("a")
        settle(app.response_class(status=status))
    assert names(app) == kept


@both_databases
def test_a_crash_keeps_nothing(app):
    def crash():
        with unit_of_work():
            open_one("a")
            db.session.flush()
            _ = 1 / 0

    with app.app_context(), pytest.raises(ZeroDivisionError):
        crash()
    assert names(app) == []


@both_databases
def test_the_ledger_outlives_a_refusal(app):
    with app.test_request_context():
        with ledger() as session:
            session.add(Account(name="counted", slug="counted"))
        begin_writing()
        open_one("refused")
        settle(app.response_class(status=403))
    assert names(app) == ["counted"]


def test_the_ledger_comes_before_the_write_section(app):
    with app.app_context():
        begin_writing()
        with pytest.raises(AlreadyWriting), ledger():
            pass


def test_a_change_outside_a_write_section_is_refused(app):
    with app.app_context():
        open_one("a")
        with pytest.raises(NotWriting):
            db.session.flush()
        with pytest.raises(NotWriting):
            begin_writing()


def test_beginning_twice_changes_nothing(app):
    with app.app_context():
        begin_writing()
        open_one("a")
        begin_writing()
        commit()
    assert names(app) == ["a"]


@both_databases
def test_a_write_section_reads_what_is_true_now(app):
    with app.app_context():
        assert db.session.scalars(NAMES).all() == []
        with ledger() as session:
            session.add(Account(name="meanwhile", slug="meanwhile"))
        begin_writing()
        assert db.session.scalars(NAMES).all() == ["meanwhile"]


@both_databases
def test_nothing_is_open_while_we_wait_for_a_stranger(app):
    with app.app_context():
        db.session.scalars(NAMES).all()
        stop_reading()
        assert not db.session().in_transaction()
        begin_writing()
        with pytest.raises(AlreadyWriting):
            stop_reading()


def test_two_writers_on_sqlite_queue_up_instead_of_failing(app):
    def write(name):
        with app.app_context(), unit_of_work():
            db.session.scalars(NAMES).all()
            time.sleep(0.02)
            open_one(name)

    threads = [threading.Thread(target=write, args=(f"n{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(app) == [f"n{number}" for number in range(6)]


def test_sqlite_keeps_its_promises(app):
    with app.app_context():
        pragma = {
            name: db.session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@on_postgresql
def test_a_lost_connection_is_replaced(app):
    with app.app_context():
        db.session.scalars(NAMES).all()
        db.session.rollback()
        with own_session() as session:
            mine = session.scalar(text("SELECT pg_backend_pid()"))
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            session.execute(text(f"{others} AND pid <> :mine"), {"mine": mine})
        db.session.remove()
        assert db.session.scalars(NAMES).all() == []


@both_databases
def test_times_come_back_in_utc(app):
    berlin_summer = timezone(timedelta(hours=2))
    with app.app_context(), unit_of_work():
        db.session.add(Account(name="a", slug="a", created_at=datetime(2026, 7, 1, 14, 30, 15, 123456, berlin_summer)))
    with app.app_context():
        assert db.session.scalar(select(Account.created_at)) == datetime(2026, 7, 1, 12, 30, 15, 123456, UTC)
        assert db.session.scalar(select(Account.created_at)).tzinfo == UTC


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(datetime(2026, 7, 1, 14, 30), None)


def test_ids_are_version_7_and_sort_by_age():
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert first < second


def test_many_ids_are_version_7_ascend_and_have_random_ends():
    before, found, after = new_id(), [uuid.UUID(one) for one in new_ids(5_000)], time.time_ns() // 1_000_000
    assert {(one.version, one.variant) for one in found} == {(7, "specified in RFC 4122")}
    assert found == sorted(found)
    assert before.int >> 80 <= found[0].int >> 80 <= found[-1].int >> 80 <= after + 1
    assert len({one.int & (2**62 - 1) for one in found}) == 5_000
    assert new_ids(0) == []


def test_an_id_is_said_as_its_uuid_says_it():
    one = new_id()
    assert with_dashes(one.hex) == str(one)
    assert digits_of(one) == digits_of(one.hex) == one.hex
    assert id_of(one) == id_of(one.hex) == one


def test_an_error_page_answers_a_refusal_and_rolls_back(app):
    @requires(Permission.PUBLIC)
    def refuse():
        begin_writing()
        open_one("a")
        db.session.flush()
        abort(409)

    app.view_functions["health.live"] = refuse
    assert app.test_client().get("/healthz", base_url="http://localhost").status_code == 409
    assert names(app) == []
