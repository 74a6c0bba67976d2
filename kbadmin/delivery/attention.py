"""What the bell and the service's page say of lanes: open incidents, what waits, the next try, how full the day is."""

from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import Select, func, select

from kbadmin import clock, notices
from kbadmin.access import Permission
from kbadmin.database import db
from kbadmin.delivery import lanes
from kbadmin.delivery.incidents import open_incident, waiting_messages
from kbadmin.delivery.models import Lane, ServiceIncident
from kbadmin.notices import Notice
from kbadmin.shared_time import shared_now
from kbadmin.smtp.models import SmtpService, State
from kbadmin.smtp.service_page import show_on_service_page

NEARLY_FULL = 0.8  # of the recipients of a day
STOPPED = {
    State.PAUSED: ("Paused", "danger", "player-pause"),
    State.DEGRADED: ("Degraded", "warning", "alert-triangle"),
}


def service_values(service: SmtpService) -> dict[str, Any]:
    """What the page of one service says of its lane."""
    per_day = service.recipients_per_day
    sent = lanes.recipients_of_the_day(db.session(), service.id, shared_now(db.session()))
    return {
        "waiting": waiting_messages(service.id),
        "next_try": _next_try(service),
        "sent_today": sent,
        "day_is_nearly_full": per_day is not None and sent >= NEARLY_FULL * per_day,
        "incident": open_incident(service.id),
    }


def _next_try(service: SmtpService) -> datetime | None:
    """When the lane opens by itself; none where the next message is tried at once."""
    if service.state is not State.DEGRADED:
        return None
    lane = db.session.get(Lane, service.id)
    return lane.closed_until if lane and lane.closed_until and lane.closed_until > clock.now() else None


def _open() -> Select[ServiceIncident, SmtpService]:
    return (
        select(ServiceIncident, SmtpService)
        .join(SmtpService, SmtpService.id == ServiceIncident.smtp_service_id)
        .where(ServiceIncident.ended_at.is_(None))
        .order_by(ServiceIncident.began_at)
    )


def _counted() -> Select[int]:
    return select(func.count(ServiceIncident.id)).where(ServiceIncident.ended_at.is_(None))


def _notices() -> list[Notice]:
    return [_notice(incident, service) for incident, service in db.session.execute(_open())]


def _notice(incident: ServiceIncident, service: SmtpService) -> Notice:
    is_right = service.state in (State.UNTESTED, State.READY)
    if is_right:
        word, kind, icon = "Put right", "info", "circle-dashed"
        text = "It was put right, but its server has not accepted a message since. Send a test e-mail to be sure."
    else:
        word, kind, icon = STOPPED.get(service.state, ("Needs authorizing", "danger", "key"))
        waiting = waiting_messages(service.id)
        text = str(incident.facts.get("what") or "It was stopped.")
        if waiting:
            text += f" {waiting:,} {'message waits' if waiting == 1 else 'messages wait'} for it."
    return Notice(
        title=service.friendly_name,
        word=word,
        kind=kind,
        icon=icon,
        text=text,
        action="Send Test Email" if is_right else "Open the service",
        url=url_for("delivery.send_test" if is_right else "smtp.edit", service_id=service.id),
        who=None if is_right else str(incident.facts.get("who") or "") or None,
        since=incident.began_at,
    )


show_on_service_page(service_values)
notices.notice_with(_notices, counted=_counted, permission=Permission.MANAGE_SMTP)
