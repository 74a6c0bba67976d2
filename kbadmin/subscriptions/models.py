"""SubscriptionSettings of a knowledge base; its subscribers, what they subscribe to, and who asked but did not confirm.

One :class:`Subscriber` per account and address: a reader, or a bare address. In each knowledge base they are a
:class:`KnowledgeBaseSubscriber`, with how often they want to hear of it and up to when they have been told; each
:class:`Subscription` names one thing there. Whoever is told of something is told of all of it at once, so that nobody
hears twice of the same callout whatever they subscribe to.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.readers.models import KEY
from kbadmin.sealing import Sealed
from kbadmin.tenancy import AccountOwned, belongs_to

if TYPE_CHECKING:
    from sqlalchemy import Table

EVERY_DAY = 0b1111111
ALL = "all"  # the target key of a whole knowledge base


class Frequency(StrEnum):
    """How often a subscriber hears, as far as the knowledge base allows it."""

    SCHEDULED = "scheduled"  # with every digest of the schedule
    WEEKLY = "weekly"  # with the first digest of the week
    IMMEDIATE = "immediate"  # a few minutes after something was marked


class Target(StrEnum):
    """What a subscription is to."""

    KNOWLEDGE_BASE = "knowledge_base"
    CATEGORY = "category"
    ARTICLE = "article"


class Source(StrEnum):
    """How somebody became a subscriber of a knowledge base: what their consent rests on."""

    PORTAL = "portal"  # signed in, by themselves
    PUBLIC = "public"  # by the public form, and confirmed by the link in an e-mail
    ADDED = "added"  # by somebody who works here, with a note
    IMPORTED = "imported"  # from a file, with a note


class SubscriptionSettings(AccountOwned, Base):
    """When and through which service a knowledge base sends its digests; one row each, made when first saved.

    ``weekdays`` has a bit for each day, Monday's is 1; ``minute`` is of the day, 0 to 1439, in the knowledge base's
    time zone. ``next_due_at`` and ``immediate_due_at`` are what the sweep asks for; none: nothing is planned.
    """

    __tablename__ = "subscription_settings"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        belongs_to("smtp_services", "smtp_service_id"),
        # For the sweep, which asks for all accounts at once, every few seconds.
        Index("ix_subscription_settings_next_due", "next_due_at"),
        Index("ix_subscription_settings_immediate_due", "immediate_due_at"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    smtp_service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    weekdays: Mapped[int] = mapped_column(default=EVERY_DAY)
    minute: Mapped[int] = mapped_column(default=9 * 60)
    allows_weekly: Mapped[bool] = mapped_column(default=False)
    allows_immediate: Mapped[bool] = mapped_column(default=False)
    is_public: Mapped[bool] = mapped_column(default=False)  # strangers may subscribe to what everybody may read
    subject: Mapped[str] = mapped_column(String(200), default="")
    intro: Mapped[str] = mapped_column(Text, default="")  # Markdown with merge fields
    footer: Mapped[str] = mapped_column(Text, default="")
    shows_logo: Mapped[bool] = mapped_column(default=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a test from here was accepted by the server …
    tested_service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)  # … of this service
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    planned_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # slots up to here have been decided on
    immediate_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_by: Mapped[str] = mapped_column(String(254), default="")

    @property
    def is_sending(self) -> bool:
        """Whether digests leave by themselves."""
        return self.is_on and self.paused_at is None


class Subscriber(AccountOwned, Base):
    """An address that may be written to, once per account: a reader's, or a bare one."""

    __tablename__ = "subscribers"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "email_key"),
        UniqueConstraint("account_id", "reader_id"),
        belongs_to("readers", "reader_id"),
    )

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KEY)
    reader_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class KnowledgeBaseSubscriber(AccountOwned, Base):
    """A subscriber in one knowledge base. Who unsubscribes keeps the row, so that no import brings them back.

    ``told_until_at``: callouts up to this moment have been told, or were not for them; it begins with the subscription.
    The token is in every digest: with it one may unsubscribe here and choose anew, and nothing else.
    """

    __tablename__ = "knowledge_base_subscribers"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id", "subscriber_id"),
        UniqueConstraint("account_id", "token_fingerprint"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        belongs_to("subscribers", "subscriber_id", ondelete="CASCADE"),
        # A run goes through them by id; a list, from the newest.
        Index("ix_knowledge_base_subscribers_listed", "account_id", "knowledge_base_id", "id"),
        # For their growth: weeks are counted in the index alone.
        Index("ix_knowledge_base_subscribers_came", "account_id", "knowledge_base_id", "consented_at"),
        Index("ix_knowledge_base_subscribers_left", "account_id", "knowledge_base_id", "unsubscribed_at"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    subscriber_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    frequency: Mapped[Frequency] = mapped_column(String(16), default=Frequency.SCHEDULED)
    told_until_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    token_fingerprint: Mapped[str] = mapped_column(String(64))
    token_sealed: Mapped[str | None] = mapped_column(Text)
    token = Sealed(lambda row: str(row.subscriber_id), purpose="subscriptions")
    source: Mapped[Source] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(String(300), default="")  # what consent rests on, as whoever added them put it
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    consented_by: Mapped[str] = mapped_column(String(254), default="")
    unsubscribed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unsubscribed_by: Mapped[str] = mapped_column(String(254), default="")


#: For the fan-out, which tells them by the hundred. Core statements jump the account fence: a house test lists them.
SUBSCRIBERS_HERE = cast("Table", KnowledgeBaseSubscriber.__table__)


class Subscription(AccountOwned, Base):
    """One thing that a subscriber of a knowledge base subscribes to."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("knowledge_base_subscribers", "knowledge_base_subscriber_id", ondelete="CASCADE"),
        belongs_to("categories", "category_id", ondelete="CASCADE"),
        belongs_to("articles", "article_id", ondelete="CASCADE"),
        # What it is to, as one text, so that the database refuses the same thing twice: «all», or the id.
        UniqueConstraint("account_id", "knowledge_base_subscriber_id", "target_key"),
        CheckConstraint(
            "(target = 'category') = (category_id IS NOT NULL) AND (target = 'article') = (article_id IS NOT NULL)",
            name="names_its_target",
        ),
    )

    knowledge_base_subscriber_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    target: Mapped[Target] = mapped_column(String(16))
    target_key: Mapped[str] = mapped_column(String(36))
    category_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True)
    with_subcategories: Mapped[bool] = mapped_column(default=True)
    article_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class SubscriptionRequest(AccountOwned, Base):
    """Somebody typed an address into the public form. Nothing is sent to it but a link, which has to be used."""

    __tablename__ = "subscription_requests"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "token_fingerprint"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        belongs_to("categories", "category_id", ondelete="CASCADE"),
        belongs_to("articles", "article_id", ondelete="CASCADE"),
        Index("ix_subscription_requests_expires", "expires_at"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KEY)
    frequency: Mapped[Frequency] = mapped_column(String(16), default=Frequency.SCHEDULED)
    target: Mapped[Target] = mapped_column(String(16))
    category_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    with_subcategories: Mapped[bool] = mapped_column(default=True)
    article_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    token_fingerprint: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
