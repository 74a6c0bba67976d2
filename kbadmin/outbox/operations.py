"""enqueue(): the one way into the outbox, in the same transaction as the cause."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from kbadmin import clock
from kbadmin.adding import added
from kbadmin.database import begin_writing, db
from kbadmin.encryption import Secret
from kbadmin.engine import wake_named
from kbadmin.outbox.link_later import LinkLater, compose_later
from kbadmin.outbox.messages import Sender, compose
from kbadmin.outbox.models import PLATFORM, PRIORITY, Kind, MessageBody, OutboxMessage, Status
from kbadmin.outbox.platform import platform_sender, platform_sender_configured
from kbadmin.outbox.skeletons import Skeleton

__all__ = ["NoSender", "compile_body", "enqueue", "platform_sender_configured", "wake_lane", "withdraw_links"]


class NoSender(RuntimeError):
    """Neither a service nor a platform sender is there to send from. Ask before you enqueue."""


def enqueue(
    *,
    kind: Kind,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    deduplication_key: str,
    smtp_service_id: uuid.UUID | None = None,
    sender: Sender | None = None,
    from_name: str | None = None,
    reply_to: str | None = None,
    knowledge_base_id: uuid.UUID | None = None,
    link: LinkLater | None = None,
    expires_at: datetime | None = None,
) -> OutboxMessage:
    """Queue one message; a second call with the same key in the account answers the first message.

    ``from_name`` and ``reply_to`` stand for the sender's own, also if that is another when the message leaves.
    Without a service it leaves through the platform's own sender; raises :class:`NoSender` if there is none, and
    :class:`kbadmin.outbox.messages.NotSendable` for content that cannot become a clean message.
    """
    begin_writing()
    query = select(OutboxMessage).filter_by(deduplication_key=deduplication_key)
    before = db.session.scalar(query)
    if before is not None:
        return before
    lane_id = smtp_service_id or PLATFORM
    sender = sender or _platform()
    sender = replace(sender, name=from_name or sender.name, reply_to=reply_to or sender.reply_to)
    composed = (compose_later if link else compose)(sender, recipient=recipient, subject=subject, text=text, html=html)
    message = OutboxMessage(
        kind=kind,
        priority=PRIORITY[kind],
        deduplication_key=deduplication_key,
        # A test e-mail is in the hands of its run from the beginning; no lane carries it.
        status=Status.SENDING if kind is Kind.TEST else Status.QUEUED,
        lane_id=lane_id,
        smtp_service_id=smtp_service_id,
        recipient=recipient,
        subject=subject,
        message_id=composed.message_id,
        from_name=from_name or None,
        reply_to=reply_to or None,
        knowledge_base_id=knowledge_base_id,
        expires_at=expires_at,
    )
    if link is not None:
        message.link_purpose, message.link_subject_id = link.purpose.value, link.subject_id
        message.link_minutes, message.link_address = int(link.lifetime.total_seconds() // 60), link.address
    message.content = Secret(composed.content.decode("ascii"))
    queued = added(message, lambda: db.session.scalar(query))
    if queued is message and kind is not Kind.TEST:
        wake_lane(lane_id)
    return queued


def withdraw_links(subject_ids: Collection[uuid.UUID]) -> None:
    """Cancel what waits to bring one of these subjects a link; what a worker holds is on its way already."""
    waiting = update(OutboxMessage).where(
        OutboxMessage.link_subject_id.in_(subject_ids), OutboxMessage.status == Status.QUEUED
    )
    db.session.execute(
        waiting.values(
            status=Status.CANCELLED,
            settled_at=clock.now(),
            last_reply="Not sent: the reader has changed since.",
            content_sealed=None,
            parts_sealed=None,
        ).execution_options(synchronize_session=False)
    )


def wake_lane(lane_id: uuid.UUID) -> None:
    """Something of this lane is due once the transaction has committed; ``delivery`` carries it."""
    wake_named("deliver_lane", str(lane_id))


def compile_body(sender: Sender, *, subject: str, text: str, html: str, headers: Mapping[str, str]) -> uuid.UUID:
    """Store what all messages of a run share; raises :class:`kbadmin.outbox.messages.NotSendable`."""
    begin_writing()
    skeleton = Skeleton.compile(sender, subject=subject, text=text, html=html, headers=headers)
    body = MessageBody(skeleton=skeleton.to_bytes())
    db.session.add(body)
    db.session.flush()
    return body.id


def _platform() -> Sender:
    found = platform_sender()
    if found is None:
        raise NoSender("no service was chosen and the platform has no sender of its own")
    return found.sender
