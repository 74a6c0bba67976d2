"""Subscriptions that are on, a reader who has some, and somebody who asked and did not confirm; and their pages."""

import uuid
from datetime import timedelta

from sqlalchemy import select

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.encryption import fingerprint, new_token
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import people, subscribing
from kbadmin.subscriptions.models import Source, SubscriptionRequest, SubscriptionSettings, Target


def furnish_subscriptions(
    knowledge_base: uuid.UUID, reader: uuid.UUID, *, category: uuid.UUID, at: str
) -> dict[str, str]:
    """Call it in a write section; answers paths of the portal."""
    settings = db.session.scalar(select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base))
    if settings is None:
        settings = SubscriptionSettings(knowledge_base_id=knowledge_base)
        db.session.add(settings)
    settings.is_on = settings.is_public = settings.allows_weekly = settings.allows_immediate = True
    settings.next_due_at = clock.now() + timedelta(days=1)
    token = people.token_of(_subscribed(knowledge_base, reader, category))
    confirmation, here = _asked(knowledge_base), f"{at}/{db.session.get_one(KnowledgeBase, knowledge_base).slug}"
    return {
        "subscribe": f"{here}/subscribe",
        "subscribe to a category": f"{here}/subscribe?category=getting-started",
        "subscription asked for": f"{here}/subscribe/sent",
        "unsubscribe": f"{at}/unsubscribe/unknown",
        "dead confirmation": f"{at}/confirm/dead",
        "confirm": f"{at}/confirm/{confirmation}",
        "confirmation": f"{at}/confirm",
        "dead link to subscriptions": f"{at}/subscriptions/dead",
        "link to subscriptions": f"{at}/subscriptions/{token}",
        "linked subscriptions": f"{at}/subscriptions",
        "subscriptions": f"{here}/subscriptions",
    }


def _subscribed(knowledge_base: uuid.UUID, reader: uuid.UUID, category: uuid.UUID):
    rita, to = db.session.get_one(Reader, reader), db.session.get_one(KnowledgeBase, knowledge_base)
    usual = {"reader": rita, "source": Source.PORTAL, "by": Actor(None, "Rita")}
    subscribing.subscribe(to, target=Target.CATEGORY, category_id=category, with_subcategories=False, **usual)
    return subscribing.subscribe(to, target=Target.KNOWLEDGE_BASE, **usual)


def _asked(knowledge_base: uuid.UUID) -> str:
    token = new_token()
    asked = {"email": "nora@example.org", "email_key": "nora@example.org", "target": Target.KNOWLEDGE_BASE}
    expires_at = clock.now() + timedelta(hours=48)
    db.session.add(
        SubscriptionRequest(
            knowledge_base_id=knowledge_base, token_fingerprint=fingerprint(token), expires_at=expires_at, **asked
        )
    )
    return token
