"""What those who work on a knowledge base do with its subscribers: add one who agreed, and remove some."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from kbadmin.audit.operations import Actor
from kbadmin.database import begin_writing, db
from kbadmin.email_addresses import comparable
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import offers, settings, subscriber_list, subscribing
from kbadmin.subscriptions.models import Frequency, Source, Target
from kbadmin.subscriptions.unsubscribing import unsubscribe_all

NOT_OPEN = (
    "Nobody but readers can be told of this knowledge base. Add the address as a reader first, or let everybody "
    "subscribe under Settings."
)


class NotOpen(ValueError):
    """A bare address that would never be told anything. ``str()`` is a sentence for whoever adds it."""

    def __init__(self) -> None:
        super().__init__(NOT_OPEN)


def add(
    knowledge_base: KnowledgeBase,
    *,
    email: str,
    category_id: uuid.UUID | None,
    with_subcategories: bool,
    frequency: Frequency,
    note: str,
    actor: Actor,
) -> None:
    """Subscribe somebody who agreed.

    Raises :class:`NotOpen`, LookupError for a category that is gone, and
    :class:`kbadmin.subscriptions.subscribing.Unsubscribed`.
    """
    begin_writing()
    if not is_open_to(knowledge_base, {comparable(email)}):
        raise NotOpen
    subscribing.subscribe(
        knowledge_base,
        email=email,
        target=Target.CATEGORY if category_id else Target.KNOWLEDGE_BASE,
        category_id=category_id,
        with_subcategories=with_subcategories,
        frequency=frequency,
        source=Source.ADDED,
        note=note,
        by=actor,
    )


def is_open_to(knowledge_base: KnowledgeBase, email_keys: set[str]) -> set[str]:
    """Which of these addresses may be told something: readers', and all where everybody may subscribe."""
    if offers.is_open_to_all(knowledge_base, settings.stored(knowledge_base.id)):
        return email_keys
    return set(db.session.scalars(select(Reader.email_key).where(Reader.email_key.in_(email_keys))))


def remove(knowledge_base_id: uuid.UUID, ids: Sequence[uuid.UUID], *, actor: Actor) -> int:
    """Unsubscribe these; only they themselves can come back. Answers how many there were."""
    begin_writing()
    found = subscriber_list.find_many(knowledge_base_id, ids)
    for one in found:
        unsubscribe_all(one, by=actor)
    return len(found)
