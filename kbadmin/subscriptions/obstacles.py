"""Why no digest can leave a knowledge base now: the one answer for the sweep, for «send now» and the command line."""

from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.smtp import operations as smtp
from kbadmin.subscriptions import digest_words
from kbadmin.subscriptions.models import SubscriptionSettings


def why_not(settings: SubscriptionSettings | None, knowledge_base: KnowledgeBase) -> str | None:
    """Why no digest can leave now, in a sentence; nothing if one can. A paused service lets its messages wait."""
    if knowledge_base.is_archived:
        return digest_words.ARCHIVED
    if settings is None or not settings.is_on:
        return digest_words.OFF
    if settings.paused_at is not None:
        return digest_words.PAUSED
    service = smtp.find(settings.smtp_service_id) if settings.smtp_service_id else None
    if service is None:
        return digest_words.NOT_SET_UP
    if not service.is_choosable:
        state = digest_words.STATES.get(service.state, "is not ready")
        return digest_words.NOT_USABLE.format(name=service.friendly_name, state=state)
    return None
