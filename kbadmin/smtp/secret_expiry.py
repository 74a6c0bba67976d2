"""Client secrets that expire soon: told to whoever looks after services, 30, 14, 7 and 1 days before; in the bell."""

import uuid
from datetime import timedelta
from typing import Any

from flask import url_for
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from kbadmin import clock, config, notices
from kbadmin.access import Permission
from kbadmin.database import begin_writing, commit, db
from kbadmin.engine import task
from kbadmin.notices import Notice
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue, platform_sender_configured
from kbadmin.outbox.rendering import letter
from kbadmin.smtp import operations
from kbadmin.smtp.models import WARNING_DAYS, SmtpService
from kbadmin.smtp.security import Authentication
from kbadmin.tenancy import enter, every_account
from kbadmin.users.queries import members_who_may

TOLD_BEFORE = (1, 7, 14, 30)  # days


@task
def tell_of_expiring_secret(account_id: str, service_id: str) -> None:
    """One letter to each person for each of the days in ``TOLD_BEFORE``; asked again, nothing is queued twice."""
    enter(uuid.UUID(account_id))
    begin_writing()
    service = operations.find(uuid.UUID(service_id))
    days = service.secret_days_left if service is not None and not service.disabled_at else None
    if service is None or days is None or days < 1:
        commit()
        return
    step = next(step for step in TOLD_BEFORE if days <= step)
    said = letter(
        "secret_expires",
        service=service,
        days=days,
        address=f"{config.current().base_url}/smtp/{service.id}/oauth2",
    )
    for member in members_who_may(Permission.MANAGE_SMTP):
        enqueue(
            kind=Kind.NOTICE,
            recipient=member.user.email,
            subject=said.subject,
            text=said.text,
            html=said.html,
            deduplication_key=f"secret-expiry:{service.id}:{service.secret_expires_on}:{step}:{member.user_id}",
        )
    commit()


def expiring() -> list[tuple[str, str]]:
    """Account and service of every secret that expires soon and has not yet. Nothing where nobody could be told."""
    if not platform_sender_configured():
        return []
    with every_account() as session:
        query = select(SmtpService.account_id, SmtpService.id).where(
            *_expires_soon(), SmtpService.secret_expires_on > clock.now().date()
        )
        return [(str(account), str(service)) for account, service in session.execute(query, _values())]


def _expires_soon() -> list[ColumnElement[bool]]:
    return [
        SmtpService.deleted_at.is_(None),
        SmtpService.disabled_at.is_(None),
        SmtpService.authentication == Authentication.OAUTH2,
        SmtpService.secret_expires_on <= bindparam("soon"),
    ]


def _values() -> dict[str, Any]:
    return {"soon": clock.now().date() + timedelta(days=WARNING_DAYS)}


def _counted() -> Select[int]:
    return select(func.count(SmtpService.id)).where(*_expires_soon())


def _notices() -> list[Notice]:
    query = select(SmtpService).where(*_expires_soon()).order_by(SmtpService.secret_expires_on)
    return [_notice(service) for service in db.session.scalars(query, _values())]


def _notice(service: SmtpService) -> Notice:
    is_over = (service.secret_days_left or 0) <= 0
    day = service.secret_expires_on
    on = f"{day.day} {day:%B %Y}" if day else ""
    return Notice(
        title=service.friendly_name,
        word="Secret expired" if is_over else "Secret expires soon",
        kind="danger" if is_over else "warning",
        icon="key",
        text=f"Its client secret {'expired' if is_over else 'expires'} on {on}. Ask for a new one, and enter its Value "
        "in **Update OAuth2 Settings**: the authorization stays.",
        action="Update OAuth2 Settings",
        url=url_for("smtp.oauth", service_id=service.id),
        who="Your IT administrator",
    )


notices.notice_with(_notices, counted=_counted, values=_values, permission=Permission.MANAGE_SMTP)
