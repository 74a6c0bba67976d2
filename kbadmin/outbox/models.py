"""OutboxMessage, the body that messages of a run share, and the attempts that did not succeed."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, new_id
from kbadmin.sealing import Sealed
from kbadmin.tenancy import AccountOwned, Fenced, belongs_to

if TYPE_CHECKING:
    from sqlalchemy import Table

#: The lane of the platform's own sender, which belongs to no account; every other lane has its service's id.
PLATFORM = uuid.UUID(int=0)
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
    READER_SIGN_UP = "reader_sign_up"
    USER_INVITATION = "user_invitation"
    USER_RESET = "user_reset"
    SUBSCRIPTION_CONFIRMATION = "subscription_confirmation"
    DIGEST = "digest"
    NOTICE = "notice"
    PASSWORD_CHANGED = "password_changed"


#: The smallest goes first.
PRIORITY = {
    Kind.READER_RESET: 10,
    Kind.READER_SIGN_UP: 10,
    Kind.USER_RESET: 10,
    Kind.SUBSCRIPTION_CONFIRMATION: 10,
    Kind.WELCOME: 20,
    Kind.USER_INVITATION: 20,
    Kind.NOTICE: 20,
    Kind.PASSWORD_CHANGED: 20,
    Kind.TEST: 30,
    Kind.DIGEST: 40,
}


#: Final unless somebody retries.
SETTLED = (Status.ACCEPTED, Status.FAILED, Status.HELD, Status.EXPIRED, Status.CANCELLED)
#: Sent through even to an address that permanently refuses mail: somebody asked for it just now.
IN_SPITE_OF_SUPPRESSION = frozenset({Kind.READER_RESET, Kind.USER_RESET, Kind.PASSWORD_CHANGED, Kind.TEST})


class OutboxMessage(Fenced, Base):
    """One message to one recipient. ``smtp_service_id`` is the account's service; none means the platform's sender.

    Its content is either the whole serialised message, sealed since it may hold a live link, or the shared body of
    its run and its own sealed parts. Both are bound to the recipient, and wiped once the message is settled.
    A worker that has claimed it knows the ``lease_token``; whoever does not know it changes nothing.
    """

    __tablename__ = "outbox_messages"
    identity = "public_id"
    # The literals stand in the claims' statements, too: only then does SQLite see that an index fits.
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "deduplication_key"),
        belongs_to("outbox_bodies", "body_id"),
        Index(
            "ix_outbox_messages_due",
            "lane_id",
            "priority",
            "id",
            sqlite_where=literal_column("status = 'queued' AND not_before_at IS NULL"),
            postgresql_where=literal_column("status = 'queued' AND not_before_at IS NULL"),
        ),
        Index(
            "ix_outbox_messages_deferred",
            "lane_id",
            "not_before_at",
            sqlite_where=literal_column("status = 'queued' AND not_before_at IS NOT NULL"),
            postgresql_where=literal_column("status = 'queued' AND not_before_at IS NOT NULL"),
        ),
        Index(
            "ix_outbox_messages_leased",
            "leased_by",
            sqlite_where=literal_column("status = 'sending'"),
            postgresql_where=literal_column("status = 'sending'"),
        ),
        Index(
            "ix_outbox_messages_open",
            "account_id",
            "status",
            "id",
            sqlite_where=literal_column("status <> 'accepted'"),
            postgresql_where=literal_column("status <> 'accepted'"),
        ),
        Index(
            "ix_outbox_messages_recipient",
            "account_id",
            "recipient",
            "id",
            postgresql_ops={"recipient": "varchar_pattern_ops"},  # The beginning of an address, in any collation.
        ),
        Index(  # A body is deleted when no message is left that needs it.
            "ix_outbox_messages_body",
            "account_id",
            "body_id",
            sqlite_where=literal_column("body_id IS NOT NULL"),
            postgresql_where=literal_column("body_id IS NOT NULL"),
        ),
        Index(  # What waits to bring somebody a link.
            "ix_outbox_messages_link",
            "account_id",
            "link_subject_id",
            sqlite_where=literal_column("link_subject_id IS NOT NULL"),
            postgresql_where=literal_column("link_subject_id IS NOT NULL"),
        ),
        Index(  # How the messages of a digest run stand.
            "ix_outbox_messages_run",
            "account_id",
            "run_id",
            "status",
            sqlite_where=literal_column("run_id IS NOT NULL"),
            postgresql_where=literal_column("run_id IS NOT NULL"),
        ),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))  # No index: two begin with it already.
    id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=True)
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=new_id)
    deduplication_key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[Kind] = mapped_column(String(32))
    priority: Mapped[int]
    status: Mapped[Status] = mapped_column(String(16), default=Status.QUEUED)
    lane_id: Mapped[uuid.UUID] = mapped_column(Uuid, default=PLATFORM)
    smtp_service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    knowledge_base_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(400))
    message_id: Mapped[str] = mapped_column(String(200))
    content_sealed: Mapped[str | None] = mapped_column(Text)
    content = Sealed(lambda row: f"{row.message_id} {row.recipient}", purpose="outbox")
    body_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    parts_sealed: Mapped[str | None] = mapped_column(Text)
    parts = Sealed(lambda row: f"{row.message_id} {row.recipient}", purpose="outbox")
    # A link that is made when the message leaves: of this purpose, for this subject, for so long, at this address.
    link_purpose: Mapped[str | None] = mapped_column(String(32))
    link_subject_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    link_minutes: Mapped[int | None]
    link_address: Mapped[str | None] = mapped_column(String(400))  # the token follows it
    from_name: Mapped[str | None] = mapped_column(String(120))  # instead of the sender's own
    reply_to: Mapped[str | None] = mapped_column(String(254))  # the same
    # What a digest's recipient may see was decided when this was the knowledge base's version, and holds until then.
    run_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    visibility_version: Mapped[int | None]
    decide_again_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    not_before_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # none: due now
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[uuid.UUID | None] = mapped_column(Uuid)  # the worker
    lease_token: Mapped[int | None] = mapped_column(BIG)
    data_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its bytes began to go out; kept where that matters
    requeued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a person sent it again: it lives from then
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_reply: Mapped[str] = mapped_column(String(400), default="")


#: For the few modules that write whole batches. Core statements jump the account fence: a house test lists them.
MESSAGES = cast("Table", OutboxMessage.__table__)


class MessageBody(AccountOwned, Base):
    """What all messages of one run share, compiled once: see :mod:`kbadmin.outbox.skeletons`."""

    __tablename__ = "outbox_bodies"
    __table_args__ = (UniqueConstraint("account_id", "id"),)

    skeleton: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class DeliveryAttempt(Fenced, Base):
    """One attempt that did not end with the server's acceptance; that one is told by the message itself."""

    __tablename__ = "delivery_attempts"
    identity = "public_id"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("outbox_messages", "outbox_message_id", ondelete="CASCADE"),
        Index("ix_delivery_attempts_message", "account_id", "outbox_message_id", "id"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=True)
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=new_id)
    outbox_message_id: Mapped[int] = mapped_column(BIG)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    outcome: Mapped[str] = mapped_column(String(16))  # what was decided: retry, fail, pause, hold, expire …
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # stage, kind, code, enhanced, text …
    again_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the next attempt was planned for
