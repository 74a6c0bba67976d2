"""Messages of the platform's own sender, such as invitations and resets: claimed one by one, sent, recorded.

A message is claimed with a lease and sent with no transaction open. A failure that may pass is tried again later;
a refusal is final and stays visible.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select

from kbadmin import clock, config, logs
from kbadmin.database import begin_writing, commit, db
from kbadmin.delivery import servers
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.outbox.platform import platform_sender
from kbadmin.smtp.transport import Budget, Connection, SubmissionFailed
from kbadmin.tenancy import enter, every_account

LEASE = timedelta(minutes=15)
WAITS = (30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds before the next attempt

log = logs.get(__name__)


@dataclass(frozen=True)
class _Claimed:
    """One message in our hands until the lease ends."""

    id: int
    recipient: str
    content: bytes
    attempts: int


@task
def deliver_platform_message(account_id: str, public_id: str) -> None:
    """Send one message through the platform's sender; harmless if it was sent meanwhile."""
    enter(uuid.UUID(account_id))
    platform = platform_sender()
    claimed = _claim(uuid.UUID(public_id)) if platform else None
    if platform is None or claimed is None:
        return
    try:
        with Connection.open(
            servers.platform_server(platform),
            policy=servers.network_policy(),
            budget=Budget(session=120.0, final_reply=60.0),
            ca_file=config.current().smtp_ca_file,
        ) as connection:
            reply = connection.send(platform.sender.address, claimed.recipient, claimed.content)
    except SubmissionFailed as failed:
        _record_failure(claimed, failed)
    else:
        _record(claimed, Status.ACCEPTED, str(reply))


@sweep
def platform_messages_due() -> None:
    """Wake what is due, and what was left behind by a worker that died."""
    now = clock.now()
    with every_account() as session:
        query = (
            select(OutboxMessage)
            .where(
                OutboxMessage.kind != Kind.TEST,
                OutboxMessage.smtp_service_id.is_(None),
                or_(
                    (OutboxMessage.status == Status.QUEUED) & (OutboxMessage.not_before_at <= now),
                    (OutboxMessage.status == Status.SENDING) & (OutboxMessage.leased_until < now),
                ),
            )
            .order_by(OutboxMessage.priority.desc(), OutboxMessage.id)
            .limit(50)
        )
        due = [(str(message.account_id), str(message.public_id)) for message in session.scalars(query)]
    for account_id, public_id in due:
        wake(deliver_platform_message, account_id, public_id)
    if due:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _claim(public_id: uuid.UUID) -> _Claimed | None:
    begin_writing()
    now = clock.now()
    message = db.session.scalar(select(OutboxMessage).filter_by(public_id=public_id).with_for_update())
    free = message is not None and (
        message.status == Status.QUEUED
        or (message.status == Status.SENDING and message.leased_until is not None and message.leased_until < now)
    )
    if message is None or not free or message.not_before_at > now:
        commit()
        return None
    if message.expires_at is not None and message.expires_at <= now:
        message.status, message.settled_at, message.content = Status.EXPIRED, now, None
        commit()
        return None
    message.status, message.leased_until = Status.SENDING, now + LEASE
    message.attempts += 1
    claimed = _Claimed(message.id, message.recipient, message.content.reveal().encode("ascii"), message.attempts)
    commit()
    return claimed


def _record_failure(claimed: _Claimed, failed: SubmissionFailed) -> None:
    log.warning("platform message not sent", stage=failed.stage, kind=failed.kind, detail=failed.detail)
    is_final = failed.reply is not None and failed.reply.code >= 500 and failed.stage != "sign_in"
    text = str(failed.reply or failed)
    if is_final or claimed.attempts > len(WAITS):
        _record(claimed, Status.FAILED, text)
    else:
        _record(claimed, Status.QUEUED, text, wait=timedelta(seconds=WAITS[claimed.attempts - 1]))


def _record(claimed: _Claimed, status: Status, reply: str, *, wait: timedelta | None = None) -> None:
    begin_writing()
    message = db.session.get(OutboxMessage, claimed.id)
    if message is not None and message.status == Status.SENDING:
        message.status, message.leased_until, message.last_reply = status, None, logs.mask_text(reply)[:400]
        if wait is not None:
            message.not_before_at = clock.now() + wait
        else:
            message.settled_at, message.content = clock.now(), None
    commit()
