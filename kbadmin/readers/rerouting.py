"""What waits for a service that has stopped leaves through the platform's sender, where the account wants it so."""

import uuid

from sqlalchemy import exists, or_, select, update

from kbadmin.database import begin_writing, commit, db
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.models import PLATFORM, Kind, OutboxMessage, Status
from kbadmin.outbox.operations import wake_lane
from kbadmin.outbox.platform import platform_sender_configured
from kbadmin.readers import email_settings
from kbadmin.readers.email_models import ReaderEmailSettings, WhenStopped
from kbadmin.readers.template_models import ServiceOverride
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.stopped import has_stopped
from kbadmin.tenancy import enter, every_account

_OVERRIDES = select(ServiceOverride.smtp_service_id)
KINDS = (Kind.WELCOME, Kind.READER_RESET, Kind.READER_SIGN_UP, Kind.PASSWORD_CHANGED)


@sweep
def stopped_reader_emails() -> None:
    """Find the accounts whose reader e-mails stand still and should not."""
    if not platform_sender_configured():
        return
    with every_account() as session:
        stopped = (
            select(ReaderEmailSettings.account_id)
            .where(ReaderEmailSettings.when_stopped == WhenStopped.PLATFORM)
            .where(
                exists().where(
                    SmtpService.account_id == ReaderEmailSettings.account_id,
                    or_(SmtpService.id == ReaderEmailSettings.smtp_service_id, SmtpService.id.in_(_OVERRIDES)),
                    has_stopped(),
                )
            )
        )
        found = [str(account_id) for account_id in session.scalars(stopped)]
    for account_id in found:
        wake(reroute, account_id)
    if found:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


@task
def reroute(account_id: str) -> None:
    """Hand what waits of one account to the platform's lane; its sender is written anew when it leaves."""
    enter(uuid.UUID(account_id))
    begin_writing()
    for knowledge_base_id in (None, *email_settings.own_services()):
        service, way = email_settings.chosen_service(knowledge_base_id), email_settings.way(knowledge_base_id)
        if service is not None and way is not None and way.smtp_service_id is None:
            waiting = update(OutboxMessage).where(
                OutboxMessage.lane_id == service.id,
                OutboxMessage.status == Status.QUEUED,
                OutboxMessage.kind.in_(KINDS),
            )
            db.session.execute(waiting.values(lane_id=PLATFORM, smtp_service_id=None, not_before_at=None))
            wake_lane(PLATFORM)
    commit()
