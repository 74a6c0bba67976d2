"""What a page that is kept in memory needs to know anew at each request, in one statement.

It is a Core statement, which the fence does not narrow: it runs before any account was entered, and finds it by its
slug as :func:`kbadmin.accounts.operations.find_by_slug` does. It names the account at every table it joins, and
``tests/portal/test_doorsteps.py`` shows that two accounts do not see each other. What the row means is decided by those
who decide it for every other page.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from flask_login import UserMixin
from sqlalchemy import Select, String, and_, bindparam, cast, false, func, literal_column, select
from sqlalchemy.engine import Dialect

from kbadmin.access import Permission
from kbadmin.accounts.models import Account
from kbadmin.articles.visibility import Viewer
from kbadmin.database import db
from kbadmin.encryption import fingerprint
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase, KnowledgeBaseAddress
from kbadmin.portal.one_row import OneRow
from kbadmin.readers import passwords, sessions
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderSession, shown_as
from kbadmin.subscriptions.models import SubscriptionSettings

_COMMA: Any = literal_column("','")  # Written out: a statement that is compiled once has no place for a constant.


@dataclass(frozen=True)
class Caller(UserMixin):  # type: ignore[misc]
    """A reader who is signed in: what decides what they may read, and how they are called."""

    account_id: uuid.UUID
    viewer: Viewer
    name: str

    def get_id(self) -> str:
        """For Flask-Login, which keeps nothing of it."""
        return str(self.viewer.reader_id)

    def may(self, permission: Permission) -> bool:
        """Readers open public views only."""
        return permission is Permission.PUBLIC


@dataclass(frozen=True)
class Doorstep:
    """A knowledge base as one sees it from outside, enough to say who may enter, and who stands there."""

    account_id: uuid.UUID
    account_slug: str
    account_name: str
    id: uuid.UUID
    name: str
    slug: str
    audience: Audience
    archived_at: datetime | None
    deleted_at: datetime | None
    remember_days: int
    content_version: uuid.UUID
    is_on: bool  # subscriptions are, and …
    is_public: bool  # … strangers may subscribe
    caller: Caller | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it is shown to nobody."""
        return self.archived_at is not None

    @property
    def account(self) -> "AccountHere":
        """The account it belongs to."""
        return AccountHere(self.account_id, self.account_slug, self.account_name)


@dataclass(frozen=True)
class AccountHere:
    """As much of an account as pages of the portal say."""

    id: uuid.UUID
    slug: str
    name: str


class _Known(NamedTuple):
    """The columns of a session and of its reader."""

    created_at: datetime
    expires_at: datetime
    is_remembered: bool
    reader_id: uuid.UUID | None  # none: there is no such session, or no such reader
    first_name: str
    last_name: str
    email: str
    status: str
    deleted_at: datetime | None
    reads_everything: bool
    has_access: bool
    groups: str | None


def find(account_slug: str, slug: str, token: str | None = None) -> Doorstep | None:
    """The knowledge base that these two slugs lead to, if this is what it is called now.

    ``caller`` is the reader whose session the token is, if it is good in this knowledge base and they may sign in.
    """
    asked = {"account_slug": account_slug, "slug": slug}
    if token is not None:
        asked["fingerprint"] = fingerprint(token)
    row = _prepared(db.engine.dialect, token is not None).one(db.engine, asked)
    if row is None:
        return None
    found, known = Doorstep(*row[:_WIDTH]), _Known(*row[_WIDTH:]) if token is not None else None
    if known is None or known.reader_id is None:
        return found
    return replace(found, caller=_caller(known, found))


@lru_cache
def _prepared(dialect: Dialect, is_for_readers: bool) -> OneRow:
    return OneRow(_for_readers() if is_for_readers else _for_strangers(), dialect)


def _caller(known: _Known, doorstep: Doorstep) -> Caller | None:
    if not (sessions.is_live(known) and passwords.may_sign_in(known)):
        return None
    if not sessions.lasts(known, remember_days=doorstep.remember_days):
        return None
    viewer = Viewer(
        reader_id=known.reader_id,
        groups=frozenset(uuid.UUID(one) for one in (known.groups or "").split(",") if one),
        is_active=True,
        reads_everything=known.reads_everything,
        knowledge_bases=frozenset([doorstep.id] if known.has_access else []),
    )
    return Caller(doorstep.account_id, viewer, shown_as(known.first_name, known.last_name, known.email))


def _for_strangers() -> Select[*tuple[Any, ...]]:
    accounts, bases, addresses = Account.__table__.c, KnowledgeBase.__table__.c, KnowledgeBaseAddress.__table__.c
    settings = SubscriptionSettings.__table__.c
    columns = (
        accounts.id, accounts.slug, accounts.name, bases.id, bases.name, bases.slug, bases.audience,
        bases.archived_at, bases.deleted_at, bases.remember_days, bases.content_version,
        func.coalesce(settings.is_on, false()), func.coalesce(settings.is_public, false()),
    )  # fmt: skip
    base = and_(bases.account_id == accounts.id, bases.id == addresses.knowledge_base_id)
    sending = and_(settings.account_id == accounts.id, settings.knowledge_base_id == bases.id)
    return (
        select(*columns)
        .select_from(Account.__table__)
        .join(KnowledgeBaseAddress.__table__, addresses.account_id == accounts.id)
        .join(KnowledgeBase.__table__, base)
        .outerjoin(SubscriptionSettings.__table__, sending)
        .where(accounts.slug == bindparam("account_slug"), addresses.slug == bindparam("slug"))
        .where(bases.deleted_at.is_(None), bases.slug == addresses.slug)
    )


def _for_readers() -> Select[*tuple[Any, ...]]:
    accounts, bases, readers = Account.__table__.c, KnowledgeBase.__table__.c, Reader.__table__.c
    kept, members, access = ReaderSession.__table__.c, ReaderGroupMember.__table__.c, ReaderAccess.__table__.c
    mine = and_(members.account_id == readers.account_id, members.reader_id == readers.id)
    groups = select(func.aggregate_strings(cast(members.group_id, String), _COMMA)).where(mine).scalar_subquery()
    columns = (
        kept.created_at, kept.expires_at, kept.is_remembered, readers.id.label("reader_id"), readers.first_name,
        readers.last_name, readers.email, readers.status, readers.deleted_at, readers.reads_everything,
        access.id.is_not(None), groups,
    )  # fmt: skip
    session = and_(kept.account_id == accounts.id, kept.fingerprint == bindparam("fingerprint"))
    reader = and_(readers.account_id == accounts.id, readers.id == kept.reader_id)
    here = and_(
        access.account_id == accounts.id, access.reader_id == readers.id, access.knowledge_base_id == bases.id
    )  # fmt: skip
    return (
        _for_strangers()
        .add_columns(*columns)
        .outerjoin(ReaderSession.__table__, session)
        .outerjoin(Reader.__table__, reader)
        .outerjoin(ReaderAccess.__table__, here)
    )


_WIDTH = len(_for_strangers().selected_columns)
