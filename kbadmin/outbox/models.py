"""OutboxMessage: one e-mail to one recipient, and where it stands."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, new_id
from kbadmin.sealing import Sealed
from kbadmin.tenancy import Fenced

BIG = BigInteger().with_variant(Integer, "sqlite")


class Status(StrEnum):
    """Where a message stands; the last five are final unless somebody retries."""

    QUEUED = "queued"  # waits for its time, its turn or its service
    SENDING = "sending"  # a worker has leased it
    ACCEPTED = "accepted"  # the mail server took it: never «delivered»
    FAILED = "failed"  # refused for good, or given up
    HELD = "held"  # uncertain, waits for a person
    EXPIRED = "expired"  # its purpose passed before it could be sent
    CANCELLED = "cancelled"  # withdrawn by a person


class Kind(StrEnum):
    """Why a message is sent; decides priority and retries."""

    TEST = "test"
    WELCOME = "welcome"
    READER_RESET = "reader_reset"
    USER_INVITATION = "user_invitation"
    USER_RESET = "user_reset"
    SUBSCRIPTION_CONFIRMATION = "subscription_confirmation"
    DIGEST = "digest"
    NOTICE = "notice"
    PASSWORD_CHANGED = "password_changed"


PRIORITY = {
    Kind.READER_RESET: 40,
    Kind.USER_RESET: 40,
    Kind.SUBSCRIPTION_CONFIRMATION: 40,
    Kind.WELCOME: 30,
    Kind.USER_INVITATION: 30,
    Kind.NOTICE: 30,
    Kind.PASSWORD_CHANGED: 30,
    Kind.TEST: 20,
    Kind.DIGEST: 10,
}


class OutboxMessage(Fenced, Base):
    """One message. ``smtp_service_id`` is the account's service; none means the platform's own sender.

    The serialised message is sealed: it may hold a live link. It is bound to its recipient.
    """

    __tablename__ = "outbox_messages"
    identity = "public_id"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "deduplication_key"),
        Index("ix_outbox_messages_due", "status", "not_before_at"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=True)
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=new_id)
    deduplication_key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[Kind] = mapped_column(String(32))
    priority: Mapped[int]
    status: Mapped[Status] = mapped_column(String(16), default=Status.QUEUED, index=True)
    smtp_service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(400))
    message_id: Mapped[str] = mapped_column(String(200))
    content_sealed: Mapped[str | None] = mapped_column(Text)
    content = Sealed(lambda row: f"{row.message_id} {row.recipient}", purpose="outbox")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    not_before_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_reply: Mapped[str] = mapped_column(String(400), default="")
