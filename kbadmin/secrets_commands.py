"""``kbadmin secrets``: which keys the secrets at rest are under, new keys, rotation, proof that all of them open."""

import click
from flask.cli import with_appcontext

from kbadmin import clock, key_rotation, schema
from kbadmin.key_rotation import Holding
from kbadmin.key_settings import ConfigurationError, new_key_line, read_keys
from kbadmin.sealing import ring
from kbadmin.starting import Commands, keys_are_proven


@click.group(cls=Commands)
def secrets() -> None:
    """Keys at rest: status, new-key, rotate, verify."""


@secrets.command()
@with_appcontext
def status() -> None:
    """Show how many secrets are under which key."""
    schema.require_current()
    keys, found = ring(), key_rotation.holdings()
    for kid in dict.fromkeys((*keys.kids, *(holding.kid for holding in found))):
        _print_key(kid, [holding for holding in found if holding.kid == kid])
    if any(holding.kid != keys.current for holding in found):
        click.echo("Not everything is under the current key. Run `kbadmin secrets rotate`.")
    elif len(keys.kids) > 1:
        click.echo("Everything is under the current key. The other keys may go once no backup needs them.")


@secrets.command()
@click.option("--dry-run", "is_dry", is_flag=True, help="Open and count, write nothing.")
@click.option("--batch", default=key_rotation.PAGE, type=click.IntRange(1, 10_000), help="Rows per transaction.")
@with_appcontext
def rotate(*, is_dry: bool, batch: int) -> None:
    """Seal every secret again under the current key: the first line of the key file. May be stopped and run again."""
    schema.require_current()
    keys_are_proven()
    done = key_rotation.rotate(batch=batch, is_dry=is_dry, on_batch=_print_progress)
    verb = "would be sealed" if is_dry else "sealed"
    click.echo(f"{done.resealed} secrets {verb} under {ring().current}.")
    if done.left:
        click.echo(f"{done.left} kept changing meanwhile. Restart kbadmin with the new key first, then run this again.")
    _print_unreadable(done.unreadable)
    if done.left or done.unreadable:
        raise SystemExit(1)


@secrets.command()
@with_appcontext
def verify() -> None:
    """Open every secret; the status is 1 if one does not open."""
    schema.require_current()
    result = key_rotation.verify(on_batch=_print_progress)
    click.echo(f"{result.opened} open, {len(result.unreadable)} unreadable.")
    _print_unreadable(result.unreadable)
    if result.unreadable:
        raise SystemExit(1)


@secrets.command("new-key")
@click.argument("kid", required=False)
def new_key(kid: str | None) -> None:
    """Print a new random key as a line for KBADMIN_KEYS_FILE; KID is its name, today's date by default."""
    line = new_key_line(kid or f"k{clock.now():%Y%m%d}")
    try:
        read_keys(line, None)
    except ConfigurationError:
        raise click.BadParameter("Use 1 to 32 letters, digits, hyphens and underscores.", param_hint="KID") from None
    click.echo(line)


def _print_key(kid: str, holdings: list[Holding]) -> None:
    keys = ring()
    role = "current" if kid == keys.current else "opens only" if kid in keys.kids else "not among your keys"
    if kid == key_rotation.DAMAGED:
        role = "damaged: no envelope"
    click.echo(f"{kid} ({role}): {sum(holding.rows for holding in holdings)}")
    for holding in holdings:
        click.echo(f"    {holding.rows:>8}  {holding.column}")


def _print_progress(done: int) -> None:
    click.echo(f"\r{done} …", nl=False, err=True)


def _print_unreadable(reasons: list[str]) -> None:
    for reason in reasons:
        click.echo(f"Unreadable: {reason}.", err=True)
    if reasons:
        remedy = "Put back the keys those were sealed with, or enter the secrets again on their pages."
        click.echo(remedy, err=True)
