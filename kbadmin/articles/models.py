"""Category, Article, the groups they are restricted to, and every state an article has been in."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text, UniqueConstraint, Uuid, select
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from kbadmin import clock
from kbadmin.articles.folding import folded
from kbadmin.database import Base, UtcDateTime
from kbadmin.knowledge_bases.content_versions import shows
from kbadmin.tenancy import AccountOwned, belongs_to


class ArticleStatus(StrEnum):
    """Whether an article can be read."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"  # published by itself when ``publish_at`` has come
    PUBLISHED = "published"
    ARCHIVED = "archived"  # withdrawn; kept, and shown to nobody


class Callout(StrEnum):
    """What readers are told about an article, on the page and in a digest."""

    NEW = "new"
    UPDATED = "updated"


class Category(AccountOwned, Base):
    """A shelf for articles and for further categories. ``position`` orders it among its sisters."""

    __tablename__ = "categories"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id", "slug"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        belongs_to("categories", "parent_id"),
        Index("ix_categories_parent", "account_id", "parent_id"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(300), default="")
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class CategoryGroup(AccountOwned, Base):
    """A restriction: a category, and all below it, is for readers of this group."""

    __tablename__ = "category_groups"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "category_id", "group_id"),
        belongs_to("categories", "category_id", ondelete="CASCADE"),
        belongs_to("reader_groups", "group_id"),
    )

    category_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    group_id: Mapped[uuid.UUID] = mapped_column(Uuid)


class Article(AccountOwned, Base):
    """What is read. ``body`` is Markdown as it was written, ``html`` what was made of it when it was saved."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "knowledge_base_id", "slug"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        belongs_to("categories", "category_id"),
        Index("ix_articles_category", "account_id", "category_id", "position"),
        Index("ix_articles_changed", "account_id", "knowledge_base_id", "updated_at", "id"),
        # For the sweep, which asks for all accounts at once, every few seconds.
        Index("ix_articles_scheduled", "status", "publish_at"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    category_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)  # none: it stands at the top
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(String(400), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="")
    words: Mapped[str] = mapped_column(Text, default="")  # the text alone, for search
    title_folded: Mapped[str] = mapped_column(Text, default="", deferred=True)  # as it is searched; and so below
    summary_folded: Mapped[str] = mapped_column(Text, default="", deferred=True)
    words_folded: Mapped[str] = mapped_column(Text, default="", deferred=True)
    position: Mapped[int] = mapped_column(default=0)
    status: Mapped[ArticleStatus] = mapped_column(String(16), default=ArticleStatus.DRAFT)
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # for the first time
    callout: Mapped[Callout | None] = mapped_column(String(8))
    callout_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # set anew for each: one digest entry per value
    callout_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    change_note: Mapped[str] = mapped_column(String(300), default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    created_by: Mapped[str] = mapped_column(String(254), default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_by: Mapped[str] = mapped_column(String(254), default="")

    @validates("title", "summary", "words")
    def _fold(self, name: str, text: str) -> str:
        setattr(self, f"{name}_folded", folded(text))
        return text


class ArticleGroup(AccountOwned, Base):
    """A restriction: an article is for readers of this group, besides what its categories ask for."""

    __tablename__ = "article_groups"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "article_id", "group_id"),
        belongs_to("articles", "article_id", ondelete="CASCADE"),
        belongs_to("reader_groups", "group_id"),
    )

    article_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    group_id: Mapped[uuid.UUID] = mapped_column(Uuid)


class ArticleRevision(AccountOwned, Base):
    """What an article said once, kept whenever it is saved with other words."""

    __tablename__ = "article_revisions"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "article_id", "number"),
        belongs_to("articles", "article_id", ondelete="CASCADE"),
    )

    article_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(400), default="")
    body: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    saved_by: Mapped[str] = mapped_column(String(254), default="")


def _home_of_article(session: Session, row: ArticleGroup) -> uuid.UUID | None:
    return session.scalar(select(Article.knowledge_base_id).where(Article.id == row.article_id))


def _home_of_category(session: Session, row: CategoryGroup) -> uuid.UUID | None:
    return session.scalar(select(Category.knowledge_base_id).where(Category.id == row.category_id))


# Pages show these rows, or are shown because of them. A revision is shown to nobody but those who write.
shows(Article, lambda _, row: row.knowledge_base_id)
shows(Category, lambda _, row: row.knowledge_base_id)
shows(ArticleGroup, _home_of_article)
shows(CategoryGroup, _home_of_category)
