"""``kbadmin outbox``: the queue in figures."""

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from kbadmin import schema
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.tenancy import every_account


@click.group()
def outbox() -> None:
    """The queue of e-mails."""


@outbox.command()
@with_appcontext
def status() -> None:
    """Show how many messages stand where, over all accounts."""
    schema.require_current()
    with every_account() as session:
        rows = session.execute(select(OutboxMessage.status, func.count()).group_by(OutboxMessage.status))
        counts = {Status(state): count for state, count in rows}
        oldest = session.scalar(
            select(func.min(OutboxMessage.not_before_at)).where(OutboxMessage.status == Status.QUEUED)
        )
    for state in Status:
        click.echo(f"{state.value:<10} {counts.get(state, 0):>8}")
    if oldest is not None:
        click.echo(f"The oldest queued message has been due since {oldest:%Y-%m-%d %H:%M} UTC.")
