"""The blueprint that the pages of this room hang on, and the doors to one article and one category."""

import uuid

from flask import Blueprint, abort, current_app
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Conflict

from kbadmin.articles import categories, operations
from kbadmin.articles.models import Article, Category
from kbadmin.articles.writing import Gone
from kbadmin.knowledge_bases.blueprint import knowledge_base_or_404
from kbadmin.knowledge_bases.models import KnowledgeBase

blueprint = Blueprint("articles", __name__, url_prefix="/knowledge-bases/<uuid:knowledge_base_id>")


def article_or_404(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> tuple[KnowledgeBase, Article]:
    """An article and its knowledge base, for those who write in it."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    article = operations.find(knowledge_base.id, article_id)
    if article is None:
        abort(404)
    return knowledge_base, article


def category_or_404(knowledge_base_id: uuid.UUID, category_id: uuid.UUID) -> tuple[KnowledgeBase, Category]:
    """A category and its knowledge base, for those who write in it."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    category = categories.find(knowledge_base.id, category_id)
    if category is None:
        abort(404)
    return knowledge_base, category


@blueprint.errorhandler(Gone)
def _gone(_error: Gone) -> ResponseReturnValue:
    """What was there when the page began was gone when the deed came: the page of a conflict says so."""
    return current_app.handle_user_exception(Conflict())
