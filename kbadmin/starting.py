"""What a program checks before it serves or works, and how a command says that it will not.

An installation whose keys or schema are not the right ones stops here, with one sentence and status 78
(``EX_CONFIG`` of sysexits.h), before it writes anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy.exc import IntegrityError, OperationalError

from kbadmin import installation, key_rotation, schema
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import KeyRing, Unreadable
from kbadmin.key_settings import ConfigurationError
from kbadmin.schema import WrongSchema
from kbadmin.sealing import ring

EX_UNAVAILABLE = 69
EX_CONFIG = 78
QUEUE_DRIVERS = {"sqlite3", "psycopg", "redis", "huey"}  # Some are not installed, so their errors have no common name.


class WrongKeys(RuntimeError):
    """The keys are not those of this database. ``str()`` says what to do."""


class Refusal(click.ClickException):
    """A sentence for the operator; the class says the status for the service manager."""

    exit_code = EX_CONFIG

    def show(self, file: Any = None) -> None:
        """Print the sentence alone, to standard error."""
        click.echo(self.message, file=file, err=file is None)


class Unavailable(Refusal):
    """What we need is not there now; starting again later may help."""

    exit_code = EX_UNAVAILABLE


class Commands(click.Group):
    """A group whose commands say in a sentence that they were refused, however they were started."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        with refusing():
            return super().invoke(ctx)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what an operator must put right into a :class:`Refusal`."""
    try:
        yield
    except (ConfigurationError, WrongSchema, WrongKeys) as error:
        raise Refusal(str(error)) from error
    except OperationalError as error:
        reason = first_line(error)
        raise Unavailable(
            f"The database cannot be used: {reason}. Check KBADMIN_DATABASE_URL and that it runs."
        ) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in QUEUE_DRIVERS:
            raise
        reason = first_line(error)
        raise Unavailable(f"The queue cannot be used: {reason}. Check KBADMIN_QUEUE_URL and that it runs.") from error


def first_line(error: Exception) -> str:
    """What an exception says, on one line; for a database's, what its driver said."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def require_ready() -> None:
    """Raise :class:`WrongSchema` or :class:`WrongKeys` unless this database is ours; plant the canary if it is new."""
    schema.require_current()
    require_keys()


def require_keys() -> None:
    """Raise :class:`WrongKeys` unless the keys open this database; plant the canary where there is none."""
    if not keys_are_proven():
        _plant(ring())


def keys_are_proven() -> bool:
    """Whether a canary proves the keys; false if none was planted yet. Raises :class:`WrongKeys` for other keys."""
    keys = ring()
    has_canary = _open_canary(keys)
    _require_every_kid(keys)
    if not has_canary:
        _require_samples_to_open()
    return has_canary


def _other_keys(reason: str) -> WrongKeys:
    return WrongKeys(
        f"The encryption keys are not those of this database: {reason}. "
        "Give KBADMIN_KEYS_FILE or KBADMIN_KEYS the keys it had; nothing was changed."
    )


def _open_canary(keys: KeyRing) -> bool:
    try:
        return installation.check_canary(keys)
    except Unreadable as error:
        raise _other_keys(str(error)) from None
    finally:
        db.session.rollback()


def _require_every_kid(keys: KeyRing) -> None:
    missing = sorted({holding.kid for holding in key_rotation.holdings()} - {*keys.kids, key_rotation.DAMAGED})
    db.session.rollback()
    if missing:
        raise WrongKeys(
            f"The database holds secrets under {', '.join(map(repr, missing))}, which your keys do not include. "
            "Add the missing lines to KBADMIN_KEYS_FILE below the current key; nothing was changed."
        )


def _require_samples_to_open() -> None:
    """Without a canary, a key of the right name but other content shows only when it opens nothing."""
    for reason in key_rotation.unreadable_samples():
        raise _other_keys(reason)


def _plant(keys: KeyRing) -> None:
    try:
        with unit_of_work():
            if not installation.check_canary(keys):
                installation.plant_canary(keys)
    except IntegrityError:  # Another process planted it in the same moment; then it must open.
        _open_canary(keys)
