"""What a knowledge base offers to subscribers: whether there is something to subscribe to, to whom, how often."""

import uuid
from datetime import datetime
from typing import Protocol

from sqlalchemy import select

from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience, Front
from kbadmin.subscriptions.models import Frequency, SubscriptionSettings


class Choices(Protocol):
    """Settings, as far as they say to whom subscriptions are open."""

    @property
    def is_on(self) -> bool:
        """Whether there is anything to subscribe to."""

    @property
    def is_public(self) -> bool:
        """Whether strangers may."""


def settings_if_on(knowledge_base_id: uuid.UUID) -> SubscriptionSettings | None:
    """The settings of a knowledge base in which subscriptions are on; otherwise nothing."""
    found = db.session.scalar(select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base_id))
    return found if found is not None and found.is_on else None


def is_open_to_all(knowledge_base: Front, settings: Choices | None) -> bool:
    """Whether strangers may subscribe to what everybody may read."""
    return bool(
        settings is not None
        and settings.is_on
        and settings.is_public
        and knowledge_base.audience == Audience.PUBLIC
        and not knowledge_base.is_archived
        and knowledge_base.deleted_at is None
    )


def frequencies(settings: SubscriptionSettings) -> list[Frequency]:
    """How often one may choose to hear."""
    allowed = {
        Frequency.SCHEDULED: True,
        Frequency.WEEKLY: settings.allows_weekly,
        Frequency.IMMEDIATE: settings.allows_immediate,
    }
    return [frequency for frequency, is_allowed in allowed.items() if is_allowed]


def next_at(settings: SubscriptionSettings) -> datetime | None:
    """When the next digest is due; none while nothing leaves by itself."""
    return settings.next_due_at if settings.is_sending else None
