"""SubscriberImport: a file of people who agreed, from its upload over the preview to its report."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to


class Stage(StrEnum):
    """Where an import stands."""

    CHECKED = "checked"  # the preview is ready; nothing was changed
    RUNNING = "running"
    DONE = "done"


class SubscriberImport(AccountOwned, Base):
    """One file. Its rows stay until all of them are done, ``position`` says how many are; problems stay for the report.

    ``position`` moves in the transaction that does the rows, so that whoever takes over goes on exactly there.
    """

    __tablename__ = "subscriber_imports"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        Index("ix_subscriber_imports_stage", "stage", "moved_at"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    stage: Mapped[Stage] = mapped_column(String(16), default=Stage.CHECKED)
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # those that can be done
    row_count: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    unsubscribed: Mapped[int] = mapped_column(default=0)  # have left, and are left alone
    position: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)  # could be done when the file was checked, and not any more
    begun_by: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
