"""``kbadmin digests due``: what would go now or next, to how many, and why the rest would not."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from kbadmin import clock, schema
from kbadmin.accounts.models import Account
from kbadmin.database import db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions import obstacles
from kbadmin.subscriptions.forecasts import forecast
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.templating import plural
from kbadmin.tenancy import enter


@click.group()
def digests() -> None:
    """The digests of all knowledge bases."""


@digests.command()
@with_appcontext
def due() -> None:
    """Show, for every knowledge base, the next digest, how many would get it now, and why it would not leave."""
    schema.require_current()
    accounts = db.session.execute(select(Account.id, Account.name).order_by(Account.name)).all()
    if not accounts:
        click.echo("There is no account yet. Open one with `kbadmin accounts open`.")
    for account_id, name in accounts:
        for line in _lines(account_id):
            click.echo(f"{name} / {line}")


def _lines(account_id: uuid.UUID) -> Iterator[str]:
    with current_app.app_context():  # A session of its own: one session, one account.
        enter(account_id)
        settings = {one.knowledge_base_id: one for one in db.session.scalars(select(SubscriptionSettings))}
        for knowledge_base in knowledge_bases.all_of_account():
            yield f"{knowledge_base.name}: {_said(knowledge_base, settings.get(knowledge_base.id))}"


def _said(knowledge_base: KnowledgeBase, settings: SubscriptionSettings | None) -> str:
    reason = obstacles.why_not(settings, knowledge_base)
    if reason is not None or settings is None:
        return f"nothing leaves. {reason}"
    found = forecast(knowledge_base)
    people = (
        f"{found.with_mail:,} of {found.planned:,} subscribers would be told of {plural(len(found.items), 'article')}"
    )
    return f"{_when(settings.next_due_at, knowledge_base.time_zone)}; {people}."


def _when(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return "no next digest is planned"
    if moment <= clock.now():
        return "due now"
    return f"next {moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
