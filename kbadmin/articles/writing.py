"""The write section of this room: one knowledge base at a time, so that trees, orders and slugs stay whole."""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import select

from kbadmin.articles.models import Article, Category
from kbadmin.database import begin_writing, db
from kbadmin.knowledge_bases.models import KnowledgeBase

Placed = TypeVar("Placed", Article, Category)


class Gone(LookupError):
    """Somebody deleted it meanwhile: the article, the category it should stand in, a reader group it is for."""


class Direction(StrEnum):
    """Where something goes among its neighbours."""

    UP = "up"
    DOWN = "down"


def knowledge_base_to_write(knowledge_base_id: uuid.UUID) -> KnowledgeBase:
    """Enter the write section and keep others from writing into this knowledge base. Raises :class:`Gone`."""
    begin_writing()
    query = select(KnowledgeBase).where(KnowledgeBase.id == knowledge_base_id, KnowledgeBase.deleted_at.is_(None))
    found = db.session.scalar(query.with_for_update())
    if found is None:
        raise Gone(knowledge_base_id)
    return found


def article_to_write(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> Article:
    """Enter the write section for an article. Raises :class:`Gone`."""
    knowledge_base_to_write(knowledge_base_id)
    query = select(Article).where(Article.id == article_id, Article.knowledge_base_id == knowledge_base_id)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise Gone(article_id)
    return found


def category_to_write(knowledge_base_id: uuid.UUID, category_id: uuid.UUID) -> Category:
    """Enter the write section for a category. Raises :class:`Gone`."""
    knowledge_base_to_write(knowledge_base_id)
    query = select(Category).where(Category.id == category_id, Category.knowledge_base_id == knowledge_base_id)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise Gone(category_id)
    return found


def step(neighbours: Sequence[Placed], thing: Placed, direction: Direction) -> bool:
    """Let one of these change places with the next; they are numbered anew. Whether there was a next one."""
    order = list(neighbours)
    here = next(place for place, one in enumerate(order) if one.id == thing.id)
    there = here + (1 if direction is Direction.DOWN else -1)
    if not 0 <= there < len(order):
        return False
    order[here], order[there] = order[there], order[here]
    number(order)
    return True


def number(order: Sequence[Placed]) -> None:
    """Give neighbours their positions, from the first to the last."""
    for position, one in enumerate(order):
        if one.position != position:
            one.position = position
