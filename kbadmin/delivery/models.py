"""TestRun: one test e-mail, with the steps it passed."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to


class Outcome(StrEnum):
    """Where a test e-mail stands."""

    WAITING = "waiting"
    RUNNING = "running"
    ACCEPTED = "accepted"
    FAILED = "failed"


class TestRun(AccountOwned, Base):
    """A test e-mail through one service to one address. ``steps`` grows while it runs; ``failure`` is the red one."""

    __test__ = False  # The name is the product's word; pytest must not collect it.
    __tablename__ = "test_runs"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("smtp_services", "smtp_service_id"),
        Index("ix_test_runs_service", "smtp_service_id", "created_at"),
    )

    smtp_service_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    configuration_version: Mapped[int]
    outbox_public_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    recipient: Mapped[str] = mapped_column(String(254))
    requested_by: Mapped[str] = mapped_column(String(254))
    outcome: Mapped[Outcome] = mapped_column(String(16), default=Outcome.WAITING)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end."""
        return self.outcome in (Outcome.ACCEPTED, Outcome.FAILED)
