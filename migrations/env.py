"""Runs Alembic inside the application: its engine, its metadata, nothing read from an ini file."""

from alembic import context
from flask import current_app
from sqlalchemy import LargeBinary

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


run()
