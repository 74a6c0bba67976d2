"""What looks after grants in the background: new secrets are proved, grants that nobody uses are kept alive."""

import uuid
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, select

from kbadmin import clock, logs
from kbadmin.database import begin_writing, commit, stop_reading
from kbadmin.engine import sweep, task, wake
from kbadmin.smtp import access_token, flows, operations, secret_expiry
from kbadmin.smtp.access_token import TokenUnavailable
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication
from kbadmin.tenancy import enter, every_account

EVERY = timedelta(hours=1)
RENEWED_AFTER = timedelta(days=30)  # A refresh token that is not used for 90 days dies.
LOOKED_AT = "kbadmin.smtp.keeping"

log = logs.get(__name__)


@task
def refresh_after_new_secret(account_id: str, service_id: str) -> None:
    """A client secret was replaced: prove it at once, so that a mistake shows now and not at the next digest.

    A provider that refuses leaves the service paused with the reason, or without a grant, as any refresh does.
    """
    enter(uuid.UUID(account_id))
    _refresh(uuid.UUID(service_id), "new client secret not accepted")


@task
def refresh_unused_grant(account_id: str, service_id: str) -> None:
    """A service has sent nothing for a month: renew its tokens, so that its authorization does not die of that."""
    enter(uuid.UUID(account_id))
    service = operations.find(uuid.UUID(service_id))
    if service is not None and _is_unused(service.tokens_renewed_at or service.authorized_at):
        _refresh(uuid.UUID(service_id), "grant could not be kept alive")


@sweep
def forget_old_flows() -> None:
    """Tokens of a mailbox that nobody confirmed leave after ten minutes, and old flows after a day."""
    flows.forget_old()


@sweep
def look_after_grants() -> None:
    """Once an hour: keep unused grants alive, and warn of secrets that expire."""
    now, last = clock.now(), current_app.extensions.get(LOOKED_AT)
    if isinstance(last, datetime) and last <= now < last + EVERY:
        return
    current_app.extensions[LOOKED_AT] = now
    unused, expiring = _unused_grants(), secret_expiry.expiring()
    for account, service in unused:
        wake(refresh_unused_grant, account, service)
    for account, service in expiring:
        wake(secret_expiry.tell_of_expiring_secret, account, service)
    if unused or expiring:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _unused_grants() -> list[tuple[str, str]]:
    """Account and service of each grant that may die of disuse; those that were refused wait for a person."""
    renewed_at = func.coalesce(SmtpService.tokens_renewed_at, SmtpService.authorized_at)
    with every_account() as session:
        query = select(SmtpService.account_id, SmtpService.id).where(
            SmtpService.authentication == Authentication.OAUTH2,
            SmtpService.refresh_token_sealed.is_not(None),
            SmtpService.client_secret_sealed.is_not(None),
            SmtpService.deleted_at.is_(None),
            SmtpService.disabled_at.is_(None),
            (SmtpService.paused_at.is_(None)) | (SmtpService.submission_failure.is_not(None)),
            renewed_at < clock.now() - RENEWED_AFTER,
        )
        return [(str(account), str(service)) for account, service in session.execute(query)]


def _is_unused(renewed_at: datetime | None) -> bool:
    return renewed_at is not None and renewed_at < clock.now() - RENEWED_AFTER


def _refresh(service_id: uuid.UUID, complaint: str) -> None:
    refused = access_token.version_of(service_id)
    stop_reading()
    try:
        access_token.fresh(service_id, refused_version=refused)
    except TokenUnavailable as unavailable:
        log.info(complaint, service=str(service_id), kind=unavailable.failed.kind)
    except LookupError:
        log.info("service gone before its tokens were renewed", service=str(service_id))
