"""ReaderEmailSettings: which way the e-mails to an account's readers leave."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to


class WhenStopped(StrEnum):
    """What becomes of reader e-mails while their service is paused, disabled or not authorized."""

    WAIT = "wait"  # in the queue, until it works again or they are too late
    PLATFORM = "platform"  # through the platform's own sender, as if no service had been chosen


class ReaderEmailSettings(AccountOwned, Base):
    """One row per account, made when the settings are first saved."""

    __tablename__ = "reader_email_settings"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id"),
        belongs_to("smtp_services", "smtp_service_id"),
    )

    smtp_service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)  # none: the platform's own sender
    when_stopped: Mapped[WhenStopped] = mapped_column(String(16), default=WhenStopped.WAIT)
    welcome_hours: Mapped[int] = mapped_column(default=72)  # how long the link of a welcome e-mail works
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
