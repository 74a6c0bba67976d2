"""AuditEntry: one line of the audit log."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned


class AuditEntry(AccountOwned, Base):
    """Somebody did something. Labels are copied, so that the line stays readable when its subject is gone."""

    __tablename__ = "audit_entries"
    __table_args__ = (UniqueConstraint("account_id", "id"), Index("ix_audit_entries_account_at", "account_id", "at"))

    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    actor: Mapped[str] = mapped_column(String(254), default="")
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject_kind: Mapped[str] = mapped_column(String(32), default="")
    subject_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    subject: Mapped[str] = mapped_column(String(254), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    network_address: Mapped[str] = mapped_column(String(45), default="")
