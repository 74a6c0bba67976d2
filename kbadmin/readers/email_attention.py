"""What the bell says of reader e-mails: that they wait for a service that has stopped.

Whoever manages readers hears of it, also without seeing SMTP services. Where the platform's sender takes over, nothing
waits, and nothing is said.
"""

from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import Boolean, ColumnElement, Select, and_, bindparam, func, or_, select

from kbadmin import notices
from kbadmin.access import Permission
from kbadmin.database import db
from kbadmin.delivery.models import ServiceIncident
from kbadmin.notices import Notice
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.outbox.platform import platform_sender_configured
from kbadmin.readers.email_models import ReaderEmailSettings, WhenStopped
from kbadmin.readers.rerouting import KINDS
from kbadmin.readers.template_models import ServiceOverride
from kbadmin.smtp.models import SmtpService, State
from kbadmin.smtp.stopped import has_stopped

HOW = {State.DISABLED: "is disabled", State.NEEDS_AUTHORIZING: "needs authorizing"}


def _is_waited_for() -> ColumnElement[bool]:
    """Of a service: it has stopped, reader e-mails leave through it, and nobody takes them over."""
    waits = select(ReaderEmailSettings.id).where(ReaderEmailSettings.when_stopped == WhenStopped.PLATFORM)
    is_taken_over = and_(bindparam("platform_sends", type_=Boolean()), waits.exists())
    return (
        has_stopped()
        & or_(
            SmtpService.id.in_(select(ReaderEmailSettings.smtp_service_id)),
            SmtpService.id.in_(select(ServiceOverride.smtp_service_id)),
        )
        & ~is_taken_over
        & ~_is_told_of_by_itself()
    )


def _is_told_of_by_itself() -> ColumnElement[bool]:
    """Of a service: whoever looks sees its own notice, which says how much waits. One is enough."""
    incident = select(ServiceIncident.id).where(ServiceIncident.smtp_service_id == SmtpService.id)
    return and_(
        bindparam("sees_services", type_=Boolean()), incident.where(ServiceIncident.ended_at.is_(None)).exists()
    )


def _values() -> dict[str, Any]:
    return {
        "platform_sends": platform_sender_configured(),
        "sees_services": current_user.may(Permission.MANAGE_SMTP),
    }


def _counted() -> Select[int]:
    return select(func.count(SmtpService.id)).where(_is_waited_for())


def _notices() -> list[Notice]:
    waiting = (
        select(func.count(OutboxMessage.id))
        .where(
            OutboxMessage.lane_id == SmtpService.id,
            OutboxMessage.status == Status.QUEUED,
            OutboxMessage.kind.in_(KINDS),
        )
        .correlate(SmtpService)
        .scalar_subquery()
    )
    query = select(SmtpService, waiting).where(_is_waited_for()).order_by(SmtpService.friendly_name_key)
    return [_notice(service, number) for service, number in db.session.execute(query, _values())]


def _notice(service: SmtpService, number: int) -> Notice:
    how = HOW.get(service.state, "is paused")
    return Notice(
        title="Reader e-mails",
        word="Waiting",
        kind="warning",
        icon="clock",
        text=f"They wait for **{service.friendly_name}**, which {how}: {number} in the queue now. They leave when "
        "it can send again. Until then you can choose another way, or pass on links by hand.",
        action="Reader e-mail settings",
        url=url_for("reader_emails.settings"),
        who="Whoever manages SMTP services",
        since=service.disabled_at or service.paused_at,
    )


notices.notice_with(_notices, counted=_counted, values=_values, permission=Permission.MANAGE_READERS)
