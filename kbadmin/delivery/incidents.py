"""Services that stopped: found by a sweep, told once to whoever looks after them, and once when mail goes again.

An incident begins when a service is paused (or lost its grant), or has had difficulties for an hour. It ends when mail
was accepted after the cause was put right, however often the service is paused in between. Notices leave through the
platform's own sender, never through the service itself; where there is none, the bell alone tells.
"""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from kbadmin import clock, config
from kbadmin.access import Permission
from kbadmin.database import begin_writing, commit, db
from kbadmin.delivery import lanes
from kbadmin.delivery.models import ServiceIncident
from kbadmin.delivery.turns import turn
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.outbox.operations import enqueue, platform_sender_configured, wake_lane
from kbadmin.outbox.rendering import letter
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.pauses import when_usable_again
from kbadmin.smtp.standing import trouble_of
from kbadmin.tenancy import enter
from kbadmin.users.queries import members_who_may

DIFFICULT_FOR = timedelta(hours=1)


@sweep
def watch_services() -> None:
    """Find services whose incident should begin, or end, and wake what does it."""
    is_open = exists().where(ServiceIncident.smtp_service_id == SmtpService.id, ServiceIncident.ended_at.is_(None))
    right_since = func.coalesce(ServiceIncident.resumed_at, ServiceIncident.began_at)
    has_sent = is_open.where(SmtpService.last_accepted_at >= right_since)
    with turn() as session:
        changed = select(SmtpService.account_id, SmtpService.id).where(
            or_(
                and_(~is_open, ~_is_gone(), _has_stopped()),
                and_(has_sent, ~_is_in_trouble()),
                and_(is_open, _is_gone()),
            )
        )
        found = [(str(account), str(service)) for account, service in session.execute(changed)]
    for account, service in found:
        wake(note_incident, account, service)
    if found:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


@task
def note_incident(account_id: str, service_id: str) -> None:
    """Begin or end the incident of one service, with its notices, in one transaction. A second call finds it done."""
    enter(uuid.UUID(account_id))
    begin_writing()
    service = db.session.get(SmtpService, uuid.UUID(service_id), with_for_update=True)
    if service is not None:
        incident = open_incident(service.id)
        if incident is None:
            _begin(service)
        else:
            _go_on(service, incident)
    commit()


def open_incident(service_id: uuid.UUID) -> ServiceIncident | None:
    """The incident of a service that has not ended."""
    return db.session.scalar(select(ServiceIncident).filter_by(smtp_service_id=service_id, ended_at=None))


def waiting_messages(service_id: uuid.UUID) -> int:
    """How many messages wait for this service."""
    query = select(func.count(OutboxMessage.id)).where(
        OutboxMessage.lane_id == service_id, OutboxMessage.status == Status.QUEUED
    )
    return db.session.scalar(query) or 0


def _is_gone() -> ColumnElement[bool]:
    return or_(SmtpService.deleted_at.is_not(None), SmtpService.disabled_at.is_not(None))


def _is_in_trouble() -> ColumnElement[bool]:
    return or_(SmtpService.paused_at.is_not(None), SmtpService.degraded_at.is_not(None))


def _has_stopped() -> ColumnElement[bool]:
    return or_(SmtpService.paused_at.is_not(None), SmtpService.degraded_at < clock.now() - DIFFICULT_FOR)


def _begin(service: SmtpService) -> None:
    difficult = service.degraded_at is not None and service.degraded_at < clock.now() - DIFFICULT_FOR
    if service.deleted_at or service.disabled_at or not (service.paused_at or difficult):
        return
    incident = ServiceIncident(smtp_service_id=service.id, state=service.state, facts=_facts(service))
    incident.began_at = clock.now()
    db.session.add(incident)
    db.session.flush()
    _tell(service, f"incident:{incident.id}", "service_stopped", facts=incident.facts, state=incident.state)


def _go_on(service: SmtpService, incident: ServiceIncident) -> None:
    """End it silently if the service is gone, with a notice if mail was accepted since it was put right."""
    now = clock.now()
    if service.deleted_at or service.disabled_at:
        incident.ended_at = now
        return
    if service.paused_at or service.degraded_at:
        return
    right_since = incident.resumed_at or incident.began_at
    if service.last_accepted_at is not None and service.last_accepted_at >= right_since:
        incident.resumed_at, incident.ended_at = incident.resumed_at or now, now
        _tell(service, f"incident-over:{incident.id}", "service_works_again", since=incident.began_at)


def _facts(service: SmtpService) -> dict[str, Any]:
    trouble = trouble_of(service)
    if trouble is None:
        return {"what": "It was stopped.", "who": "You", "do": []}
    explanation = trouble.explanation
    return {"what": explanation.what, "who": explanation.who_label, "do": list(explanation.do)}


def _tell(service: SmtpService, key: str, name: str, **values: Any) -> None:
    if not platform_sender_configured():
        return
    members = members_who_may(Permission.MANAGE_SMTP)
    said = letter(
        name,
        service=service,
        waiting=waiting_messages(service.id),
        address=f"{config.current().base_url}/smtp/{service.id}",
        **values,
    )
    for member in members:
        enqueue(
            kind=Kind.NOTICE,
            recipient=member.user.email,
            subject=said.subject,
            text=said.text,
            html=said.html,
            deduplication_key=f"{key}:{member.user_id}",
        )


def _let_mail_go(service_id: uuid.UUID) -> None:
    """A service was put right: its breaker is closed, its mail is tried at once, and its incident waits for a reply."""
    lanes.open_again(db.session(), service_id)
    incident = open_incident(service_id)
    if incident is not None:
        incident.resumed_at = clock.now()
    wake_lane(service_id)


when_usable_again(_let_mail_go)
