"""What subscriptions are to, in words and for one viewer: a title that may not be read is not said."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from kbadmin.articles.models import Article, Category
from kbadmin.articles.visibility import Viewer, open_categories, readable
from kbadmin.database import db
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions.models import Target


class ToSomething(Protocol):
    """A subscription, or a request for one."""

    id: uuid.UUID
    target: Target
    category_id: uuid.UUID | None
    article_id: uuid.UUID | None


@dataclass(frozen=True)
class Named:
    """A thing as this viewer may know it; without a title they may not, or no longer."""

    target: Target
    title: str | None
    slug: str = ""


def named(knowledge_base: KnowledgeBase, viewer: Viewer, chosen: Sequence[ToSomething]) -> dict[uuid.UUID, Named]:
    """What each of these is to, by its own id; a constant number of queries."""
    open_to_them = open_categories(knowledge_base, viewer)
    may_read = readable(knowledge_base, viewer, categories=open_to_them)
    categories = [one.category_id for one in chosen if one.category_id in open_to_them]
    articles = [one.article_id for one in chosen if one.article_id is not None]
    known: dict[uuid.UUID | None, tuple[str, str]] = {}
    for row in db.session.execute(select(Category.id, Category.name, Category.slug).where(Category.id.in_(categories))):
        known[row.id] = (row.name, row.slug)
    query = select(Article.id, Article.title, Article.slug).where(may_read, Article.id.in_(articles))
    for row in db.session.execute(query):
        known[row.id] = (row.title, row.slug)
    if viewer.may_enter(knowledge_base):
        known[None] = (knowledge_base.name, "")
    return {
        one.id: Named(Target(one.target), *known.get(one.category_id or one.article_id, (None, ""))) for one in chosen
    }
