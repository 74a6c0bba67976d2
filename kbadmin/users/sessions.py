"""Sessions of users: rows whose tokens only the browsers know, begun, renewed and ended.

Idle for two hours or twelve hours old, a session is over; one that is *kept* lasts seven days. The token is new at
every sign-in, at every change of password and of account.
"""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Delete, Select, and_, bindparam, delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from kbadmin import clock, config
from kbadmin.accounts.models import Account
from kbadmin.database import db, is_writing, ledger
from kbadmin.encryption import fingerprint, new_token
from kbadmin.prepared import Prepared
from kbadmin.users.models import Membership, User, UserSession

SEEN_EVERY = timedelta(minutes=5)


def _of_token() -> Select[*tuple[Any, ...]]:
    """By the token, before any account is entered: the membership is that of the session's person and account."""
    members: Any = Membership.__table__.c
    here = and_(members.user_id == UserSession.user_id, members.account_id == UserSession.account_id)
    return (
        select(
            UserSession.id, UserSession.user_id, UserSession.account_id, UserSession.seen_at, UserSession.expires_at,
            UserSession.is_kept, UserSession.password_given_at, User.email, User.name, User.password_changed_at,
            Account.name.label("account_name"), Account.slug, Account.time_zone, Account.delivery_log_days,
            members.id.label("membership_id"), members.role, members.manages_smtp, members.manages_readers,
            members.joined_at, members.disabled_at,
        )
        .join(User, User.id == UserSession.user_id)
        .outerjoin(Account, Account.id == UserSession.account_id)
        .outerjoin(Membership.__table__, here)
        .where(UserSession.fingerprint == bindparam("fingerprint"))
    )  # fmt: skip


_OF_TOKEN = Prepared(_of_token)


@dataclass(frozen=True)
class Visitor:
    """Where a request comes from: a browser in words, and its network address."""

    browser: str = ""
    network_address: str = ""


@dataclass(frozen=True)
class Opened:
    """A session that has just begun or got a new token: what the cookie needs."""

    session_id: uuid.UUID
    token: str = field(repr=False)
    kept_seconds: int | None  # None: until the browser is closed


def find(token: str) -> Any:
    """The live session of this token, with its person, the account they are in and what they are there; or nothing."""
    row = _OF_TOKEN.row(fingerprint=fingerprint(token))
    return row if row is not None and is_alive(row) else None


def is_alive(row: Any) -> bool:
    """Whether the session is neither too old nor idle for too long."""
    now, idle = clock.now(), timedelta(seconds=config.current().limits.session_idle_seconds)
    return bool(now < row.expires_at and (row.is_kept or now - row.seen_at < idle))


def of_user(user_id: uuid.UUID) -> list[UserSession]:
    """Where a person is signed in, last seen first."""
    rows = db.session.scalars(select(UserSession).filter_by(user_id=user_id).order_by(UserSession.seen_at.desc()))
    return [row for row in rows if is_alive(row)]


def begin(
    user_id: uuid.UUID, *, account_id: uuid.UUID | None, is_kept: bool, visitor: Visitor, session: Session
) -> Opened:
    """A new session in the caller's write section; sessions of the person that are over are cleared away."""
    limits, now, token = config.current().limits, clock.now(), new_token()
    lifetime = limits.kept_session_seconds if is_kept else limits.session_seconds
    session.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.expires_at <= now))
    row = UserSession(
        fingerprint=fingerprint(token),
        user_id=user_id,
        account_id=account_id,
        expires_at=now + timedelta(seconds=lifetime),
        is_kept=is_kept,
        browser=visitor.browser[:200],
        network_address=visitor.network_address[:45],
    )
    session.add(row)
    session.flush()
    return Opened(row.id, token, lifetime if is_kept else None)


def renew(session_id: uuid.UUID, *, session: Session, account_id: uuid.UUID | None = None) -> Opened:
    """A new token for a session that goes on, in another account if one is named. Its end stays where it was."""
    token = new_token()
    row = session.get_one(UserSession, session_id)
    row.fingerprint = fingerprint(token)
    row.account_id = account_id or row.account_id
    left = int((row.expires_at - clock.now()).total_seconds())
    return Opened(row.id, token, max(left, 0) if row.is_kept else None)


def end(session_id: uuid.UUID, *, user_id: uuid.UUID) -> bool:
    """End one session of this person; False if there is none."""
    return _ended(delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)) == 1


def end_token(token: str) -> None:
    """End the session of this token, if there is one."""
    db.session.execute(delete(UserSession).where(UserSession.fingerprint == fingerprint(token)))


def end_others(user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> int:
    """End every session of this person, except one; answers how many."""
    return _ended(delete(UserSession).where(UserSession.user_id == user_id, UserSession.id != but))


def end_in_account(user_id: uuid.UUID, account_id: uuid.UUID) -> None:
    """End this person's sessions in one account."""
    db.session.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.account_id == account_id))


def note_seen(row: Any) -> None:
    """Keep when the session was last used, at most every five minutes. A busy database may cost one such note."""
    if is_writing() or clock.now() - row.seen_at < SEEN_EVERY:
        return
    seen = update(UserSession).where(UserSession.id == row.id).values(seen_at=clock.now())
    try:
        with ledger() as session:
            session.execute(seen)
    except OperationalError:
        return


def note_password_given(session_id: uuid.UUID) -> None:
    """The password was asked for again and was right."""
    given = update(UserSession).where(UserSession.id == session_id).values(password_given_at=clock.now())
    with ledger() as session:
        session.execute(given)


def _ended(which: Delete) -> int:
    return len(db.session.execute(which.returning(UserSession.id)).all())
