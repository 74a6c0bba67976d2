"""db, the base of all models, and when a transaction begins and ends.

A request reads in a deferred transaction and has at most one *write section*, entered by :func:`begin_writing`
when an operation runs (on SQLite: ``BEGIN IMMEDIATE``, so that two writers queue up instead of failing).
:func:`settle` ends it: a response below 400 commits, anything else rolls back. What must survive a refusal
(counters, refusals in the audit log, the use of a one-time thing) goes through :func:`ledger`, a short transaction
of its own that comes *before* the write section. Commands and the worker use :func:`unit_of_work`.
"""

import os
import secrets
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, event
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from kbadmin.config import Settings
from kbadmin.paths import shipped

ACCOUNT = "account_id"
WRITING = "writing"
SQLITE_BEGIN = "sqlite_begin"
SQLITE_SYNCHRONOUS = "sqlite_synchronous"
LOCK_SECONDS = 5.0  # how long a writer waits for its turn


class NotWriting(RuntimeError):
    """Rows changed outside a write section: the operation forgot :func:`begin_writing`."""


class AlreadyWriting(RuntimeError):
    """A ledger entry was asked for inside the write section, where SQLite could not make it."""


class Base(DeclarativeBase):
    """The base of every model; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite keeps no zone, so one is put back when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: it would be somebody's local time by accident."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored datetime must carry its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read back as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562 §5.7): known before the insert, sorted by age, safe in an address."""
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=number)


def attach(app: Flask, settings: Settings) -> None:
    """Give the application its database, with the pragmas and transaction rules above."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    options: dict[str, Any] = {"hide_parameters": True}  # Errors are logged; the values in them are not for logs.
    if settings.database_url.startswith("sqlite:///"):
        settings.instance_folder.mkdir(parents=True, exist_ok=True)
        options |= {"connect_args": {"timeout": 5}, "pool_size": 16}  # For all threads: opening one costs dearly.
    else:
        # A request may hold two connections at once: its reading, and the ledger.
        options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    migrate.init_app(app, db, directory=os.fspath(shipped("migrations")), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)
    app.after_request(settle)


def is_writing(session: Session | None = None) -> bool:
    """Whether the session (by default the request's) is inside its write section."""
    return bool((session or db.session()).info.get(WRITING))


def begin_writing(*, survives_power_cut: bool = True) -> None:
    """Enter the request's one write section; a second call in the same request changes nothing.

    Reading ends here: rows are read again inside the section, so an operation decides on what is true now.
    Hashing and network calls come before it. ``survives_power_cut``: see :func:`own_session`.
    """
    session = db.session()
    if session.info.get(WRITING):
        return
    if session.new or session.dirty or session.deleted:
        raise NotWriting("rows were changed before begin_writing()")
    session.commit()
    session.info[WRITING] = True
    synchronous = "FULL" if survives_power_cut else "NORMAL"
    session.connection(execution_options={SQLITE_BEGIN: "IMMEDIATE", SQLITE_SYNCHRONOUS: synchronous})


def settle(response: Response) -> Response:
    """End the request's transaction: commit when all went well, roll back when it did not."""
    if not db.session.registry.has():
        return response  # Nobody asked the database anything.
    session = db.session()
    went_well = response.status_code < 400 and session.info.get(WRITING)
    (session.commit if went_well else session.rollback)()
    session.info.pop(WRITING, None)
    return response


def commit() -> None:
    """End the write section now and keep what it wrote: for the OAuth callback, before it calls the provider."""
    session = db.session()
    session.commit()
    session.info.pop(WRITING, None)


def abandon() -> None:
    """Undo the write section and leave it: a constraint has spoken, and the page will say so."""
    session = db.session()
    session.rollback()
    session.info.pop(WRITING, None)


def stop_reading() -> None:
    """End the reading transaction: nothing stays open while we wait for a stranger. Rows are read again later."""
    if is_writing():
        raise AlreadyWriting("commit() ends a write section")
    db.session.rollback()


@contextmanager
def ledger(account_id: uuid.UUID | None = None) -> Iterator[Session]:
    """A short transaction of its own for what must be kept even if the request is refused."""
    if is_writing():
        raise AlreadyWriting("a ledger entry comes before the write section")
    with own_session(account_id) as session:
        yield session


@contextmanager
def own_session(account: object = None, *, survives_power_cut: bool = True) -> Iterator[Session]:
    """A new writing session, committed at the end of the block unless it raises.

    Without ``survives_power_cut`` SQLite does not wait for the disk: what was committed survives the end of the
    process, not of the machine. Only for what can be found out, or done, again.
    """
    options = {SQLITE_BEGIN: "IMMEDIATE", SQLITE_SYNCHRONOUS: "FULL" if survives_power_cut else "NORMAL"}
    with Session(db.engine, info={WRITING: True} | ({ACCOUNT: account} if account else {})) as session:
        session.connection(execution_options=options)
        yield session
        session.commit()


@contextmanager
def unit_of_work() -> Iterator[None]:
    """One write section of a command or of the worker, inside an application context of its own."""
    begin_writing()
    try:
        yield
        commit()
    finally:
        db.session.rollback()
        db.session().info.pop(WRITING, None)


@event.listens_for(Session, "before_flush")
def _only_while_writing(session: Session, *_: Any) -> None:
    if not session.info.get(WRITING) and (session.new or session.dirty or session.deleted):
        raise NotWriting("rows changed outside a write section; call begin_writing() first")


# Checkpoints stay at SQLite's own 1,000 pages: after 4,000 they come less often, but whoever commits then waits longer.
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin event below says when; the driver's own guess is off.
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        _be_synchronous(connection, options.get(SQLITE_SYNCHRONOUS, "FULL"))
        if options.get(SQLITE_BEGIN) == "IMMEDIATE":
            _begin_immediate(connection.connection)
        else:
            connection.connection.cursor().execute("BEGIN DEFERRED")


def _be_synchronous(connection: Connection, wanted: str) -> None:
    if connection.info.setdefault(SQLITE_SYNCHRONOUS, "FULL") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info[SQLITE_SYNCHRONOUS] = wanted


def _begin_immediate(connection: Any) -> None:
    """Ask for the one writer's place every 2 ms: SQLite's own waiting soon sleeps for 100, and others go first."""
    cursor = connection.cursor()
    limit = time.monotonic() + LOCK_SECONDS
    try:
        cursor.execute("PRAGMA busy_timeout=0")
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > limit:
                    raise
                time.sleep(0.002)
    finally:
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()
