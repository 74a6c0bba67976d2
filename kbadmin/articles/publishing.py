"""When an article can be read: published now or at a time, withdrawn, archived; each tells that visibility changed."""

import uuid
from datetime import datetime

from sqlalchemy import select

from kbadmin import clock
from kbadmin.articles import callouts
from kbadmin.articles.models import Article, ArticleStatus
from kbadmin.articles.operations import subject_of
from kbadmin.articles.writing import Gone, article_to_write
from kbadmin.audit.operations import WORKER, Actor, record
from kbadmin.database import begin_writing, commit
from kbadmin.engine import sweep, task, wake
from kbadmin.knowledge_bases.operations import visibility_changed
from kbadmin.tenancy import enter, every_account


class NotInFuture(ValueError):
    """What is planned must be still to come."""


def publish(
    knowledge_base_id: uuid.UUID, article_id: uuid.UUID, *, callout: callouts.Wanted | None = None, actor: Actor
) -> Article:
    """Let readers see it from now on. Raises :class:`Gone`."""
    article = article_to_write(knowledge_base_id, article_id)
    if article.status == ArticleStatus.PUBLISHED:
        return article
    _show(article, since=clock.now())
    callouts.put(article, callout, at=clock.now())
    record("article published", actor=actor, subject=subject_of(article), callout=article.callout)
    return article


def schedule(
    knowledge_base_id: uuid.UUID,
    article_id: uuid.UUID,
    *,
    at: datetime,
    callout: callouts.Wanted | None = None,
    actor: Actor,
) -> Article:
    """Let readers see it from a time on that is still to come; what they see already is not taken from them.

    Raises :class:`Gone` and :class:`NotInFuture`.
    """
    article = article_to_write(knowledge_base_id, article_id)
    if at <= clock.now():
        raise NotInFuture(at)
    if article.status == ArticleStatus.PUBLISHED:
        return article
    article.status, article.publish_at = ArticleStatus.SCHEDULED, at
    callouts.put(article, callout, at=at)
    visibility_changed(knowledge_base_id)
    record("article scheduled", actor=actor, subject=subject_of(article), publish_at=at.isoformat(timespec="minutes"))
    return article


def withdraw(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, *, actor: Actor) -> Article:
    """Make a draft of it, whatever it was. Raises :class:`Gone`."""
    return _hide(knowledge_base_id, article_id, ArticleStatus.DRAFT, "article withdrawn", actor)


def archive(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, *, actor: Actor) -> Article:
    """Keep it and show it to nobody. Raises :class:`Gone`."""
    return _hide(knowledge_base_id, article_id, ArticleStatus.ARCHIVED, "article archived", actor)


@task
def publish_due_article(account_id: str, knowledge_base_id: str, article_id: str) -> None:
    """Publish one article whose time has come; nothing happens if somebody decided otherwise meanwhile."""
    enter(uuid.UUID(account_id))
    begin_writing()
    try:
        article = article_to_write(uuid.UUID(knowledge_base_id), uuid.UUID(article_id))
    except Gone:
        return  # Deleted meanwhile.
    if article.status == ArticleStatus.SCHEDULED and article.publish_at and article.publish_at <= clock.now():
        _show(article, since=article.publish_at)
        record("article published", actor=WORKER, subject=subject_of(article), callout=article.callout)
    commit()


@sweep
def articles_that_are_due() -> None:
    """Readers see a scheduled article the moment its time has come; this makes its row say so, too."""
    with every_account() as session:
        due = select(Article.account_id, Article.knowledge_base_id, Article.id).where(
            Article.status == ArticleStatus.SCHEDULED, Article.publish_at <= clock.now()
        )
        found = [tuple(str(part) for part in row) for row in session.execute(due)]
    for ids in found:
        wake(publish_due_article, *ids)
    if found:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _show(article: Article, *, since: datetime) -> None:
    article.status, article.publish_at = ArticleStatus.PUBLISHED, None
    article.published_at = article.published_at or since
    visibility_changed(article.knowledge_base_id)


def _hide(
    knowledge_base_id: uuid.UUID, article_id: uuid.UUID, status: ArticleStatus, action: str, actor: Actor
) -> Article:
    article = article_to_write(knowledge_base_id, article_id)
    if article.status != status:
        article.status, article.publish_at = status, None
        callouts.put(article, None, at=None)
        visibility_changed(knowledge_base_id)
        record(action, actor=actor, subject=subject_of(article))
    return article
