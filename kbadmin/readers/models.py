"""Reader, ReaderGroup, what a reader may open, and where they are signed in."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, Uuid, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, new_id
from kbadmin.outbox.models import BIG
from kbadmin.tenancy import AccountOwned, belongs_to

MOST_FIELDS = 5

#: A folded text that lists are ordered by and searched by its beginning, byte by byte on either database: only then
#: does one index of PostgreSQL answer both.
KEY = String(254).with_variant(String(254, collation="C"), "postgresql")


class ReaderStatus(StrEnum):
    """Whether a reader may sign in."""

    ACTIVE = "active"
    PENDING = "pending"  # signed up, and waits for somebody to let them in
    DISABLED = "disabled"


class Reader(AccountOwned, Base):
    """A person who reads. Deleting one purges what is personal; the row stays, so that histories can name it.

    ``email_key`` is the comparable form of the address, ``sort_key`` the folded name that lists are ordered by (last
    name first, or the address), ``name_key`` the folded name as it is spoken: see :mod:`kbadmin.readers.keys`.
    """

    __tablename__ = "readers"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "email_key"),
        Index("ix_readers_listed", "account_id", "sort_key", "id"),
        Index("ix_readers_newest", "account_id", "created_at", "id"),
        Index("ix_readers_named", "account_id", "name_key"),
        Index("ix_readers_domain", "account_id", "email_domain"),
        Index(  # From a message that failed to whom it should have welcomed.
            "ix_readers_welcomed",
            "account_id",
            "welcome_message_id",
            sqlite_where=literal_column("welcome_message_id IS NOT NULL"),
            postgresql_where=literal_column("welcome_message_id IS NOT NULL"),
        ),
        Index(  # Few are: they are found without looking through all the others.
            "ix_readers_not_active",
            "account_id",
            "status",
            "id",
            sqlite_where=literal_column("status <> 'active'"),
            postgresql_where=literal_column("status <> 'active'"),
        ),
    )

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(KEY)  # none once deleted: the address is free
    email_domain: Mapped[str] = mapped_column(KEY)
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    sort_key: Mapped[str] = mapped_column(KEY)
    name_key: Mapped[str] = mapped_column(KEY, default="")
    field_1: Mapped[str] = mapped_column(String(200), default="")
    field_2: Mapped[str] = mapped_column(String(200), default="")
    field_3: Mapped[str] = mapped_column(String(200), default="")
    field_4: Mapped[str] = mapped_column(String(200), default="")
    field_5: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[ReaderStatus] = mapped_column(String(16), default=ReaderStatus.ACTIVE)
    reads_everything: Mapped[bool] = mapped_column(default=True)  # every knowledge base, also future ones
    password_hash: Mapped[str | None] = mapped_column(String(255))  # none until the first link has been used
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    welcome_message_id: Mapped[int | None] = mapped_column(BIG)  # the last welcome e-mail in the outbox
    welcomed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    welcome_cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # somebody knows that it failed
    signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    created_by: Mapped[str] = mapped_column(String(254), default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def name(self) -> str:
        """First and last name, as far as they are known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def label(self) -> str:
        """How the reader is shown: their name, or their address."""
        return shown_as(self.first_name, self.last_name, self.email)

    @property
    def has_password(self) -> bool:
        """Whether the reader can sign in with a password of their own."""
        return self.password_hash is not None


def shown_as(first_name: str, last_name: str, email: str) -> str:
    """What a reader is called on pages, by these columns of their row."""
    return f"{first_name} {last_name}".strip() or email


class ReaderField(AccountOwned, Base):
    """A field of the account's own on every reader, such as «Department»; its values stand in ``field_<number>``."""

    __tablename__ = "reader_fields"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "number"))

    number: Mapped[int]  # 1 to 5
    label: Mapped[str] = mapped_column(String(60))
    is_required: Mapped[bool] = mapped_column(default=False)


class ReaderGroup(AccountOwned, Base):
    """Readers who may see the same restricted categories and articles."""

    __tablename__ = "reader_groups"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "name_key"))

    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class ReaderGroupDomain(AccountOwned, Base):
    """Whoever signs up, is added or is imported with an address of this domain joins the group."""

    __tablename__ = "reader_group_domains"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "domain", "group_id"),
        belongs_to("reader_groups", "group_id", ondelete="CASCADE"),
    )

    group_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    domain: Mapped[str] = mapped_column(String(253))


class ReaderGroupMember(AccountOwned, Base):
    """A reader in a group."""

    __tablename__ = "reader_group_members"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "group_id", "reader_id"),
        belongs_to("reader_groups", "group_id", ondelete="CASCADE"),
        belongs_to("readers", "reader_id", ondelete="CASCADE"),
        Index("ix_reader_group_members_reader", "account_id", "reader_id"),
    )

    group_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    reader_id: Mapped[uuid.UUID] = mapped_column(Uuid)


class ReaderAccess(AccountOwned, Base):
    """A knowledge base that a reader may open who does not read everything."""

    __tablename__ = "reader_access"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "reader_id", "knowledge_base_id"),
        belongs_to("readers", "reader_id", ondelete="CASCADE"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        Index("ix_reader_access_knowledge_base", "account_id", "knowledge_base_id"),
    )

    reader_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)


class ReaderSession(Base):
    """One browser in which a reader is signed in to the portal. Outside the fence: found by the cookie's token."""

    __tablename__ = "reader_sessions"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    reader_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    is_remembered: Mapped[bool] = mapped_column(default=False)
