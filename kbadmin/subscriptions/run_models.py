"""DigestRun: one time that a knowledge base told its subscribers of something; and the bodies of its messages."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from sqlalchemy import JSON, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to

if TYPE_CHECKING:
    from sqlalchemy import Table


class RunKind(StrEnum):
    """What began a run."""

    SCHEDULED = "scheduled"
    IMMEDIATE = "immediate"
    BY_HAND = "by_hand"


class RunStage(StrEnum):
    """How far a run has come. The last three are final."""

    FANNING_OUT = "fanning_out"  # its messages are being queued
    QUEUED = "queued"  # all are, and some have not come to an end
    DONE = "done"  # every message has come to an end
    EMPTY = "empty"  # there was nothing new to tell anybody
    SKIPPED = "skipped"  # it was not sent at all; ``reason`` says why


class DigestRun(AccountOwned, Base):
    """One run, exactly one per ``slot`` of a knowledge base: a local date, a moment, or somebody's request.

    ``until_at``: callouts up to this moment are told. ``position``: subscribers up to this id are done. ``planned``
    counts subscribers who were due, ``skipped`` those of them who get no message, by reason; all others have one
    message each in the outbox, which knows how it went. ``tallies`` keeps that once all have come to an end.
    """

    __tablename__ = "digest_runs"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id", "slot"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        Index("ix_digest_runs_listed", "account_id", "knowledge_base_id", "due_at", "id"),
        Index("ix_digest_runs_stage", "stage", "moved_at"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    smtp_service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    kind: Mapped[RunKind] = mapped_column(String(16))
    slot: Mapped[str] = mapped_column(String(64))
    stage: Mapped[RunStage] = mapped_column(String(16), default=RunStage.FANNING_OUT)
    reason: Mapped[str] = mapped_column(String(300), default="")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_by: Mapped[str] = mapped_column(String(254), default="")
    position: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    planned: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    tallies: Mapped[dict[str, int] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


#: For the fan-out, which moves a run's position with every chunk: a Core statement, which names the account itself.
RUNS = cast("Table", DigestRun.__table__)


class DigestBody(AccountOwned, Base):
    """One body of a run: what readers with the same view share. ``items`` are the articles' ids, in their order."""

    __tablename__ = "digest_bodies"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "run_id", "items_key"),
        belongs_to("digest_runs", "run_id", ondelete="CASCADE"),
        belongs_to("outbox_bodies", "body_id", ondelete="CASCADE"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    items_key: Mapped[str] = mapped_column(String(64))  # SHA-256 of the items
    items: Mapped[list[str]] = mapped_column(JSON)
    body_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
