"""The verbs of an account: open one, change its name and time zone."""

import re
import unicodedata
import uuid
from typing import Any

from sqlalchemy import select

from kbadmin.accounts.models import Account
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.seen import Seen, Trail, Values, require_unchanged
from kbadmin.tenancy import current_account, enter

LONGEST_SLUG = 50


def create_account(name: str, *, actor: Actor) -> Account:
    """A new account without people; the session enters it."""
    begin_writing()
    account = Account(name=name, slug=_free_slug(name))
    db.session.add(account)
    db.session.flush()
    enter(account.id)
    record("account opened", actor=actor, subject=_subject(account))
    return account


def shown(account: Account) -> Values:
    """What the form of the account's settings shows."""
    return {name: getattr(account, name) for name in ("name", "time_zone", "delivery_log_days")}


def change_settings(
    *, name: str, time_zone: str, delivery_log_days: int, seen: Seen | None = None, actor: Actor
) -> Account:
    """Save the account's settings; what stays the same is not recorded.

    Raises :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    account = held()
    wanted = {"name": name, "time_zone": time_zone, "delivery_log_days": delivery_log_days}
    trail = Trail(_subject(account), ("account settings changed",))
    require_unchanged(seen, now=shown(account), wanted=wanted, trail=trail)
    changed: dict[str, Any] = {
        column: f"{before} → {after}"
        for column, before, after in [
            ("name", account.name, name),
            ("time_zone", account.time_zone, time_zone),
            ("delivery_log_days", account.delivery_log_days, delivery_log_days),
        ]
        if before != after
    }
    account.name, account.time_zone, account.delivery_log_days = name, time_zone, delivery_log_days
    if changed:
        record("account settings changed", actor=actor, subject=_subject(account), **changed)
    return account


def current() -> Account:
    """The account that was entered."""
    return db.session.get_one(Account, current_account())


def held() -> Account:
    """The same, in a write section and until its end: who holds it takes turns with everybody else who does."""
    return db.session.get_one(Account, current_account(), with_for_update={"key_share": True})


def name_of(account_id: uuid.UUID) -> str:
    """The name of an account."""
    return db.session.get_one(Account, account_id).name


def find_by_slug(slug: str) -> Account | None:
    """The account that this slug stands for in addresses of the portal."""
    return db.session.scalar(select(Account).filter_by(slug=slug))


def _subject(account: Account) -> Subject:
    return Subject("account", account.id, account.name)


def _free_slug(name: str) -> str:
    """A short word for addresses, out of the name; a number is added when it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    wanted = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or "account"
    taken = set(db.session.scalars(select(Account.slug).where(Account.slug.startswith(wanted, autoescape=True))))
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
