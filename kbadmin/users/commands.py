"""``kbadmin users reset`` and ``kbadmin accounts open``: what an operator does by hand. They print one-time links."""

import click
from flask.cli import AppGroup

from kbadmin.accounts.commands import accounts
from kbadmin.database import unit_of_work
from kbadmin.email_addresses import NotOneAddress, canonical_address
from kbadmin.users import invitations, password_changes

users: click.Group = AppGroup("users", help="People of this installation.")


@users.command("reset")
@click.argument("email")
def reset(email: str) -> None:
    """Print a one-time link with which EMAIL sets a new password, valid for 24 hours."""
    try:
        address = password_changes.print_reset_link(email)
    except LookupError:
        raise click.ClickException(f"There is nobody with the address {email}.") from None
    click.echo(address)


@accounts.command("open")
@click.argument("name")
@click.option("--owner", required=True, metavar="EMAIL", help="E-mail address of the account's owner.")
def open_account(name: str, owner: str) -> None:
    """Open an account called NAME, and print the one-time link with which its owner begins, valid for 7 days."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise click.ClickException("Give the account a name of 1 to 120 characters.")
    try:
        owner = canonical_address(owner)
    except NotOneAddress as error:
        raise click.ClickException(str(error)) from None
    with unit_of_work():
        address = invitations.open_account(name, owner)
    click.echo(address)
