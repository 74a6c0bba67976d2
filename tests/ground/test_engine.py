"""The engine: a wake-up goes out when its transaction is kept, never otherwise."""

import threading
import time
from dataclasses import replace

import pytest

from kbadmin import engine
from kbadmin.accounts.models import Account
from kbadmin.database import begin_writing, db, settle, unit_of_work
from tests.databases import both_databases, on_postgresql
from tests.factories import Worker

heard: list[tuple[object, ...]] = []
swept = threading.Event()


@engine.task
def note_for_the_engine_tests(*arguments: str | int) -> None:
    """Write down what it was called with, and prove that there is an application context."""
    db.session.query(Account).count()
    heard.append(arguments)


@pytest.fixture(autouse=True)
def silence():
    heard.clear()


def ask(app, *arguments, fail=False):
    def work():
        with unit_of_work():
            engine.wake(note_for_the_engine_tests, *arguments)
            db.session.add(Account(name="x", slug=f"x{time.monotonic_ns()}"))
            if fail:
                raise ValueError("changed its mind")

    with app.app_context():
        work()


@both_databases
def test_a_wake_up_goes_out_after_the_commit(app, worker):
    ask(app, "id-1", 2)
    assert heard == []
    assert worker.drain() == 1
    assert heard == [("id-1", 2)]


@both_databases
def test_a_rolled_back_transaction_wakes_nobody(app, worker):
    with pytest.raises(ValueError, match="changed its mind"):
        ask(app, "id-1", fail=True)
    assert worker.drain() == 0


def test_a_wake_up_of_the_refused_request_does_not_slip_into_the_next(app, worker):
    with app.app_context():
        begin_writing()
        engine.wake(note_for_the_engine_tests, "refused")
        settle(app.response_class(status=403))
        with unit_of_work():
            pass
    assert worker.drain() == 0


def test_threads_do_the_work_until_they_are_stopped(app, worker):
    worker.start()
    ask(app, "in a thread")
    deadline = time.monotonic() + 30
    while not heard and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.of(app).stop()
    assert heard == [("in a thread",)]
    ask(app, "too late")
    assert heard == [("in a thread",)]


def test_a_lost_wake_up_does_not_fail_the_request(app, caplog):
    engine.of(app).huey.storage.sql("DROP TABLE task", commit=True)
    ask(app, "lost")
    assert "wake-up lost" in caplog.text


def test_wake_ups_travel_as_json(app):
    ask(app, "id-1")
    (message,) = engine.of(app).huey.storage.enqueued_items()
    assert bytes(message).startswith(b"[")
    assert b"id-1" in bytes(message)


@on_postgresql
def test_the_queue_lives_in_postgresql_too(settings, make_app):
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    app = make_app(replace(settings, queue_url=url))
    engine.of(app).huey.storage.blocking = False
    ask(app, "through postgresql")
    assert Worker(app).drain() == 1
    assert heard == [("through postgresql",)]


def test_two_tasks_of_one_name_would_replace_each_other_and_are_refused():
    def a_task_of_its_own() -> None:
        """Nothing to do."""

    name = engine.task(a_task_of_its_own).__qualname__
    try:
        stranger = type(a_task_of_its_own)(a_task_of_its_own.__code__, {"__name__": "another.module"})
        stranger.__qualname__ = name
        with pytest.raises(RuntimeError, match="two tasks are named"):
            engine.task(stranger)
    finally:
        del engine.TASKS[name]
