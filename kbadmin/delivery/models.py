"""TestRun, and what the workers share: lanes with their limits, who works, incidents, suppressed addresses."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.outbox.models import BIG
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


class Lane(Base):
    """How fast mail may leave one way: a service's, or the platform's own. Shared by all workers.

    Outside the fence: a lane is found by its id before an account is entered, and holds figures only. The bucket
    refills at the service's rate and holds at most five tokens, so no 60 seconds see more than rate + 5.
    """

    __tablename__ = "lanes"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))  # none: the platform's
    tokens: Mapped[float] = mapped_column(Float, default=5.0)
    refilled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)  # of the service, in a row
    closed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the circuit breaker, or a server's wish
    slowed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # one connection only, until then
    accepted_total: Mapped[int] = mapped_column(BIG, default=0)
    failed_total: Mapped[int] = mapped_column(BIG, default=0)


class LaneConnection(Base):
    """One of the connections that a lane may have open; free while no worker holds it."""

    __tablename__ = "lane_connections"

    lane_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lanes.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    worker_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True)
    token: Mapped[int | None] = mapped_column(BIG)


class LaneHour(Base):
    """Recipients that a lane was given in one hour; twenty-four of them are the rolling day."""

    __tablename__ = "lane_hours"

    lane_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lanes.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True)  # hours since 1970, UTC
    recipients: Mapped[int] = mapped_column(default=0)


class Worker(Base):
    """A process that delivers. ``beat`` rises while it lives: others watch it change and need no common clock."""

    __tablename__ = "workers"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    host: Mapped[str] = mapped_column(String(254))
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    beat: Mapped[int] = mapped_column(BIG, default=0)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SuppressedAddress(AccountOwned, Base):
    """An address that refused mail for good; from the second refusal on nothing but resets is sent there."""

    __tablename__ = "suppressed_addresses"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "address"))

    address: Mapped[str] = mapped_column(String(254))  # comparable form
    refusals: Mapped[int] = mapped_column(default=1)
    last_reply: Mapped[str] = mapped_column(String(400), default="")
    first_refused_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_refused_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    suppressed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ServiceIncident(AccountOwned, Base):
    """A service that stopped, from the moment somebody had to be told until mail was accepted again."""

    __tablename__ = "service_incidents"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("smtp_services", "smtp_service_id"),
        Index("ix_service_incidents_open", "smtp_service_id", "ended_at"),
    )

    smtp_service_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    state: Mapped[str] = mapped_column(String(32))  # the service's state when it began: paused, needs_authorizing …
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what, who and reason, as told
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    resumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the cause was put right
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # mail was accepted again
