"""Backup and restore of a PostgreSQL database: pg_dump's custom format, put back in one transaction.

pg_dump sees one moment of the database and stops nobody. The tables of the engine's queue are left out both ways.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, NullPool, create_engine, inspect

from kbadmin.backup_files import BackupRefused, Contents, Found, NotNow
from kbadmin.database import Base
from kbadmin.installation import Fact
from kbadmin.postgresql_programs import ProgramFailed, Programs, ProgramsMissing, find

QUEUE_TABLES = "huey_*"
SETTLE_SECONDS = 2.0
OWNERLESS = ("--no-owner", "--no-privileges")
_COPY = re.compile(r"^COPY (\S+)\.(\S+) \((.*)\) FROM stdin;$")
_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE (\S+) (\S+) ")
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def save(url: URL, partial: Path) -> None:
    """Write a consistent copy into an empty file."""
    with _telling():
        programs = programs_for(url)
        programs.run(
            "pg_dump",
            "--format=custom",
            *OWNERLESS,
            f"--exclude-table={QUEUE_TABLES}",
            f"--file={partial}",
            f"--dbname={programs.address}",
        )


def read(file: Path, url: URL) -> Contents:
    """Check that a backup can be read, and see what it holds."""
    with _telling():
        tables = ("--table=alembic_version", "--table=installation_facts")
        text = programs_for(url).run("pg_restore", "--file=-", "--data-only", *tables, str(file)).decode()
    rows = _rows_in(text)
    if "alembic_version" not in rows or "installation_facts" not in rows:
        raise BackupRefused(f"{file} is no backup of kbadmin. Give a file that `kbadmin backup` has made.")
    facts = {row["name"]: row["value"] for row in rows["installation_facts"]}
    return Contents(next((row["version_num"] for row in rows["alembic_version"]), ""), facts)


def look(url: URL) -> Found:
    """What is in the database."""
    with _connected(url) as connection:
        if not inspect(connection).has_table("accounts"):
            return Found()
        count = connection.exec_driver_sql("SELECT count(*) FROM accounts").scalar_one()
        return Found(has_tables=True, accounts=count)


def require_nobody(url: URL) -> None:
    """Raise :class:`NotNow` if somebody else is connected to the database."""
    limit = time.monotonic() + SETTLE_SECONDS  # Connections that we have just closed take a moment to go.
    while others := _others(url):
        if time.monotonic() > limit:
            raise NotNow(f"{others} other connections use the database. Stop `kbadmin run` and `work` first.")
        time.sleep(0.1)


def put(file: Path, url: URL, *, paused: str) -> None:
    """Put a backup in the place of the database, paused: all of it, or nothing."""
    with _telling():
        programs = programs_for(url)
        schema, tables = _tables_in(programs, file)
        drops = "".join(f'DROP TABLE IF EXISTS "{schema}"."{name}" CASCADE;\n' for name in sorted(tables))
        before = f"SET client_min_messages = warning;\nBEGIN;\nSET LOCAL lock_timeout = '10s';\n{drops}"
        quoted = paused.replace("'", "''")
        after = (
            f'\nINSERT INTO "{schema}".installation_facts (name, value, changed_at) '
            f"VALUES ('{Fact.PAUSED.value}', '{quoted}', now()) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at;\nCOMMIT;\n"
        )
        programs.feed_psql(before, file, *OWNERLESS, "--no-comments", after=after)


def _tables_in(programs: Programs, file: Path) -> tuple[str, set[str]]:
    """The schema of our tables, and what must go before they come: this version's, and the backup's own."""
    listed = programs.run("pg_restore", "--list", str(file)).decode()
    found = [match for line in listed.splitlines() if (match := _TABLE.match(line))]
    schema = next((match[1] for match in found if match[2] == "installation_facts"), "public")
    return schema, {match[2] for match in found if match[1] == schema} | set(Base.metadata.tables) | {"alembic_version"}


def _rows_in(text: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each ``COPY … FROM stdin`` in a dump's text."""
    tables: dict[str, list[dict[str, str]]] = {}
    rows: list[dict[str, str]] | None = None
    columns: list[str] = []
    for line in text.split("\n"):
        if rows is not None:
            if line == "\\.":
                rows = None
            else:
                values = [
                    _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), part) for part in line.split("\t")
                ]
                rows.append(dict(zip(columns, values, strict=True)))
        elif match := _COPY.match(line):
            columns = match[3].split(", ")
            rows = tables.setdefault(match[2], [])
    return tables


def programs_for(url: URL) -> Programs:
    """The programs that suit the server of this database. Raises :class:`ProgramsMissing`."""
    with _connected(url) as connection:
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    return find(url, major=version // 10_000)


def _others(url: URL) -> int:
    with _connected(url) as connection:
        count = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        return int(count.scalar_one())


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        yield connection


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except ProgramsMissing as error:
        raise NotNow(str(error)) from None
    except ProgramFailed as error:
        raise BackupRefused(f"{error}. Nothing was changed.") from None
