"""The letter that asks whether it was really them: without an answer to it nobody is subscribed."""

from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue
from kbadmin.outbox.platform import platform_sender
from kbadmin.outbox.rendering import letter
from kbadmin.readers.email_settings import SENDING, Way
from kbadmin.readers.emails import account_name, portal_address
from kbadmin.smtp import operations as smtp
from kbadmin.subscriptions.models import SubscriptionRequest, SubscriptionSettings
from kbadmin.subscriptions.targets import Named


def way(settings: SubscriptionSettings) -> Way | None:
    """Which way a confirmation leaves: the service of the digests, the platform's while that cannot send, or none."""
    service = smtp.find(settings.smtp_service_id) if settings.smtp_service_id else None
    platform = platform_sender()
    if service is not None and (service.state in SENDING or (platform is None and service.is_choosable)):
        sender = Sender(service.send_from_address, service.send_from_name, service.reply_to_address)
        return Way(service.id, sender, waits=service.state not in SENDING)
    return Way(None, platform.sender) if platform else None


def deduplication_key(asked: SubscriptionRequest) -> str:
    """One letter for each request, however often its task is woken."""
    return f"subscription confirmation {asked.id}"


def ask_to_confirm(
    asked: SubscriptionRequest, token: str, knowledge_base: KnowledgeBase, *, to: Named, chosen: Way
) -> None:
    """Queue the letter. Nothing in it was typed by whoever asked, but the address it goes to."""
    said = letter(
        "confirm_subscription",
        account=account_name(),
        knowledge_base=knowledge_base.name,
        to=to,
        email=asked.email,
        address=portal_address("confirm", token),
        expires_at=asked.expires_at,
    )
    enqueue(
        kind=Kind.SUBSCRIPTION_CONFIRMATION,
        recipient=asked.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=deduplication_key(asked),
        smtp_service_id=chosen.smtp_service_id,
        sender=chosen.sender,
        knowledge_base_id=knowledge_base.id,
        expires_at=asked.expires_at,
    )
