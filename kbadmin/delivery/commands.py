"""``kbadmin outbox status`` and ``retry``: where the messages stand, and once more for those that failed."""

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from kbadmin import config, installation, schema
from kbadmin.accounts.models import Account
from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import db, unit_of_work
from kbadmin.delivery import figures
from kbadmin.delivery.log_filters import Wanted
from kbadmin.delivery.log_operations import Deed, do_to_all
from kbadmin.outbox.commands import outbox
from kbadmin.outbox.models import Status
from kbadmin.smtp.models import State
from kbadmin.tenancy import enter

__all__ = ["outbox"]


@outbox.command()
@with_appcontext
def status() -> None:
    """Show how many messages stand where, over all accounts, and who delivers them."""
    schema.require_current()
    found = figures.collect()
    for state, count in found.messages.items():
        click.echo(f"{state.value:<10} {count:>10,}")
    if found.oldest_due_seconds:
        click.echo(f"The oldest message that could leave now has waited for {_duration(found.oldest_due_seconds)}.")
    for services, words in (
        (found.services[State.PAUSED], "paused"),
        (found.services[State.NEEDS_AUTHORIZING], "without authorization or password"),
        (found.services[State.DEGRADED], "in difficulties"),
    ):
        if services:
            click.echo(f"SMTP services {words}: {services}. Their messages wait.")
    if reason := installation.is_paused(config.current()):
        click.echo(f"The worker is paused. {reason}")
    since = found.workers.seconds_since_beat
    if found.workers.alive:
        click.echo(f"Workers: {found.workers.alive}.")
    elif since is None:
        click.echo("No worker runs. Start one with `kbadmin work`.")
    else:
        click.echo(f"No worker runs: the last sign of one is {_duration(since)} old. Start one with `kbadmin work`.")


@outbox.command()
@click.option("--account", "slug", metavar="NAME", help="Only this account's, by its short name in addresses.")
@with_appcontext
def retry(*, slug: str | None) -> None:
    """Send again what failed or is held, as far as its content is kept and it is not too late."""
    schema.require_current()
    query = select(Account.id, Account.name).order_by(Account.name)
    accounts = db.session.execute(query.where(Account.slug == slug) if slug else query).all()
    if slug and not accounts:
        raise click.ClickException(f"There is no account «{slug}». Look into the addresses of its pages.")
    for account_id, name in accounts:
        db.session.remove()
        enter(account_id)
        for state in (Status.FAILED, Status.HELD):
            with unit_of_work():
                facts = {"state": state.value}
                done = do_to_all(Wanted(state=state), Deed.SEND_AGAIN, actor=COMMAND_LINE, facts=facts)
            if done.number:
                more = ", and more in the background" if done.goes_on else ""
                click.echo(f"{name}: {done.number} that were {state.value} are sent again{more}.")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
