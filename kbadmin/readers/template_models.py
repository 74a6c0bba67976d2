"""EmailTemplate: what an account, or one of its knowledge bases, says in a welcome or a reset; and whose service."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text, UniqueConstraint, Uuid, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to


class TemplateKind(StrEnum):
    """Which e-mail to a reader."""

    WELCOME = "welcome"
    RESET = "reset"


class EmailTemplate(AccountOwned, Base):
    """Words of the tenant's own instead of ours: Markdown with merge fields. No row: ours."""

    __tablename__ = "reader_email_templates"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id", "kind"),
        # The line above lets several rows of no knowledge base pass, on either database.
        Index(
            "uq_reader_email_templates_of_account",
            "account_id",
            "kind",
            unique=True,
            sqlite_where=literal_column("knowledge_base_id IS NULL"),
            postgresql_where=literal_column("knowledge_base_id IS NULL"),
        ),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
    )

    kind: Mapped[TemplateKind] = mapped_column(String(16))
    knowledge_base_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)  # none: the account's
    from_name: Mapped[str] = mapped_column(String(120), default="")  # empty: the service's
    reply_to: Mapped[str] = mapped_column(String(254), default="")  # the same
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_by: Mapped[str] = mapped_column(String(254), default="")


class ServiceOverride(AccountOwned, Base):
    """A knowledge base whose reader e-mails leave through a service of its own choice, not the account's."""

    __tablename__ = "reader_email_overrides"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        belongs_to("smtp_services", "smtp_service_id"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    smtp_service_id: Mapped[uuid.UUID] = mapped_column(Uuid)
