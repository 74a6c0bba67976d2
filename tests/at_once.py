"""Two people in the same moment, for sure: the second is held up by what the first has not committed yet.

On PostgreSQL alone: on SQLite the second does not even begin to write.
"""

import threading
import time
from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.sql import column, table

from kbadmin.database import begin_writing, commit, db, unit_of_work
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
            _wait_until_somebody_waits(thread)
        finally:
            commit()
            thread.join(SECONDS)
    return raised[0]


def _wait_until_somebody_waits(thread: threading.Thread) -> None:
    activity = table("pg_stat_activity", column("datname"), column("wait_event_type"))
    waiting = select(func.count()).where(
        activity.c.datname == func.current_database(), activity.c.wait_event_type == "Lock"
    )
    limit = time.monotonic() + SECONDS
    while thread.is_alive() and time.monotonic() < limit:
        with db.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        thread.join(0.01)
    raise AssertionError("the second one did not wait for the first")
