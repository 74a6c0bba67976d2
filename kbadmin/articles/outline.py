"""A knowledge base as those who write in it see it: the tree with its articles, or those that a filter finds."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from kbadmin.articles import categories, search
from kbadmin.articles.models import Article, ArticleStatus, Callout, Category
from kbadmin.articles.restrictions import names_by_thing
from kbadmin.database import db

SHOWN = 25  # articles of one category in the tree
PAGE = 50


@dataclass(frozen=True)
class Line:
    """An article in a list, without its text."""

    id: uuid.UUID
    category_id: uuid.UUID | None
    title: str
    status: ArticleStatus
    publish_at: datetime | None
    callout: Callout | None
    callout_until: datetime | None
    updated_at: datetime
    updated_by: str
    groups: Sequence[str] = ()
    is_first: bool = False
    is_last: bool = False


@dataclass
class Shelf:
    """A category (or, without one, the top) and what stands in it; ``count`` is of all articles, shown or not."""

    category: Category | None
    level: int = 0
    groups: Sequence[str] = ()
    articles: list[Line] = field(default_factory=list)
    count: int = 0
    shelves: "list[Shelf]" = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """Which articles somebody looks for."""

    text: str = ""
    status: str = ""
    category_id: uuid.UUID | None = None
    is_at_top: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered out."""
        return not (self.text or self.status or self.category_id or self.is_at_top)


@dataclass(frozen=True)
class Page:
    """Some of the articles that were found, the last changed first, and where the pages beside it begin."""

    lines: Sequence[Line] = ()
    older_than: uuid.UUID | None = None
    newer_than: uuid.UUID | None = None


_COLUMNS = (
    Article.id,
    Article.category_id,
    Article.title,
    Article.status,
    Article.publish_at,
    Article.callout,
    Article.callout_until,
    Article.updated_at,
    Article.updated_by,
)


def tree(knowledge_base_id: uuid.UUID) -> Shelf:
    """The whole tree under the top, with the first articles of each category; a constant number of queries."""
    found = categories.all_in(knowledge_base_id)
    groups = names_by_thing(Category, [category.id for category in found])
    shelves = {category.id: Shelf(category, groups=groups.get(category.id, ())) for category in found}
    top = Shelf(None)
    for category in found:
        parent = shelves.get(category.parent_id, top) if category.parent_id else top
        parent.shelves.append(shelves[category.id])
    counts = _counts(knowledge_base_id)
    for category_id, lines in _first_lines(knowledge_base_id, counts).items():
        shelf = shelves[category_id] if category_id else top
        shelf.articles, shelf.count = lines, counts[category_id]
    _number(top, 0)
    return top


def page(
    knowledge_base_id: uuid.UUID,
    wanted: Wanted,
    *,
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
) -> Page:
    """The articles before or after one of them, or the last changed. One that is not there is ignored."""
    query = _filtered(knowledge_base_id, wanted)
    before, after = _edge(older_than), _edge(newer_than)
    if before is not None:
        after, query = None, query.where(_comes_before(before))
    if after is not None:
        query = query.where(_comes_after(after)).order_by(Article.updated_at, Article.id)
    else:
        query = query.order_by(Article.updated_at.desc(), Article.id.desc())
    rows = list(db.session.execute(query.limit(PAGE + 1)))
    has_more, rows = len(rows) > PAGE, rows[:PAGE]
    lines = list(_lines(rows[::-1] if after is not None else rows))
    if not lines:
        return Page()
    has_newer = has_more if after is not None else before is not None
    has_older = True if after is not None else has_more
    return Page(lines, lines[-1].id if has_older else None, lines[0].id if has_newer else None)


def _first_lines(
    knowledge_base_id: uuid.UUID, counts: dict[uuid.UUID | None, int]
) -> dict[uuid.UUID | None, list[Line]]:
    place = func.row_number().over(
        partition_by=Article.category_id, order_by=(Article.position, Article.title, Article.id)
    )
    numbered = select(*_COLUMNS, place.label("place")).where(Article.knowledge_base_id == knowledge_base_id).subquery()
    query = select(numbered).where(numbered.c.place <= SHOWN).order_by(numbered.c.place)
    rows = list(db.session.execute(query))
    found: dict[uuid.UUID | None, list[Line]] = defaultdict(list)
    for row, line in zip(rows, _lines(rows, counts), strict=True):
        found[row.category_id].append(line)
    return found


def _lines(rows: Sequence[Any], counts: dict[uuid.UUID | None, int] | None = None) -> Iterator[Line]:
    groups = names_by_thing(Article, [row.id for row in rows])
    for row in rows:
        values = {name: getattr(row, name) for name in (found.key for found in _COLUMNS)}
        yield Line(
            **values,
            groups=groups.get(row.id, ()),
            is_first=counts is not None and row.place == 1,
            is_last=counts is not None and row.place == counts[row.category_id],
        )


def _counts(knowledge_base_id: uuid.UUID) -> dict[uuid.UUID | None, int]:
    query = select(Article.category_id, func.count(Article.id).label("number")).where(
        Article.knowledge_base_id == knowledge_base_id
    )
    return {row.category_id: row.number for row in db.session.execute(query.group_by(Article.category_id))}


def _number(shelf: Shelf, level: int) -> None:
    shelf.level = level
    for below in shelf.shelves:
        _number(below, level + 1)


def _filtered(knowledge_base_id: uuid.UUID, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(*_COLUMNS).where(Article.knowledge_base_id == knowledge_base_id)
    if wanted.text:
        query = query.where(search.matching(knowledge_base_id, wanted.text))
    if wanted.status:
        query = query.where(Article.status == wanted.status)
    if wanted.category_id:
        query = query.where(Article.category_id == wanted.category_id)
    if wanted.is_at_top:
        query = query.where(Article.category_id.is_(None))
    return query


def _edge(article_id: uuid.UUID | None) -> Any:
    query = select(Article.id, Article.updated_at).where(Article.id == article_id)
    return db.session.execute(query).one_or_none() if article_id else None


def _comes_before(edge: Any) -> Any:
    return or_(Article.updated_at < edge.updated_at, and_(Article.updated_at == edge.updated_at, Article.id < edge.id))


def _comes_after(edge: Any) -> Any:
    return or_(Article.updated_at > edge.updated_at, and_(Article.updated_at == edge.updated_at, Article.id > edge.id))
