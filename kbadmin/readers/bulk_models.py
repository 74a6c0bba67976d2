"""ReaderBulkDeed: how far a deed for many readers is that goes on in the background, or why it ended early."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned


class Ended(StrEnum):
    """Why it ended before everybody was met."""

    TARGET_GONE = "target gone"  # the group or knowledge base was deleted meanwhile
    NOBODY_SENDS = "nobody sends"  # no service and no platform sender any more
    INTERRUPTED = "interrupted"  # it broke off again and again


class ReaderBulkDeed(AccountOwned, Base):
    """A deed whose rest follows in the background. It is deleted when everybody has been met."""

    __tablename__ = "reader_bulk_deeds"
    __table_args__ = (UniqueConstraint("account_id", "id"), Index("ix_reader_bulk_deeds_moved", "ended", "moved_at"))

    wanted: Mapped[str] = mapped_column(Text)  # the order, as it travels
    after: Mapped[uuid.UUID] = mapped_column(Uuid)  # the last reader who was met
    number: Mapped[int]  # of readers who were met
    tries: Mapped[int] = mapped_column(default=0)  # how often it was gone on with since somebody was met
    ended: Mapped[Ended | None] = mapped_column(String(16))
    begun_by: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @staticmethod
    def by(actor: Actor) -> dict[str, str]:
        """Whoever asked, as they are kept."""
        return {"id": str(actor.id or ""), "label": actor.label, "network_address": actor.network_address}

    @property
    def actor(self) -> Actor:
        """Whoever asked, as the audit log knows them."""
        person = uuid.UUID(self.begun_by["id"]) if self.begun_by.get("id") else None
        return Actor(person, self.begun_by.get("label", ""), self.begun_by.get("network_address", ""))
