"""What one can subscribe to in the portal, as a page or a form names it: all of it, one category, one article."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for

from kbadmin.articles.models import Article
from kbadmin.portal.contents import Contents, Shelf
from kbadmin.subscriptions.models import Target
from kbadmin.subscriptions.subscribing import target_key


@dataclass(frozen=True)
class Thing:
    """Something that may be subscribed to, and that whoever asks may read."""

    target: Target
    title: str
    slug: str = ""
    category_id: uuid.UUID | None = None
    article_id: uuid.UUID | None = None
    has_shelves: bool = False

    @property
    def key(self) -> str:
        """The target key of a subscription to it."""
        return target_key(self.category_id, self.article_id)

    @property
    def arguments(self) -> dict[str, str]:
        """How addresses name it."""
        return {} if self.target is Target.KNOWLEDGE_BASE else {self.target.value: self.slug}

    @property
    def page(self) -> str:
        """The address of its page."""
        if self.target is Target.KNOWLEDGE_BASE:
            return url_for("portal.home")
        return url_for(f"portal.{self.target.value}", slug=self.slug)


def everything(contents: Contents) -> Thing:
    """The knowledge base itself."""
    return Thing(Target.KNOWLEDGE_BASE, contents.knowledge_base.name)


def of_shelf(shelf: Shelf) -> Thing:
    """One category."""
    return Thing(Target.CATEGORY, shelf.name, shelf.slug, category_id=shelf.id, has_shelves=bool(shelf.shelves))


def of_article(article: Article) -> Thing:
    """One article."""
    return Thing(Target.ARTICLE, article.title, article.slug, article_id=article.id)


def asked_for(contents: Contents, arguments: Mapping[str, str]) -> Thing | None:
    """What an address or a form names, if the viewer may read it."""
    if slug := arguments.get("category"):
        shelf = contents.shelf(slug)
        return of_shelf(shelf) if shelf else None
    if slug := arguments.get("article"):
        # PostgreSQL takes no NUL, not even to find nothing.
        article = contents.article(slug) if slug.isprintable() else None
        return of_article(article) if article else None
    return everything(contents)
