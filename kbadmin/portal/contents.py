"""What one viewer finds in a knowledge base: shelves, articles, what is new. The rest is not named and not counted."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import defer

from kbadmin import clock
from kbadmin.articles import callouts
from kbadmin.articles.models import Article, Callout, Category
from kbadmin.articles.visibility import Viewer, open_categories, readable
from kbadmin.database import db
from kbadmin.knowledge_bases.models import KnowledgeBase

MOST_LISTED = 100
MOST_FRESH = 6
_ORDER = (Article.position, Article.title, Article.id)


@dataclass(frozen=True)
class Entry:
    """An article in a list."""

    id: uuid.UUID
    title: str
    slug: str
    summary: str
    callout: Callout | None
    change_note: str
    updated_at: datetime


@dataclass(frozen=True)
class Listed:
    """A part of a list, and where its next part begins."""

    entries: list[Entry]
    after: uuid.UUID | None = None


@dataclass(frozen=True)
class Shelf:
    """A category as this viewer sees it: with the shelves below, and how many articles they may read here and there."""

    id: uuid.UUID
    parent_id: uuid.UUID | None
    name: str
    slug: str
    description: str
    count: int
    shelves: "tuple[Shelf, ...]"


class Contents:
    """A knowledge base through the eyes of one viewer. Categories, and who may see what, are asked for once."""

    def __init__(self, knowledge_base: KnowledgeBase, viewer: Viewer) -> None:
        self.knowledge_base, self.viewer = knowledge_base, viewer
        rows = select(Category).where(Category.knowledge_base_id == knowledge_base.id)
        self._categories = db.session.scalars(rows.order_by(Category.position, Category.name, Category.id)).all()
        parents = {category.id: category.parent_id for category in self._categories}
        self._open = open_categories(knowledge_base, viewer, parents=parents)
        self.readable: ColumnElement[bool] = readable(knowledge_base, viewer, categories=self._open)

    @cached_property
    def shelves(self) -> tuple[Shelf, ...]:
        """The shelves at the top, and through them all others; without those on which there is nothing to read."""
        return _with_something(self._tree)

    @cached_property
    def _tree(self) -> tuple[Shelf, ...]:
        query = select(Article.category_id, func.count()).where(self.readable).group_by(Article.category_id)
        counts = dict(db.session.execute(query).all())
        below: dict[uuid.UUID | None, list[Category]] = defaultdict(list)
        for category in self._categories:
            if category.id in self._open:
                below[category.parent_id].append(category)
        return _shelves(None, below, counts)

    def way_to(self, category_id: uuid.UUID | None) -> list[Shelf]:
        """The shelves from the top down to this one."""
        found = next((way for way in _ways(self._tree, ()) if way[-1].id == category_id), ())
        return list(found)

    def shelf(self, slug: str) -> Shelf | None:
        """The shelf with this slug, if the viewer may open it."""
        return next((way[-1] for way in _ways(self._tree, ()) if way[-1].slug == slug), None)

    def listed(self, category_id: uuid.UUID | None, *, after: uuid.UUID | None = None) -> Listed:
        """The articles of one category, or those at the top, from the one after this on."""
        query = self._entries().where(Article.category_id.is_not_distinct_from(category_id)).order_by(*_ORDER)
        if after is not None:
            start = db.session.execute(select(*_ORDER).where(self.readable, Article.id == after)).one_or_none()
            query = query.where(_place() > tuple_(*start)) if start else query
        found = _as_entries(query.limit(MOST_LISTED + 1))
        return Listed(found[:MOST_LISTED], found[MOST_LISTED - 1].id if len(found) > MOST_LISTED else None)

    def fresh(self) -> list[Entry]:
        """What is new or updated, the latest first."""
        query = self._entries().where(Article.callout.is_not(None), _still_called_out())
        return _as_entries(query.order_by(Article.callout_at.desc(), Article.id.desc()).limit(MOST_FRESH))

    def article(self, slug: str) -> Article | None:
        """One article with all it says, if the viewer may read it."""
        query = select(Article).where(self.readable, Article.slug == slug)
        return db.session.scalar(query.options(defer(Article.body), defer(Article.words)))

    def beside(self, article: Article) -> tuple[Entry | None, Entry | None]:
        """The articles before and after this one in its category."""
        same = self._entries().where(Article.category_id.is_not_distinct_from(article.category_id))
        here = tuple_(article.position, article.title, article.id)
        before = same.where(_place() < here).order_by(*(column.desc() for column in _ORDER))
        after = same.where(_place() > here).order_by(*_ORDER)
        return _first(before), _first(after)

    def _entries(self) -> Select[*tuple[Any, ...]]:
        return select(
            Article.id,
            Article.title,
            Article.slug,
            Article.summary,
            Article.callout,
            Article.callout_until,
            Article.change_note,
            Article.updated_at,
        ).where(self.readable)


def _shelves(
    parent_id: uuid.UUID | None,
    below: Mapping[uuid.UUID | None, list[Category]],
    counts: Mapping[uuid.UUID | None, int],
) -> tuple[Shelf, ...]:
    found = []
    for category in below.get(parent_id, ()):
        inner = _shelves(category.id, below, counts)
        count = counts.get(category.id, 0) + sum(shelf.count for shelf in inner)
        found.append(
            Shelf(category.id, category.parent_id, category.name, category.slug, category.description, count, inner)
        )
    return tuple(found)


def _with_something(shelves: tuple[Shelf, ...]) -> tuple[Shelf, ...]:
    return tuple(
        Shelf(one.id, one.parent_id, one.name, one.slug, one.description, one.count, _with_something(one.shelves))
        for one in shelves
        if one.count
    )


def _ways(shelves: tuple[Shelf, ...], above: tuple[Shelf, ...]) -> "list[tuple[Shelf, ...]]":
    """Every shelf, each with all above it."""
    return [way for shelf in shelves for way in [(*above, shelf), *_ways(shelf.shelves, (*above, shelf))]]


def _place() -> Any:
    return tuple_(*_ORDER)


def _still_called_out() -> ColumnElement[bool]:
    return or_(Article.callout_until.is_(None), Article.callout_until > clock.now())


def _first(query: Select[*tuple[Any, ...]]) -> Entry | None:
    return next(iter(_as_entries(query.limit(1))), None)


def _as_entries(query: Select[*tuple[Any, ...]]) -> list[Entry]:
    return [
        Entry(row.id, row.title, row.slug, row.summary, callouts.current(row), row.change_note,
              row.updated_at)
        for row in db.session.execute(query)
    ]  # fmt: skip
