"""Who sends a request: recognised by the session's cookie, checked against the rows every time.

A session is worth nothing once it is over, its membership is disabled or gone, or its person's password has changed
(which deletes it). Recognising somebody enters their account.
"""

import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Request
from flask_login import UserMixin

from kbadmin import access, clock, config
from kbadmin.access import Permission, Role
from kbadmin.audit.operations import Actor
from kbadmin.tenancy import NoAccount, enter
from kbadmin.users import cookies, sessions
from kbadmin.users.models import Person, User, covers

_WITHOUT_ACCOUNT = (Permission.PUBLIC, Permission.PERSON)


@dataclass(frozen=True)
class Workplace:
    """The account they work in, as of this request."""

    id: uuid.UUID
    name: str
    slug: str
    time_zone: str
    delivery_log_days: int


@dataclass(frozen=True)
class Member:
    """What they are there, as of this request."""

    id: uuid.UUID
    role: Role
    manages_smtp: bool
    manages_readers: bool
    joined_at: datetime | None
    disabled_at: datetime | None


class SignedIn(UserMixin):  # type: ignore[misc]
    """A signed-in person, in the account they chose or still without one."""

    def __init__(self, row: Any, membership: Member | None, network_address: str) -> None:
        self.session_id: uuid.UUID = row.id
        self.account_id: uuid.UUID | None = row.account_id
        self.user = Person(row.user_id, row.email, row.name, row.password_changed_at)
        self.account = membership and Workplace(
            row.account_id, row.account_name, row.slug, row.time_zone, row.delivery_log_days
        )
        self.membership = membership
        self.network_address = network_address
        self._password_given_at: datetime = row.password_given_at

    def get_id(self) -> str:
        """For Flask-Login, which keeps nothing of it."""
        return str(self.user.id)

    def may(self, permission: Permission) -> bool:
        """Whether a view that asks for this permission opens."""
        if self.membership is None:
            return permission in _WITHOUT_ACCOUNT
        return covers(self.membership, permission)

    @property
    def facts(self) -> Hashable:
        """Who they are, where they work, and what they may there."""
        return self.user, self.account, self.membership

    @property
    def account_name(self) -> str | None:
        """Its name, for the bar on top."""
        return self.account.name if self.account else None

    @property
    def time_zone(self) -> str:
        """The zone that dates are shown in."""
        return self.account.time_zone if self.account else "UTC"

    @property
    def label(self) -> str:
        """The person's name, or their address."""
        return self.user.label

    @property
    def actor(self) -> Actor:
        """The person as the audit log knows them: the address stays true when the name is changed."""
        return actor_of(self.user, self.network_address)

    @property
    def password_is_stale(self) -> bool:
        """Whether the password was given so long ago that secrets and roles ask for it again."""
        return clock.now() - self._password_given_at > timedelta(seconds=config.current().limits.password_fresh_seconds)

    def password_was_given(self) -> None:
        """The password was asked for again and was right: do not ask for the next half hour."""
        sessions.note_password_given(self.session_id)
        self._password_given_at = clock.now()


def actor_of(user: User | Person, network_address: str) -> Actor:
    """A person as the audit log knows them."""
    label = f"{user.name} ({user.email})" if user.name else user.email
    return Actor(user.id, label[:254], network_address)


def recognise(request: Request) -> SignedIn | None:
    """Whoever sent this request, or nobody."""
    token = cookies.token_of(request)
    row = sessions.find(token) if token else None
    if row is None:
        return None
    if row.account_id is not None and not (_works_there(row) and _enters(row.account_id)):
        return None
    sessions.note_seen(row)
    return SignedIn(row, _member(row), request.remote_addr or "")


def _works_there(row: Any) -> bool:
    return row.joined_at is not None and row.disabled_at is None


def _enters(account_id: uuid.UUID) -> bool:
    try:
        enter(account_id)
    except NoAccount:  # This request already acts for somebody else: a link was used, a password was given.
        return False
    return True


def _member(row: Any) -> Member | None:
    if row.membership_id is None:
        return None
    grants = row.manages_smtp, row.manages_readers
    return Member(row.membership_id, row.role, *grants, row.joined_at, row.disabled_at)


access.load_principal_with(recognise)
