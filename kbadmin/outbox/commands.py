"""``kbadmin outbox``: going on after a pause. What it says of lanes and workers is added by ``delivery``."""

from datetime import timedelta

import click
from flask.cli import with_appcontext

from kbadmin import clock, config, installation, schema
from kbadmin.database import unit_of_work
from kbadmin.outbox import resuming


@click.group()
def outbox() -> None:
    """The queue of e-mails."""


@outbox.command()
@click.option(
    "--expire-older-than",
    "hours",
    type=click.FloatRange(min=0),
    metavar="HOURS",
    help="Do not send what was queued longer ago than this.",
)
@with_appcontext
def resume(*, hours: float | None) -> None:
    """Let the worker go on here after a restore, a move or a copy; this becomes the installation that sends."""
    schema.require_current()
    settings = config.current()
    reason = installation.is_paused(settings)
    click.echo(f"The worker is paused. {reason}" if reason else "The worker is not paused.")
    _print_waiting(resuming.waiting())
    if hours is not None:  # First what must not go out, then the pause.
        expired = resuming.expire_older_than(clock.now() - timedelta(hours=hours))
        click.echo(f"{expired} queued more than {hours:g} hours ago have expired and will not be sent.")
    if reason:
        for said in filter(None, [settle() for settle in resuming.BEFORE]):
            click.echo(said)
    with unit_of_work():
        name = installation.take_over(settings)
    if reason:
        click.echo(f"The worker goes on within seconds, as the installation «{name}».")


def _print_waiting(waiting: resuming.Waiting) -> None:
    since = f", the oldest since {waiting.oldest:%Y-%m-%d %H:%M} UTC" if waiting.oldest else ""
    click.echo(f"{waiting.queued} e-mails are queued and {waiting.sending} were being sent{since}.")
