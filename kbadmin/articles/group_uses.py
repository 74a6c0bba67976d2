"""What is restricted to a reader group, for the page that would delete it."""

import uuid

from flask import url_for
from sqlalchemy import select

from kbadmin.articles.models import Article, ArticleGroup, Category, CategoryGroup
from kbadmin.database import db
from kbadmin.readers.group_usages import Usage, report_usages_with


def uses(group_id: uuid.UUID) -> list[Usage]:
    """Categories and articles that are for readers of this group."""
    shelves = select(Category).join(CategoryGroup, CategoryGroup.category_id == Category.id)
    written = select(Article).join(ArticleGroup, ArticleGroup.article_id == Article.id)
    categories = db.session.scalars(shelves.where(CategoryGroup.group_id == group_id).order_by(Category.name))
    articles = db.session.scalars(written.where(ArticleGroup.group_id == group_id).order_by(Article.title))
    return [
        *(Usage(f"The category {one.name}", _category_page(one)) for one in categories),
        *(Usage(f"The article {one.title}", _article_page(one)) for one in articles),
    ]


def _category_page(category: Category) -> str:
    return url_for("articles.edit_category", knowledge_base_id=category.knowledge_base_id, category_id=category.id)


def _article_page(article: Article) -> str:
    return url_for("articles.edit", knowledge_base_id=article.knowledge_base_id, article_id=article.id)


report_usages_with(uses)
