"""Why a message waits: for its time, its turn, its service, or a limit. One look at all lanes of an account."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from kbadmin import clock
from kbadmin.database import db
from kbadmin.delivery import lanes
from kbadmin.delivery.log_words import PLATFORM_NAME
from kbadmin.delivery.models import Lane, LaneHour
from kbadmin.outbox.models import PLATFORM, Status
from kbadmin.outbox.platform import platform_sender_configured
from kbadmin.shared_time import shared_now
from kbadmin.smtp.models import SmtpService, State
from kbadmin.tenancy import current_account

GONE = "Deleted service"


@dataclass(frozen=True)
class Why:
    """One reason. ``until`` is when it ends by itself; ``service`` is whose page says more."""

    text: str
    until: datetime | None = None
    service: SmtpService | None = None


@dataclass(frozen=True)
class Lanes:
    """What is known of an account's lanes now."""

    services: Mapping[uuid.UUID, SmtpService]
    closed_until: Mapping[uuid.UUID, datetime] = field(default_factory=dict)
    sent_today: Mapping[uuid.UUID, int] = field(default_factory=dict)
    now: datetime = field(default_factory=clock.now)
    is_platform_ready: bool = False

    def name(self, lane_id: uuid.UUID) -> str:
        """The Friendly Name of a lane's service."""
        if lane_id == PLATFORM:
            return PLATFORM_NAME
        return self.services[lane_id].friendly_name if lane_id in self.services else GONE

    def limits(self, lane_id: uuid.UUID) -> tuple[int | None, int | None]:
        """Messages a minute and recipients a day; none where we set no limit."""
        service = self.services.get(lane_id)
        return (service.messages_per_minute, service.recipients_per_day) if service else (None, None)

    def why(self, message: Any) -> Why | None:
        """Why a message has not left yet; nothing if it does not wait."""
        if message.status != Status.QUEUED:
            return None
        if message.not_before_at is not None and message.not_before_at > self.now:
            return self._stopped(message.lane_id) or Why("Deferred until", message.not_before_at)
        return self._stopped(message.lane_id) or self._limited(message.lane_id) or Why("Due: leaves in its turn")

    def _stopped(self, lane_id: uuid.UUID) -> Why | None:
        """What keeps everything of the lane back until a person acts."""
        if lane_id == PLATFORM:
            return None if self.is_platform_ready else Why("This site has no platform sender: its operator sets one up")
        service = self.services.get(lane_id)
        if service is None:
            return Why("Its service was deleted")
        words = {
            State.PAUSED: "is paused",
            State.DISABLED: "is disabled",
            State.NEEDS_AUTHORIZING: "needs authorizing",
        }
        if service.state not in words:
            return None
        until = service.paused_until if service.state is State.PAUSED else None
        return Why(f"{service.friendly_name} {words[service.state]}" + (" until" if until else ""), until, service)

    def _limited(self, lane_id: uuid.UUID) -> Why | None:
        """What keeps everything of the lane back for a while."""
        closed_until = self.closed_until.get(lane_id)
        if closed_until is not None and closed_until > self.now:
            return Why("The server had a problem; next try", closed_until, self.services.get(lane_id))
        most = self.limits(lane_id)[1]
        if most is not None and self.sent_today.get(lane_id, 0) >= most:
            return Why(f"The limit of {most:,} recipients in 24 hours is reached", service=self.services.get(lane_id))
        return None


def look(services: Iterable[SmtpService]) -> Lanes:
    """Read the lanes of these services, and the platform's."""
    known = {service.id: service for service in services}
    ids = [PLATFORM, *known]
    closed = select(Lane.id, Lane.closed_until).where(Lane.id.in_(ids), Lane.closed_until.is_not(None))
    return Lanes(
        known,
        closed_until={lane_id: until for lane_id, until in db.session.execute(closed) if until is not None},
        sent_today=sent_in_24_hours(ids),
        is_platform_ready=platform_sender_configured(),
    )


def sent_in_24_hours(lane_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Recipients of this account that each lane was given in the last 24 hours, by the hour."""
    since = int(shared_now(db.session()).timestamp()) // 3600 - lanes.HOURS
    query = (
        select(LaneHour.lane_id, func.sum(LaneHour.recipients))
        .where(LaneHour.lane_id.in_(list(lane_ids)), LaneHour.account_id.in_([current_account()]))
        .where(LaneHour.hour > since)
        .group_by(LaneHour.lane_id)
    )
    return {lane_id: max(int(count), 0) for lane_id, count in db.session.execute(query)}
