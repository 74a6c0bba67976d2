"""The time for leases and limits: the database's, and the test's own where the clock is stopped."""

from datetime import timedelta

from sqlalchemy import event

from kbadmin import clock as house_clock
from kbadmin.database import db
from kbadmin.shared_time import shared_now
from tests.databases import both_databases, on_postgresql


@both_databases
def test_it_is_the_present_and_has_a_zone(app):
    with app.app_context():
        assert abs(shared_now(db.session()) - house_clock.now()) < timedelta(seconds=30)


@both_databases
def test_it_stands_still_with_the_clock_of_a_test(app, clock):
    clock.advance(days=400)
    with app.app_context():
        assert shared_now(db.session()) == house_clock.now()


@on_postgresql
def test_postgresql_is_asked_so_that_hosts_with_different_clocks_agree(app):
    asked = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        earlier = shared_now(db.session())
        assert shared_now(db.session()) > earlier  # Not the beginning of the transaction, which stands still.
    assert len([statement for statement in asked if "clock_timestamp" in statement]) == 2
