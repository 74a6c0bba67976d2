"""The schema: this version works with its own migration only, and says what to run."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from kbadmin import schema
from kbadmin.database import db, unit_of_work
from tests.databases import both_databases


@both_databases
def test_a_migrated_database_is_current(app):
    with app.app_context():
        assert schema.is_current()
        schema.require_current()


def test_an_empty_database_asks_for_the_upgrade(settings, make_app, tmp_path):
    app = make_app(replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}"))
    with app.app_context(), pytest.raises(schema.WrongSchema, match=r"migration none.*kbadmin db upgrade"):
        schema.require_current()


def test_a_newer_database_asks_for_the_newer_version(app):
    with app.app_context():
        with unit_of_work():
            db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(schema.WrongSchema, match=r"9999.*newer kbadmin"):
            schema.require_current()
