"""What a backup's file is: whole or not there, for its owner only, never over another; and what it holds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["SQLite", "PostgreSQL"]
_BEGINNINGS: dict[bytes, Kind] = {b"SQLite format 3\0": "SQLite", b"PGDMP": "PostgreSQL"}


class BackupRefused(RuntimeError):
    """The file, or the database, is not one that this can be done with. ``str()`` says what to do."""


class FileTaken(BackupRefused):
    """Something is there already, and is not overwritten."""


class NotNow(RuntimeError):
    """Somebody still works on the database, or a program is missing; later it may go well."""


@dataclass(frozen=True)
class Contents:
    """What a backup says about itself."""

    revision: str
    facts: dict[str, str]


@dataclass(frozen=True)
class Found:
    """What is in a database that is to be backed up, or replaced."""

    has_tables: bool = False
    accounts: int = 0
    is_readable: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is lost with it."""
        return self.is_readable and self.accounts == 0

    def __str__(self) -> str:
        if not self.is_readable:
            return "cannot be read"
        return f"holds {self.accounts} {'account' if self.accounts == 1 else 'accounts'}"


def kind_of(file: Path) -> Kind:
    """Which database a backup is of. Raises :class:`BackupRefused` for anything else."""
    try:
        with file.open("rb") as opened:
            beginning = opened.read(16)
    except OSError as error:
        raise BackupRefused(f"{file} cannot be read: {error.strerror}.") from None
    for known, kind in _BEGINNINGS.items():
        if beginning.startswith(known):
            return kind
    raise BackupRefused(f"{file} is no backup of kbadmin. Give a file that `kbadmin backup` has made.")


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """A file beside ``file`` to write to, which takes its name when the block has ended well, and goes when not."""
    if os.path.lexists(file):
        raise FileTaken(f"{file} exists already and is not overwritten. Give another name.")
    partial = file.with_name(file.name + ".partial")
    try:
        create_private(partial)
        yield partial
        keep(partial)
        os.link(partial, file)  # Unlike a rename it fails when somebody else took the name meanwhile.
    except FileExistsError:
        raise FileTaken(f"{file} exists by now and is not overwritten. Give another name.") from None
    except OSError as error:
        raise BackupRefused(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def create_private(file: Path) -> None:
    """An empty file with mode 0600, instead of whatever an earlier try left there."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def keep(file: Path) -> None:
    """See to it that the disk has what was written."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def aside_of(file: Path) -> Path:
    """A free name for what ``file`` was before a restore."""
    first = file.with_name(file.name + ".before-restore")
    found, number = first, 2
    while os.path.lexists(found):
        found, number = first.with_name(f"{first.name}-{number}"), number + 1
    return found
