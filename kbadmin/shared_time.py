"""The time that everybody who works on one database agrees on: for leases and for limits."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kbadmin import clock


def shared_now(session: Session) -> datetime:
    """The database's time, so that hosts whose clocks differ agree.

    It follows :mod:`kbadmin.clock` where that is stopped or shifted. SQLite's is that of this machine.
    """
    if clock.is_stopped() or session.get_bind().dialect.name == "sqlite":
        return clock.now()
    told: datetime = session.scalars(select(func.clock_timestamp())).one()
    return told.astimezone(UTC) + timedelta(seconds=clock.shift())
