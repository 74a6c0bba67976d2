"""Throttles: so many tries in so much time, kept over refusals, restarts and processes."""

import threading

import pytest
from sqlalchemy import select

from kbadmin.database import begin_writing, db
from kbadmin.throttle import Limit, Throttle, count, forget, network_of, spent, wait_seconds
from tests.databases import both_databases

LIMIT = Limit("sign in", count=3, seconds=600)


@pytest.fixture(autouse=True)
def context(app, clock):
    with app.app_context():
        yield


@both_databases
def test_a_limit_is_spent_after_its_count():
    assert [count(LIMIT, "a") for _ in range(3)] == [1, 2, 3]
    assert spent(LIMIT, "a")


def test_two_keys_and_two_names_are_counted_apart():
    for _ in range(3):
        count(LIMIT, "a")
    assert not spent(LIMIT, "b")
    assert not spent(Limit("reset", 3, 600), "a")


def test_a_window_ends(clock):
    for _ in range(3):
        count(LIMIT, "a")
    assert wait_seconds(LIMIT, "a") == 600
    clock.advance(seconds=599)
    assert spent(LIMIT, "a")
    assert wait_seconds(LIMIT, "a") == 1
    clock.advance(seconds=1)
    assert not spent(LIMIT, "a")
    assert count(LIMIT, "a") == 1


def test_a_success_forgets_the_failures_before_it():
    count(LIMIT, "a")
    forget(LIMIT, "a")
    assert count(LIMIT, "a") == 1


def test_a_refused_request_is_counted_all_the_same():
    count(LIMIT, "a")
    begin_writing()
    db.session.rollback()
    db.session.remove()
    assert count(LIMIT, "a") == 2


def test_nothing_counted_means_no_wait():
    assert wait_seconds(LIMIT, "never") == 0


def test_the_key_is_not_kept_in_clear():
    count(LIMIT, "somebody@example.com")
    assert "somebody" not in db.session.scalar(select(Throttle.key))


@both_databases
def test_simultaneous_tries_are_all_counted(app):
    def one():
        with app.app_context():
            count(LIMIT, "a")

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(select(Throttle.count)) == 4


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("2001:db8::4711", "2001:db8::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_a_network_is_the_same_whatever_port_a_proxy_adds(address, network):
    assert network_of(address) == network
