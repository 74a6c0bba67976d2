"""What an article said before: kept whenever it is saved with other words, and found again."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from kbadmin.articles.models import Article, ArticleRevision
from kbadmin.database import db

PAGE = 50


@dataclass(frozen=True)
class Page:
    """Some revisions of an article, newest first, and where the pages before and after begin."""

    lines: Sequence[Any]
    older_than: int | None
    newer_than: int | None


@dataclass(frozen=True)
class Words:
    """What an article says, as far as it is compared."""

    title: str = ""
    summary: str = ""
    body: str = ""


NOTHING = Words()


def keep(article: Article) -> None:
    """Keep what the article says now under the number of its revision."""
    db.session.add(
        ArticleRevision(
            article_id=article.id,
            number=article.revision,
            title=article.title,
            summary=article.summary,
            body=article.body,
            saved_at=article.updated_at,
            saved_by=article.updated_by,
        )
    )


def page(article_id: uuid.UUID, *, older_than: int | None = None, newer_than: int | None = None) -> Page:
    """The revisions before or after one of them, or the newest; without their texts."""
    number = ArticleRevision.number
    query = select(
        ArticleRevision.id, number, ArticleRevision.title, ArticleRevision.saved_at, ArticleRevision.saved_by
    )
    query = query.where(ArticleRevision.article_id == article_id)
    if older_than is not None:
        newer_than, query = None, query.where(number < older_than)
    if newer_than is not None:
        query = query.where(number > newer_than)
    found = list(
        db.session.execute(query.order_by(number if newer_than is not None else number.desc()).limit(PAGE + 1))
    )
    has_more, lines = len(found) > PAGE, found[:PAGE]
    if newer_than is not None:
        lines.reverse()
    if not lines:
        return Page([], None, None)
    has_older = has_more if newer_than is None else True
    has_newer = has_more if newer_than is not None else older_than is not None
    return Page(lines, lines[-1].number if has_older else None, lines[0].number if has_newer else None)


def find(article_id: uuid.UUID, revision_id: uuid.UUID) -> ArticleRevision | None:
    """One revision of this article with its text."""
    return db.session.scalar(
        select(ArticleRevision).where(ArticleRevision.id == revision_id, ArticleRevision.article_id == article_id)
    )


def before(article: Article, number: int) -> ArticleRevision | None:
    """The revision that came before this one; none before the first."""
    query = select(ArticleRevision).where(ArticleRevision.article_id == article.id, ArticleRevision.number < number)
    return db.session.scalar(query.order_by(ArticleRevision.number.desc()).limit(1))


def newest(article: Article) -> uuid.UUID | None:
    """The newest revision: what the article says now."""
    query = select(ArticleRevision.id).where(ArticleRevision.article_id == article.id)
    return db.session.scalar(query.order_by(ArticleRevision.number.desc()).limit(1))


def says_the_same(kept: ArticleRevision, article: Article) -> bool:
    """Whether the article says now what it said then."""
    return (kept.title, kept.summary, kept.body) == (article.title, article.summary, article.body)
