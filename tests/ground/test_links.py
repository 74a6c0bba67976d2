"""One-time links: for one purpose, once, until they expire, and worthless to whoever reads the database."""

import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from kbadmin.database import db, ledger, unit_of_work
from kbadmin.links import OneTimeLink, Purpose, consume, find, hand_out, revoke
from tests.databases import both_databases

SOMEBODY = uuid.UUID(int=1)
DAY = timedelta(days=1)


@pytest.fixture
def token(app, clock):
    with app.app_context(), unit_of_work():
        return hand_out(Purpose.SET_PASSWORD, subject_id=SOMEBODY, lifetime=DAY)


def use(app, token):
    with app.app_context():
        link = find(Purpose.SET_PASSWORD, token)
        if link is None:
            return False
        with ledger() as session:
            return consume(link.id, session=session)


@both_databases
def test_a_link_works_once(app, token):
    assert use(app, token)
    assert not use(app, token)


def test_opening_a_link_does_not_use_it_up(app, token):
    with app.app_context():
        assert find(Purpose.SET_PASSWORD, token).subject_id == SOMEBODY
        assert find(Purpose.SET_PASSWORD, token).is_alive


def test_a_link_expires(app, token, clock):
    clock.advance(hours=23, minutes=59)
    with app.app_context():
        assert find(Purpose.SET_PASSWORD, token)
    clock.advance(minutes=1)
    assert not use(app, token)


def test_a_link_that_expires_between_opening_and_sending_is_refused(app, token, clock):
    with app.app_context():
        link_id = find(Purpose.SET_PASSWORD, token).id
    clock.advance(days=1)
    with app.app_context(), ledger() as session:
        assert not consume(link_id, session=session)


def test_a_link_opens_nothing_but_its_purpose(app, token):
    with app.app_context():
        assert find(Purpose.INVITATION, token) is None


def test_a_made_up_link_opens_nothing(app, token):
    with app.app_context():
        assert find(Purpose.SET_PASSWORD, token[:-1] + "x") is None
        assert find(Purpose.SET_PASSWORD, "") is None


def test_a_new_link_ends_the_one_before(app, token):
    with app.app_context(), unit_of_work():
        second = hand_out(Purpose.SET_PASSWORD, subject_id=SOMEBODY, lifetime=DAY)
    assert not use(app, token)
    assert use(app, second)


def test_a_revoked_link_does_not_work(app, token):
    with app.app_context(), unit_of_work():
        revoke(Purpose.SET_PASSWORD, subject_id=SOMEBODY)
    assert not use(app, token)


def test_the_database_does_not_hold_the_token(app, token):
    with app.app_context():
        row = db.session.scalars(select(OneTimeLink)).one()
        assert token not in repr({column.name: getattr(row, column.name) for column in OneTimeLink.__table__.columns})


@both_databases
def test_of_many_simultaneous_tries_one_succeeds(app, token):
    won = []
    threads = [threading.Thread(target=lambda: won.append(use(app, token))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
