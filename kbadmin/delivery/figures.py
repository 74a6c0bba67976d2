"""The pipeline in figures, over all accounts: for the metrics page, ``kbadmin outbox status``, /readyz doctor."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kbadmin import clock, health
from kbadmin.delivery.models import Lane, ServiceIncident, Worker
from kbadmin.delivery.turns import turn
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.shared_time import shared_now
from kbadmin.smtp.models import SmtpService, State

ALIVE = timedelta(seconds=30)  # A beat that is older makes one doubt the worker.


@dataclass(frozen=True)
class Workers:
    """How many processes deliver, and how long ago the last of them gave a sign of life, in seconds."""

    alive: int
    seconds_since_beat: float | None


@dataclass(frozen=True)
class Figures:
    """Counts are of now; totals only rise. ``oldest_due_seconds`` is how long the oldest message has been waiting
    whose service could send it.
    """

    messages: Mapping[Status, int]
    oldest_due_seconds: float
    services: Mapping[State, int]
    closed_lanes: int
    slowed_lanes: int
    accepted_total: int
    failed_total: int
    token_changes_total: int
    open_incidents: int
    workers: Workers


def collect() -> Figures:
    """Read all of them. Costs one look at every message that is not accepted."""
    with turn() as session:
        now = shared_now(session)
        services = list(session.scalars(select(SmtpService).where(SmtpService.deleted_at.is_(None))))
        lanes = session.execute(
            select(
                func.count().filter(Lane.closed_until > now),
                func.count().filter(Lane.slowed_until > now),
                func.coalesce(func.sum(Lane.accepted_total), 0),
                func.coalesce(func.sum(Lane.failed_total), 0),
            )
        ).one()
        stopped = [service.id for service in services if service.state in (State.PAUSED, State.DISABLED)]
        stopped += [service.id for service in services if service.state is State.NEEDS_AUTHORIZING]
        return Figures(
            messages=_messages(session, int(lanes[2])),
            oldest_due_seconds=_oldest_due(session, stopped),
            services={state: sum(service.state is state for service in services) for state in State},
            closed_lanes=lanes[0],
            slowed_lanes=lanes[1],
            accepted_total=int(lanes[2]),
            failed_total=int(lanes[3]),
            token_changes_total=sum(service.token_version for service in services),
            open_incidents=session.scalars(
                select(func.count()).select_from(ServiceIncident).where(ServiceIncident.ended_at.is_(None))
            ).one(),
            workers=_workers(session),
        )


def workers() -> Workers:
    """Who delivers now."""
    with turn() as session:
        return _workers(session)


def _workers(session: Session) -> Workers:
    now = shared_now(session)
    beats = list(session.scalars(select(Worker.beat_at).where(Worker.stopped_at.is_(None))))
    since = [max(0.0, (now - beat).total_seconds()) for beat in beats]
    return Workers(sum(seconds < ALIVE.total_seconds() for seconds in since), min(since, default=None))


def _messages(session: Session, accepted: int) -> dict[Status, int]:
    """Accepted ones are not counted but known from the lanes: there may be millions."""
    query = select(OutboxMessage.status, func.count()).where(OutboxMessage.status != Status.ACCEPTED)
    found = {Status(status): count for status, count in session.execute(query.group_by(OutboxMessage.status))}
    return {status: found.get(status, 0) for status in Status} | {Status.ACCEPTED: accepted}


def _oldest_due(session: Session, stopped: list[uuid.UUID]) -> float:
    query = select(func.min(OutboxMessage.created_at)).where(
        OutboxMessage.status == Status.QUEUED,
        OutboxMessage.not_before_at.is_(None),
        OutboxMessage.lane_id.not_in(stopped),
    )
    oldest = session.scalar(query)
    return 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())


def _worker_facts() -> dict[str, float | int | None]:
    found = workers()
    since = found.seconds_since_beat
    return {"alive": found.alive, "seconds_since_beat": None if since is None else round(since, 1)}


health.tell("worker", _worker_facts)
