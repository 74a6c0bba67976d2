"""What the overview of a knowledge base says of its articles."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from flask import url_for
from sqlalchemy import exists, func, select

from kbadmin.access import Role
from kbadmin.articles.models import Article, Category
from kbadmin.articles.visibility import is_published
from kbadmin.database import db
from kbadmin.knowledge_bases import overview
from kbadmin.knowledge_bases.models import KnowledgeBase


def published_step(knowledge_base: KnowledgeBase) -> overview.Step:
    """Whether there is something to read."""
    query = select(exists().where(Article.knowledge_base_id == knowledge_base.id, is_published()))
    here = url_for("articles.index", knowledge_base_id=knowledge_base.id)
    if db.session.scalar(query):
        return overview.Step("Articles", True, "There is something to read.", "Open articles", here)
    text = "Nothing is published yet, so readers find an empty page. Write an article, then publish it."
    return overview.Step("Articles", False, text, "Open articles", here)


def counted(knowledge_base_ids: Sequence[uuid.UUID]) -> overview.Figures:
    """How many articles and categories there are; two queries for any number of knowledge bases."""
    found: dict[uuid.UUID, list[tuple[str, int]]] = defaultdict(list)
    for word, model in (("article", Article), ("category", Category)):
        query = select(model.knowledge_base_id, func.count(model.id)).group_by(model.knowledge_base_id)
        for knowledge_base_id, number in db.session.execute(
            query.where(model.knowledge_base_id.in_(knowledge_base_ids))
        ):
            found[knowledge_base_id].append((word, number))
    return found


overview.set_up_with(published_step, least=Role.WRITER, order=20)
overview.figures_with(counted)
