"""Finding articles by the beginnings of their words, with what the database offers for it.

SQLite keeps an FTS5 table, PostgreSQL a column of the kind tsvector (migration *search without accents*); triggers and
a generated column keep both up to date with what is :mod:`folded <kbadmin.articles.folding>` of an article, so nobody
who writes articles has to think of them. Neither is a model: they are only ever asked together with :class:`Article`,
which is fenced.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Uuid, column, func, literal_column, select, table

from kbadmin.articles.extracts import extract
from kbadmin.articles.folding import folded
from kbadmin.articles.models import Article
from kbadmin.articles.visibility import Viewer, readable
from kbadmin.database import db
from kbadmin.knowledge_bases.models import KnowledgeBase

MOST_WORDS = 8
MOST_FOUND = 50
Query = Select[*tuple[Any, ...]]
_FTS5 = table("article_search", column("article_search"), column("article_id", Uuid()))
_VECTOR: ColumnElement[Any] = literal_column("articles.article_search")
_WEIGHTS = (0.0, 0.0, 10.0, 4.0, 1.0)  # article_id, knowledge_base_id, title, summary, words


@dataclass(frozen=True)
class Hit:
    """An article that was found, and the text around the first of the words."""

    id: uuid.UUID
    title: str
    slug: str
    summary: str
    extract: str


def search(
    knowledge_base: KnowledgeBase, viewer: Viewer, text: str, *, among: ColumnElement[bool] | None = None
) -> list[Hit]:
    """What this viewer may read and has all of these words in it, the best first; nothing for no words.

    Whoever knows what is :func:`readable` to them already hands it over as ``among``, and nothing is asked twice.
    """
    columns = (Article.id, Article.title, Article.slug, Article.summary, Article.words, Article.words_folded)
    found: Query = select(*columns)
    allowed = readable(knowledge_base, viewer) if among is None else among
    query = best_first(found.where(allowed), knowledge_base.id, text)
    words = words_of(text)
    return [
        Hit(row.id, row.title, row.slug, row.summary, extract(row.words, words, row.words_folded))
        for row in db.session.execute(query.limit(MOST_FOUND))
    ]


def best_first(query: Query, knowledge_base_id: uuid.UUID, text: str) -> Query:
    """A query on :class:`Article`, narrowed to those with these words and put in order; no words find nothing."""
    words = words_of(text)
    if not words:
        return query.where(Article.id.is_(None))
    if _is_sqlite():
        rank = func.bm25(literal_column("article_search"), *_WEIGHTS)
        joined = query.join(_FTS5, _FTS5.c.article_id == Article.id).where(_in_fts5(knowledge_base_id, words))
        return joined.order_by(rank, Article.title, Article.id)
    tsquery = _tsquery(words)
    rank = func.ts_rank(_VECTOR, tsquery)
    return query.where(_VECTOR.bool_op("@@")(tsquery)).order_by(rank.desc(), Article.title, Article.id)


def matching(knowledge_base_id: uuid.UUID, text: str) -> ColumnElement[bool]:
    """What a query on :class:`Article` must ask for to find these words; nothing is found for no words."""
    words = words_of(text)
    if not words:
        return Article.id.is_(None)
    if _is_sqlite():
        return Article.id.in_(select(_FTS5.c.article_id).where(_in_fts5(knowledge_base_id, words)))
    return _VECTOR.bool_op("@@")(_tsquery(words))


def _in_fts5(knowledge_base_id: uuid.UUID, words: Sequence[str]) -> ColumnElement[bool]:
    wanted = " AND ".join(f'"{word}"*' for word in words)
    asked = f'knowledge_base_id:"{knowledge_base_id.hex}" AND {{title summary words}}:({wanted})'
    return _FTS5.c.article_search.bool_op("MATCH")(asked)


def _tsquery(words: Sequence[str]) -> ColumnElement[Any]:
    return func.to_tsquery(literal_column("'simple'"), " & ".join(f"{word}:*" for word in words))


def words_of(text: str) -> list[str]:
    """The words of a question, as they are looked for."""
    return [word[:60] for word in folded(text).split()][:MOST_WORDS]


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"
