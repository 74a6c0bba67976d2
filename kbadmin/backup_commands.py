"""``kbadmin backup`` and ``kbadmin restore``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext

from kbadmin import backups, config
from kbadmin.backup_files import BackupRefused, FileTaken, Found, NotNow
from kbadmin.starting import Refusal, Unavailable, refusing

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@FILE
@with_appcontext
def backup(file: Path) -> None:
    """Copy the database into a new FILE, while everything runs."""
    with _telling():
        contents = backups.back_up(config.current(), file)
    click.echo(f"Backed up to {file}: {file.stat().st_size:,} bytes, at migration {contents.revision}.")
    click.echo("The encryption keys are not in it. Keep a copy of them elsewhere: without them its secrets are lost.")


@click.command()
@FILE
@click.option("--replace", "is_replacing", is_flag=True, help="Also if the database is not empty; it is kept aside.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@with_appcontext
def restore(file: Path, *, is_replacing: bool, is_sure: bool) -> None:
    """Put the backup FILE in the place of the database. The worker stays paused until `kbadmin outbox resume`."""

    def may_replace(found: Found) -> bool:
        return is_replacing and (is_sure or click.confirm(f"The database {found}. Replace it?", err=True))

    with _telling():
        done = backups.restore(config.current(), file, may_replace=may_replace)
    click.echo(f"Restored from {file}, at migration {done.revision}.")
    if done.aside is not None:
        click.echo(f"The database that was there is kept as {done.aside}.")
    if not done.is_current:
        click.echo("It is of an older version: run `kbadmin db upgrade`.")
    click.echo("The encryption keys are not part of a backup; those you have open it.")
    click.echo("The worker is paused, and sends nothing until you run `kbadmin outbox resume`.")


@contextmanager
def _telling() -> Iterator[None]:
    with refusing():
        try:
            yield
        except FileTaken as error:
            raise click.UsageError(str(error)) from None
        except BackupRefused as error:
            raise Refusal(str(error)) from None
        except NotNow as error:
            raise Unavailable(str(error)) from None
