"""A digest as an e-mail: the fields its writers may use, and its subject, text and HTML for a list of items.

Our own template holds the list; what tenants write is put around it as merge fields, never as a template.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from kbadmin import clock
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox import merge_fields, rendering
from kbadmin.outbox.merge_fields import MergeField
from kbadmin.outbox.rendering import Letter
from kbadmin.readers.emails import portal_address
from kbadmin.subscriptions.items import Item, items_for
from kbadmin.subscriptions.models import SubscriptionSettings

__all__ = ["FIELDS", "SUBJECT_FIELDS", "Item", "Letter", "items_for", "letter", "subject_of"]

MOST_LISTED = 40  # articles; the others are in the knowledge base, where the e-mail leads
USUAL_SUBJECT = "What is new in {{knowledge_base}}"

SUBJECT_FIELDS = (
    MergeField("knowledge_base", "Name of the knowledge base", "Customer Help"),
    MergeField("count", "How many articles the digest tells of", "3"),
    MergeField("date", "Day on which it is sent", "2 March 2026"),
    MergeField("first_name", "First name of the reader, or the address where there is none", "Robin"),
)
FIELDS = (
    *SUBJECT_FIELDS,
    MergeField("manage_link", "Page where subscriptions are managed", "https://…/subscriptions/…", is_link=True),
    MergeField("unsubscribe_link", "Page to unsubscribe", "https://…/unsubscribe/…", is_link=True),
    MergeField("knowledge_base_link", "Address of the knowledge base", "https://…/kb/help", is_link=True),
)


def letter(
    knowledge_base: KnowledgeBase,
    settings: SubscriptionSettings,
    items: Sequence[Item],
    values: Mapping[str, str],
    *,
    most: int = MOST_LISTED,
) -> Letter:
    """The digest of these items. ``values`` are the reader's own: first_name, manage_link and unsubscribe_link."""
    known = _shared(knowledge_base, items) | dict(values)
    return rendering.letter(
        "digest",
        subject=_subject(settings, known),
        intro=merge_fields.body(settings.intro, FIELDS, known) if settings.intro.strip() else None,
        footer=merge_fields.body(settings.footer, FIELDS, known) if settings.footer.strip() else None,
        knowledge_base=knowledge_base,
        home=known["knowledge_base_link"],
        logo=_logo(knowledge_base) if settings.shows_logo else None,
        items=[(item, portal_address(knowledge_base.slug, "articles", item.slug)) for item in items[:most]],
        more=max(0, len(items) - most),
        manage_link=known["manage_link"],
        unsubscribe_link=known["unsubscribe_link"],
    )


def subject_of(
    knowledge_base: KnowledgeBase, settings: SubscriptionSettings, items: Sequence[Item], values: Mapping[str, str]
) -> str:
    """Its subject alone."""
    return _subject(settings, _shared(knowledge_base, items) | dict(values))


def _subject(settings: SubscriptionSettings, values: Mapping[str, str]) -> str:
    return merge_fields.line(settings.subject.strip() or USUAL_SUBJECT, values)


def _shared(knowledge_base: KnowledgeBase, items: Sequence[Item]) -> dict[str, str]:
    """The values that are the same for everybody who is told of these items."""
    here = clock.now().astimezone(ZoneInfo(knowledge_base.time_zone))
    return {
        "knowledge_base": knowledge_base.name,
        "count": str(len(items)),
        "date": f"{here.day} {here:%B %Y}",
        "knowledge_base_link": portal_address(knowledge_base.slug),
    }


def _logo(knowledge_base: KnowledgeBase) -> str | None:
    """Mail programs fetch pictures from anywhere: only a knowledge base that is open to everybody shows its own."""
    if knowledge_base.logo_id is None or knowledge_base.audience != Audience.PUBLIC:
        return None
    return portal_address(knowledge_base.slug, f"logo?v={knowledge_base.logo_id.hex[-8:]}")
