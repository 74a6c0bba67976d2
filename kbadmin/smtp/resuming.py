"""Pauses that end: by the button, for causes put right elsewhere, or by themselves when their time is over."""

import uuid

from sqlalchemy import select

from kbadmin import clock
from kbadmin.audit.operations import WORKER, Actor, Subject, record
from kbadmin.database import begin_writing, commit
from kbadmin.engine import sweep, task, wake
from kbadmin.smtp import operations
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.pauses import put_right
from kbadmin.tenancy import enter, every_account


def resume_service(service_id: uuid.UUID, *, actor: Actor) -> SmtpService:
    """Somebody says that the cause is gone: try again now. Raises LookupError for no such service."""
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is None:
        raise LookupError(service_id)
    _resume(service, actor)
    return service


@task
def end_pause(account_id: str, service_id: str) -> None:
    """End one pause whose time is over; nothing happens if it was ended or made longer meanwhile."""
    enter(uuid.UUID(account_id))
    begin_writing()
    service = operations.find(uuid.UUID(service_id), for_update=True)
    if service is not None and service.paused_until is not None and service.paused_until <= clock.now():
        _resume(service, WORKER)
    commit()


@sweep
def pauses_that_end() -> None:
    """A provider's daily limit has eased, say: whatever paused until now goes on."""
    with every_account() as session:
        over = select(SmtpService.account_id, SmtpService.id).where(
            SmtpService.paused_until <= clock.now(), SmtpService.deleted_at.is_(None)
        )
        ended = [(str(account), str(service)) for account, service in session.execute(over)]
    for account, service in ended:
        wake(end_pause, account, service)
    if ended:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _resume(service: SmtpService, actor: Actor) -> None:
    was = service.pause_reason
    service.authorization_failure = None if service.is_authorized else service.authorization_failure
    put_right(service)
    subject = Subject("smtp service", service.id, service.friendly_name)
    record("smtp service resumed", actor=actor, subject=subject, reason=was)
