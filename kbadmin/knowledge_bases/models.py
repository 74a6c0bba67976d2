"""KnowledgeBase, the addresses it has had, who works in it, and the pictures that belong to it."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.access import Role
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to


class Audience(StrEnum):
    """Who may read a knowledge base."""

    PUBLIC = "public"  # anybody who knows the address; restricted articles need a reader all the same
    READERS = "readers"  # readers who were given access, signed in


class GroupRule(StrEnum):
    """What a restriction to several reader groups means."""

    ANY = "any"  # a reader of one of them
    ALL = "all"  # a reader of every one of them


class SignUp(StrEnum):
    """Whether strangers may become readers by themselves."""

    CLOSED = "closed"
    APPROVAL = "approval"  # somebody lets each of them in
    OPEN = "open"


class Front(Protocol):
    """A knowledge base from outside: what says who may enter. Its row is one, and so are some columns of the row."""

    @property
    def id(self) -> uuid.UUID:
        """Its key."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def audience(self) -> Audience:
        """Who may read it."""

    @property
    def deleted_at(self) -> datetime | None:
        """Since when it is gone."""

    @property
    def is_archived(self) -> bool:
        """Whether it is kept, but shown to nobody."""


class KnowledgeBase(AccountOwned, Base):
    """What readers read.

    ``visibility_version`` rises with every change of who may see what (digests ask for it); ``content_version`` is
    another one after every change of what its pages show (:mod:`kbadmin.knowledge_bases.content_versions`).
    """

    __tablename__ = "knowledge_bases"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "name_key"))

    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str | None] = mapped_column(String(120))  # folded; none once deleted: the name is free
    slug: Mapped[str] = mapped_column(String(63))  # the newest of its addresses
    description: Mapped[str] = mapped_column(String(300), default="")
    time_zone: Mapped[str] = mapped_column(String(64))
    colour: Mapped[str] = mapped_column(String(7), default="#0a4c99")
    logo_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    audience: Mapped[Audience] = mapped_column(String(16), default=Audience.READERS)
    group_rule: Mapped[GroupRule] = mapped_column(String(8), default=GroupRule.ANY)
    sign_up: Mapped[SignUp] = mapped_column(String(16), default=SignUp.CLOSED)
    sign_up_domains: Mapped[str] = mapped_column(Text, default="")  # one a line; empty: every domain
    remember_days: Mapped[int] = mapped_column(default=30)  # how long «remember me» holds; 0: not offered
    portal_host: Mapped[str | None] = mapped_column(String(253))  # kept free for domains of customers' own
    visibility_version: Mapped[int] = mapped_column(default=1)
    content_version: Mapped[uuid.UUID] = mapped_column(Uuid, default=uuid.uuid4)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    created_by: Mapped[str] = mapped_column(String(254), default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def is_archived(self) -> bool:
        """Whether it is kept, but shown to nobody and sends nothing."""
        return self.archived_at is not None


class KnowledgeBaseAddress(AccountOwned, Base):
    """A slug that leads, or once led, to a knowledge base: old ones redirect for ever."""

    __tablename__ = "knowledge_base_addresses"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "slug"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
    )

    slug: Mapped[str] = mapped_column(String(63))
    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)


class KnowledgeBaseRole(AccountOwned, Base):
    """What a member is in one knowledge base. A member without such rows is their role everywhere."""

    __tablename__ = "knowledge_base_roles"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "membership_id", "knowledge_base_id"),
        belongs_to("memberships", "membership_id", ondelete="CASCADE"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
    )

    membership_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    role: Mapped[Role] = mapped_column(String(16))


class Attachment(AccountOwned, Base):
    """A picture, re-encoded and at most 1 MiB, kept in the database: every host has it, and one backup holds all."""

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        Index("ix_attachments_digest", "account_id", "knowledge_base_id", "digest"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the content: its name in addresses
    media_type: Mapped[str] = mapped_column(String(32))
    width: Mapped[int]
    height: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    created_by: Mapped[str] = mapped_column(String(254), default="")
