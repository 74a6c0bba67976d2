"""User, Membership and UserSession: a person, what they are in an account, and where they are signed in."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kbadmin import clock
from kbadmin.access import Permission, Role
from kbadmin.accounts.models import Account
from kbadmin.database import Base, UtcDateTime, new_id
from kbadmin.tenancy import AccountOwned


class User(Base):
    """A person. Outside the fence: found by e-mail when signing in, before any account is known."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)  # comparable(email)
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str | None] = mapped_column(String(255))  # none until the first link has been used
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def label(self) -> str:
        """How the person is shown: their name, or their address."""
        return self.name or self.email


@dataclass(frozen=True)
class Person:
    """Who is signed in, as of this request."""

    id: uuid.UUID
    email: str
    name: str
    password_changed_at: datetime | None

    @property
    def label(self) -> str:
        """How the person is shown: their name, or their address."""
        return self.name or self.email


class Membership(AccountOwned, Base):
    """What a person is in one account: a role, and grants that go beyond it."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "user_id"))

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[Role] = mapped_column(String(16))
    manages_smtp: Mapped[bool] = mapped_column(default=False)
    manages_readers: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # none while the invitation is open
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(viewonly=True, lazy="joined")
    account: Mapped[Account] = relationship(viewonly=True, lazy="joined")

    @property
    def is_active(self) -> bool:
        """Whether the person may work in this account now."""
        return self.joined_at is not None and self.disabled_at is None

    def may(self, permission: Permission) -> bool:
        """Whether the role or a grant covers this."""
        return covers(self, permission)


def covers(member: Any, permission: Permission) -> bool:
    """Whether a membership, or a row of its columns, covers this by its role or a grant."""
    match permission:
        case Permission.PUBLIC | Permission.PERSON | Permission.MEMBER:
            return True
        case Permission.MANAGE_SMTP:
            return bool(member.role == Role.OWNER or member.manages_smtp)
        case Permission.MANAGE_READERS:
            return bool(member.role == Role.OWNER or member.manages_readers)
        case Permission.READ_DELIVERIES | Permission.EDIT_KNOWLEDGE_BASES:
            return member.role in (Role.OWNER, Role.EDITOR)
        case Permission.WRITE_ARTICLES:
            return member.role in (Role.OWNER, Role.EDITOR, Role.WRITER)
        case _:
            return bool(member.role == Role.OWNER)


class UserSession(Base):
    """One browser that is signed in. The cookie holds the token; here stands its fingerprint."""

    __tablename__ = "user_sessions"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))  # none until one is chosen
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    is_kept: Mapped[bool] = mapped_column(default=False)  # «keep me signed in»
    password_given_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    browser: Mapped[str] = mapped_column(String(200), default="")
    network_address: Mapped[str] = mapped_column(String(45), default="")

    user: Mapped[User] = relationship(lazy="joined")
