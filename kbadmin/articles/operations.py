"""The verbs of articles: write, change, move among neighbours, delete, find."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import load_only

from kbadmin import clock
from kbadmin.articles import categories, markup, revisions
from kbadmin.articles.models import Article, ArticleStatus
from kbadmin.articles.restrictions import Groups, restrict
from kbadmin.articles.slugs import free_slug
from kbadmin.articles.writing import Direction, Gone, article_to_write, knowledge_base_to_write, step
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import db
from kbadmin.knowledge_bases.operations import visibility_changed


class ChangedMeanwhile(ValueError):
    """Somebody else saved the article after this form was opened."""


@dataclass(frozen=True)
class Wanted:
    """What somebody writes into an article."""

    title: str
    summary: str = ""
    body: str = ""
    category_id: uuid.UUID | None = None
    groups: Groups = frozenset()


def create(knowledge_base_id: uuid.UUID, wanted: Wanted, *, actor: Actor) -> Article:
    """A new draft, the last of its category. Raises :class:`Gone` and :class:`~kbadmin.articles.markdown.TooMuch`."""
    rendered = markup.render(wanted.body)
    knowledge_base_to_write(knowledge_base_id)
    _require_category(knowledge_base_id, wanted.category_id)
    article = Article(
        knowledge_base_id=knowledge_base_id,
        category_id=wanted.category_id,
        title=wanted.title,
        slug=free_slug(Article, knowledge_base_id, wanted.title),
        summary=wanted.summary,
        body=wanted.body,
        html=rendered.html,
        words=rendered.words,
        position=_last_position(knowledge_base_id, wanted.category_id),
        created_by=actor.label,
        updated_by=actor.label,
    )
    db.session.add(article)
    db.session.flush()
    revisions.keep(article)
    record("article created", actor=actor, subject=subject_of(article), for_groups=restrict(article, wanted.groups))
    return article


def change(
    knowledge_base_id: uuid.UUID, article_id: uuid.UUID, wanted: Wanted, *, revision: int, actor: Actor
) -> Article:
    """Save what was written, unless it was written over another ``revision`` than the present one.

    Every change counts as a revision, restrictions too: whoever saves must have seen them. Raises :class:`Gone`,
    :class:`ChangedMeanwhile` and :class:`kbadmin.articles.markdown.TooMuch`.
    """
    article = article_to_write(knowledge_base_id, article_id)
    if article.revision != revision:
        raise ChangedMeanwhile(article.revision)
    if wanted.body == article.body:  # It may be over limits that are newer than it.
        rendered = markup.Rendered(article.html, article.words)
    else:
        rendered = markup.render(wanted.body)
    said: dict[str, Any] = {}
    if wanted.category_id != article.category_id:
        _require_category(knowledge_base_id, wanted.category_id)
        article.position = _last_position(knowledge_base_id, wanted.category_id)
        article.category_id = wanted.category_id
        said["moved_to"] = categories.name_of(wanted.category_id)
    if groups := restrict(article, wanted.groups):
        said["for_groups"] = groups
    if said:
        visibility_changed(knowledge_base_id)
    has_other_words = (article.title, article.summary, article.body) != (wanted.title, wanted.summary, wanted.body)
    if not said and not has_other_words:
        return article
    article.revision += 1
    article.updated_at, article.updated_by = clock.now(), actor.label
    if has_other_words:
        put_words(article, wanted.title, wanted.summary, wanted.body, rendered)
        revisions.keep(article)
    record("article changed", actor=actor, subject=subject_of(article), revision=article.revision, **said)
    return article


def put_words(article: Article, title: str, summary: str, body: str, rendered: markup.Rendered) -> None:
    """Other words for an article, and what was made of them. Its slug follows the title until it is published."""
    if title != article.title and article.published_at is None and article.status == ArticleStatus.DRAFT:
        article.slug = free_slug(Article, article.knowledge_base_id, title, own=article.id)
    article.title, article.summary, article.body = title, summary, body
    article.html, article.words = rendered.html, rendered.words


def restore(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, revision_id: uuid.UUID, *, actor: Actor) -> Article:
    """Let an article say again what it said in an earlier revision, as a new one. Raises :class:`Gone`."""
    kept = revisions.find(article_id, revision_id)
    if kept is None:
        raise Gone(revision_id)
    rendered = markup.render(kept.body)
    article = article_to_write(knowledge_base_id, article_id)
    if revisions.says_the_same(kept, article):
        return article
    put_words(article, kept.title, kept.summary, kept.body, rendered)
    article.revision += 1
    article.updated_at, article.updated_by = clock.now(), actor.label
    revisions.keep(article)
    record("article revision restored", actor=actor, subject=subject_of(article), revision=kept.number)
    return article


def move(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, direction: Direction, *, actor: Actor) -> Article:
    """One place up or down in its category; the first stays first. Raises :class:`Gone`."""
    article = article_to_write(knowledge_base_id, article_id)
    neighbours = (
        select(Article)
        .where(
            Article.knowledge_base_id == knowledge_base_id,
            Article.category_id.is_not_distinct_from(article.category_id),
        )
        .order_by(Article.position, Article.title, Article.id)
        .options(load_only(Article.id, Article.position))
    )
    if step(list(db.session.scalars(neighbours)), article, direction):
        record("article moved", actor=actor, subject=subject_of(article), direction=direction.value)
    return article


def delete(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, *, actor: Actor) -> None:
    """Delete an article with all its revisions, for good. Raises :class:`Gone`."""
    article = article_to_write(knowledge_base_id, article_id)
    record("article deleted", actor=actor, subject=subject_of(article), status=article.status)
    db.session.delete(article)
    visibility_changed(knowledge_base_id)


def find(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> Article | None:
    """An article of this knowledge base."""
    return db.session.scalar(
        select(Article).where(Article.id == article_id, Article.knowledge_base_id == knowledge_base_id)
    )


def subject_of(article: Article) -> Subject:
    """An article as the audit log knows it."""
    return Subject("article", article.id, article.title)


def _require_category(knowledge_base_id: uuid.UUID, category_id: uuid.UUID | None) -> None:
    if category_id is not None and categories.find(knowledge_base_id, category_id) is None:
        raise Gone(category_id)


def _last_position(knowledge_base_id: uuid.UUID, category_id: uuid.UUID | None) -> int:
    query = select(func.max(Article.position)).where(
        Article.knowledge_base_id == knowledge_base_id, Article.category_id.is_not_distinct_from(category_id)
    )
    last = db.session.scalar(query)
    return 0 if last is None else last + 1
