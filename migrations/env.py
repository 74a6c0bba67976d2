"""Runs Alembic inside the application: its engine, its metadata, nothing read from an ini file."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, LargeBinary

from kbadmin.database import UtcDateTime, db


def render_item(kind, item, _autogen):
    """Write plain SQLAlchemy types into migrations, so that an old one never imports new code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, LargeBinary):
        return "sa.LargeBinary()"
    return False


def run() -> None:
    """Bring the database to the wanted revision, each migration in a transaction of its own."""
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        _mind_references(connection, on=False)
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            render_item=render_item,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        _mind_references(connection, on=True)


def _mind_references(connection: Connection, *, on: bool) -> None:
    """SQLite changes a table by making it anew, which its own foreign keys would forbid; they are checked after."""
    if connection.dialect.name != "sqlite":
        return
    if on and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise RuntimeError(f"the migration broke a reference of {broken[0]}; restore the backup")
    connection.commit()
    raw = connection.connection.cursor()  # Outside a transaction, where alone this pragma has an effect.
    raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")
    raw.close()


run()
