"""Putting an article or a category where somebody drops it: into a category, before or after a neighbour."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import load_only

from kbadmin import clock
from kbadmin.articles import categories, operations
from kbadmin.articles.models import Article, Category
from kbadmin.articles.writing import Gone, Placed, article_to_write, category_to_write, number
from kbadmin.audit.operations import Actor, record
from kbadmin.database import db
from kbadmin.knowledge_bases.operations import visibility_changed


@dataclass(frozen=True)
class Place:
    """In which category (none: at the top), and beside which neighbour (none: last)."""

    category_id: uuid.UUID | None
    before_id: uuid.UUID | None = None
    after_id: uuid.UUID | None = None


def put_article(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, place: Place, *, actor: Actor) -> Article:
    """Put an article there. Raises :class:`Gone` if it, the category or the neighbour is there no more."""
    article = article_to_write(knowledge_base_id, article_id)
    if place.category_id is not None and categories.find(knowledge_base_id, place.category_id) is None:
        raise Gone(place.category_id)
    neighbours = (
        select(Article)
        .where(
            Article.knowledge_base_id == knowledge_base_id,
            Article.category_id.is_not_distinct_from(place.category_id),
            Article.id != article_id,
        )
        .order_by(Article.position, Article.title, Article.id)
        .options(load_only(Article.id, Article.position))
    )
    order = _with(list(db.session.scalars(neighbours)), article, place)
    if article.category_id != place.category_id:
        article.category_id = place.category_id
        article.revision += 1  # Whoever edits it now must see this before they save.
        article.updated_at, article.updated_by = clock.now(), actor.label
        visibility_changed(knowledge_base_id)  # The category may be for some readers only.
    number(order)
    record("article moved", actor=actor, subject=operations.subject_of(article), **_there(place, order, article))
    return article


def put_category(knowledge_base_id: uuid.UUID, category_id: uuid.UUID, place: Place, *, actor: Actor) -> Category:
    """Put a category there. Raises :class:`Gone` and :class:`kbadmin.articles.categories.NoRoom`."""
    category = category_to_write(knowledge_base_id, category_id)
    if category.parent_id != place.category_id:
        categories.require_room(knowledge_base_id, category_id, place.category_id)
    sisters = categories.sisters(knowledge_base_id, place.category_id)
    order = _with([one for one in sisters if one.id != category_id], category, place)
    if category.parent_id != place.category_id:
        category.parent_id = place.category_id
        visibility_changed(knowledge_base_id)
    number(order)
    record("category moved", actor=actor, subject=categories.subject_of(category), **_there(place, order, category))
    return category


def _with(others: Sequence[Placed], thing: Placed, place: Place) -> list[Placed]:
    """The others in their order, and the thing at its place among them."""
    order, ids = list(others), [one.id for one in others]
    beside = place.before_id or place.after_id
    if beside is None:
        order.append(thing)
    elif beside in ids:
        order.insert(ids.index(beside) + (0 if place.before_id else 1), thing)
    else:
        raise Gone(beside)
    return order


def _there(place: Place, order: Sequence[Article] | Sequence[Category], thing: Article | Category) -> dict[str, Any]:
    """Where it went, for the audit log."""
    return {"to": categories.name_of(place.category_id), "place": [one.id for one in order].index(thing.id) + 1}
