"""What Home says of subscriptions: when the next digests are due."""

from flask import url_for
from sqlalchemy import select

from kbadmin.access import Permission, Role
from kbadmin.accounts import home
from kbadmin.accounts.home import Coming
from kbadmin.database import db
from kbadmin.knowledge_bases.blueprint import my_roles
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.roles import is_at_least
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.weekdays import moment_in_words

MOST = 5


def _next_digests() -> list[Coming]:
    """Of the knowledge bases that whoever looks edits, the soonest first. Nothing is planned where none leaves."""
    due = SubscriptionSettings.next_due_at
    query = (
        select(KnowledgeBase.id, KnowledgeBase.name, KnowledgeBase.time_zone, due)
        .join(SubscriptionSettings, SubscriptionSettings.knowledge_base_id == KnowledgeBase.id)
        .where(due.is_not(None), KnowledgeBase.deleted_at.is_(None))
        .order_by(due)
    )
    roles = my_roles()
    if roles.is_narrowed:
        mine = [one for one in roles.named if is_at_least(roles.in_one(one), Role.EDITOR)]
        query = query.where(KnowledgeBase.id.in_(mine))
    return [
        Coming(
            row.name,
            f"next digest {moment_in_words(row.next_due_at, row.time_zone)}",
            url_for("subscriptions.digests", knowledge_base_id=row.id),
        )
        for row in db.session.execute(query.limit(MOST))
    ]


home.coming_with(_next_digests, permission=Permission.EDIT_KNOWLEDGE_BASES)
