"""Several in the same moment, for sure: somebody is held up by what another has not committed yet.

On PostgreSQL that is looked up; on SQLite the second does not even begin to write.
"""

import threading
import time
from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.sql import column, table

from kbadmin.database import SQLITE_BEGIN, begin_writing, commit, db, unit_of_work
from tests.factories import OpenedAccount, inside

SECONDS = 30


def second_meets_first(
    app: Flask, account: OpenedAccount, first: Callable[[], object], second: Callable[[], object]
) -> type[Exception] | None:
    """Do the first, and before it is committed the second, in a thread; what the second one raised, or nothing."""
    raised: list[type[Exception] | None] = []

    def come_second() -> None:
        try:
            with inside(app, account), unit_of_work():
                second()
        except Exception as error:
            raised.append(type(error))
        else:
            raised.append(None)

    thread = threading.Thread(target=come_second)
    with inside(app, account):
        begin_writing()
        first()
        db.session.flush()
        thread.start()
        try:
            if db.engine.dialect.name != "sqlite":
                wait_until_they_wait([thread])
        finally:
            commit()
            thread.join(SECONDS)
    return raised[0]


def all_held_up(app: Flask, held: str, deeds: Sequence[Callable[[], object]]) -> list[type[Exception] | None]:
    """Begin all of these in threads, held up by this statement until each of them waits; what each raised, or nothing.

    On SQLite they wait for their turn to write.
    """
    raised: list[type[Exception] | None] = [None] * len(deeds)

    def do(number: int) -> None:
        try:
            with app.app_context():
                deeds[number]()
        except Exception as error:
            raised[number] = type(error)

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(deeds))]
    with app.app_context():
        is_sqlite = db.engine.dialect.name == "sqlite"
        with db.engine.connect().execution_options(**{SQLITE_BEGIN: "IMMEDIATE"}) as holder:
            holder.execute(text("SELECT 1" if is_sqlite else held))
            for thread in threads:
                thread.start()
            try:
                if not is_sqlite:
                    wait_until_they_wait(threads)
            finally:
                holder.rollback()
                for thread in threads:
                    thread.join(SECONDS)
    return raised


def wait_until_they_wait(threads: Sequence[threading.Thread]) -> None:
    """Until PostgreSQL says that each of them waits for a lock; a failure if one ends before."""
    activity = table("pg_stat_activity", column("datname"), column("wait_event_type"))
    waiting = select(func.count()).where(
        activity.c.datname == func.current_database(), activity.c.wait_event_type == "Lock"
    )
    limit = time.monotonic() + SECONDS
    while all(thread.is_alive() for thread in threads) and time.monotonic() < limit:
        with db.engine.connect() as connection:
            if connection.scalar(waiting) == len(threads):
                return
        threads[0].join(0.01)
    raise AssertionError("somebody did not wait")
