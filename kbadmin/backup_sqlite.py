"""Backup and restore of an SQLite database: ``VACUUM INTO`` while others write, and a rename when nobody does.

``VACUUM INTO`` reads one moment of the database in a transaction that stops no writer, and leaves out what deleted
rows left behind. A file copied by ``cp`` may lack what is still in the write-ahead log, or be torn.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from kbadmin import clock
from kbadmin.backup_files import BackupRefused, Contents, Found, NotNow, aside_of, create_private, keep
from kbadmin.installation import Fact

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def save(database: Path, partial: Path) -> None:
    """Write a consistent copy into an empty file."""
    try:
        with closing(_open(database, "rw")) as connection:
            connection.execute("VACUUM INTO ?", (os.fspath(partial),))
    except sqlite3.Error as error:
        raise BackupRefused(f"{database} cannot be backed up: {error}.") from error


def read(file: Path) -> Contents:
    """Check that a backup is sound, and see what it holds."""
    try:
        with closing(_open(file, "ro")) as connection:
            found = str(connection.execute("PRAGMA quick_check").fetchone()[0])
            if found != "ok":
                raise BackupRefused(f"{file} is damaged: {found}. Take another backup.")
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
            facts = dict(connection.execute("SELECT name, value FROM installation_facts").fetchall())
    except sqlite3.Error as error:
        raise BackupRefused(f"{file} is no sound backup of kbadmin: {error}. Take another backup.") from error
    return Contents(str(revision), facts)


def look(database: Path) -> Found:
    """What is in the database; nothing if there is none."""
    if not database.is_file():
        return Found()
    try:
        with closing(_open(database, "rw")) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'accounts'").fetchone():
                return Found()
            return Found(has_tables=True, accounts=connection.execute("SELECT count(*) FROM accounts").fetchone()[0])
    except sqlite3.Error:
        return Found(is_readable=False)


def put(file: Path, database: Path, *, paused: str) -> Path | None:
    """Put a backup in the place of the database, paused; answers where the old one is kept."""
    fresh = database.with_name(database.name + ".restoring")
    try:
        create_private(fresh)
        _fill(fresh, file, paused)
        _own_like(fresh, database if database.is_file() else database.parent)
        with _alone_with(database):
            aside = _set_aside(database)
            fresh.replace(database)
    finally:
        fresh.unlink(missing_ok=True)
    return aside


def _open(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(os.fspath(file))}?mode={mode}", uri=True, timeout=10, isolation_level=None)


def _fill(fresh: Path, file: Path, paused: str) -> None:
    with closing(_open(file, "ro")) as source, closing(_open(fresh, "rw")) as target:
        source.backup(target)
        target.execute(
            "INSERT OR REPLACE INTO installation_facts (name, value, changed_at) VALUES (?, ?, ?)",
            (Fact.PAUSED.value, paused, f"{clock.now():%Y-%m-%d %H:%M:%S.%f}"),
        )
        target.execute("PRAGMA journal_mode=DELETE")
    read(fresh)
    keep(fresh)


def _own_like(fresh: Path, model: Path) -> None:
    """Whoever runs kbadmin must be able to open it, even if root restores."""
    owner = model.stat()
    with suppress(PermissionError):
        os.chown(fresh, owner.st_uid, owner.st_gid)
    if model.is_file():
        fresh.chmod(owner.st_mode & 0o777)


@contextmanager
def _alone_with(database: Path) -> Iterator[None]:
    """Lock everybody else out. Leaving WAL works for the only connection only, and makes the database one file."""
    if not database.is_file():
        yield
        return
    with closing(_open(database, "rw")) as connection:
        try:
            connection.execute("PRAGMA busy_timeout=1000")
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in _BUSY:
                raise NotNow(f"Somebody still works on {database}. Stop `kbadmin run` and `work` first.") from None
            # A damaged database cannot be locked, and is the very reason for a restore.
        yield


def _set_aside(database: Path) -> Path | None:
    if not database.is_file():
        return None
    aside = aside_of(database)
    for ending in ("-wal", "-shm"):  # Left behind by a damaged database only; they must not meet the new one.
        beside = database.with_name(database.name + ending)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + ending))
    database.replace(aside)
    return aside
