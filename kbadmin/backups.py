"""Backup and restore of the installation's database, whichever it is.

A restored database is *paused* (see :mod:`kbadmin.installation`): its queue holds what was sent since the backup was
made. The engine's wake-ups are in no backup, as they are worth nothing, and a restore empties their queue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flask import current_app
from sqlalchemy import make_url

from kbadmin import backup_postgresql, backup_sqlite, clock, engine, installation, schema
from kbadmin.backup_files import BackupRefused, Contents, FileTaken, Found, Kind, aside_of, kind_of, written_whole
from kbadmin.config import Settings
from kbadmin.database import db
from kbadmin.encryption import KeyRing, Unreadable
from kbadmin.starting import WrongKeys


@dataclass(frozen=True)
class Restored:
    """What a restore has done."""

    revision: str
    is_current: bool
    aside: Path | None  # where the replaced database is kept


class _Store(Protocol):
    """What is done with a database of either kind."""

    kind: Kind

    def save(self, partial: Path) -> None: ...
    def read(self, file: Path) -> Contents: ...
    def look(self) -> Found: ...
    def require_nobody(self) -> None: ...
    def put(self, file: Path, paused: str) -> Path | None: ...


def back_up(settings: Settings, file: Path) -> Contents:
    """Copy the database into a new file while everything runs; answers what is in it."""
    store = _store(settings)
    if store.look() == Found():
        raise BackupRefused("The database has no tables, so there is nothing to back up.")
    with written_whole(file) as partial:
        store.save(partial)
        return store.read(partial)


def restore(settings: Settings, file: Path, *, may_replace: Callable[[Found], bool] = lambda _: False) -> Restored:
    """Put a backup in the place of the database, paused.

    If the database is not empty, ``may_replace`` is asked. Raises
    :class:`kbadmin.backup_files.BackupRefused` and :class:`kbadmin.starting.WrongKeys`, with nothing changed.
    """
    store = _store(settings)
    contents = _check(settings, store, file)
    found = store.look()
    if not found.is_empty and not may_replace(found):
        raise FileTaken("The database is not empty and was not replaced. Use --replace if it shall be.")
    work = engine.of(current_app)
    work.forget_wakes()
    work.close()
    db.session.remove()
    db.engine.dispose()
    store.require_nobody()
    aside = store.put(file, f"was restored from a backup on {clock.now():%Y-%m-%d at %H:%M} UTC")
    return Restored(contents.revision, contents.revision == schema.needed(), aside)


def _check(settings: Settings, store: _Store, file: Path) -> Contents:
    if kind_of(file) != store.kind:
        raise BackupRefused(f"{file} is of {kind_of(file)}, but KBADMIN_DATABASE_URL names a {store.kind} database.")
    contents = store.read(file)
    if not schema.is_known(contents.revision):
        raise BackupRefused(
            f"{file} is at migration {contents.revision or 'none'}, which this version does not know. "
            "Install the kbadmin that made it, or a newer one."
        )
    canary = contents.facts.get(installation.Fact.CANARY)
    try:
        if canary is not None:
            installation.open_canary(KeyRing(settings.keys), canary)
    except Unreadable as error:
        raise WrongKeys(
            f"Your encryption keys do not open this backup: {error}. "
            "Give KBADMIN_KEYS_FILE or KBADMIN_KEYS the keys it was made with; nothing was changed."
        ) from None
    return contents


class _Sqlite:
    kind: Kind = "SQLite"

    def __init__(self, settings: Settings) -> None:
        self.database = Path(make_url(settings.database_url).database or "")

    def save(self, partial: Path) -> None:
        backup_sqlite.save(self.database, partial)

    def read(self, file: Path) -> Contents:
        return backup_sqlite.read(file)

    def look(self) -> Found:
        return backup_sqlite.look(self.database)

    def require_nobody(self) -> None:
        """Its lock tells when the file is exchanged."""

    def put(self, file: Path, paused: str) -> Path | None:
        return backup_sqlite.put(file, self.database, paused=paused)


class _Postgresql:
    kind: Kind = "PostgreSQL"

    def __init__(self, settings: Settings) -> None:
        self.settings, self.url = settings, make_url(settings.database_url)

    def save(self, partial: Path) -> None:
        backup_postgresql.save(self.url, partial)

    def read(self, file: Path) -> Contents:
        return backup_postgresql.read(file, self.url)

    def look(self) -> Found:
        return backup_postgresql.look(self.url)

    def require_nobody(self) -> None:
        backup_postgresql.require_nobody(self.url)

    def put(self, file: Path, paused: str) -> Path | None:
        aside = None if self.look().is_empty else self._set_aside()
        backup_postgresql.put(file, self.url, paused=paused)
        return aside

    def _set_aside(self) -> Path:
        aside = aside_of(self.settings.instance_folder / f"{self.url.database}.dump")
        with written_whole(aside) as partial:
            self.save(partial)
        return aside


def _store(settings: Settings) -> _Store:
    return _Sqlite(settings) if settings.database_url.startswith("sqlite") else _Postgresql(settings)
