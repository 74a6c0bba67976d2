"""Slugs of articles and categories: made of names, unique in their knowledge base."""

import re
import unicodedata
import uuid

from sqlalchemy import select

from kbadmin.articles.models import Article, Category
from kbadmin.database import db

MOST = 80  # of the shorter of the two columns


def free_slug(
    model: type[Article] | type[Category], knowledge_base_id: uuid.UUID, name: str, *, own: uuid.UUID | None = None
) -> str:
    """A slug for this name that nothing else of its kind (besides its ``own`` row) has in the knowledge base."""
    wanted = suggested(name, instead=model.__name__.lower())
    begins = model.slug.startswith(wanted, autoescape=True)
    query = select(model.slug).where(model.knowledge_base_id == knowledge_base_id, begins)
    taken = set(db.session.scalars(query.where(model.id != own) if own else query))
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def suggested(name: str, *, instead: str) -> str:
    """The letters and digits of a name with hyphens between them; ``instead`` where none of them can stand there."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: MOST - 10].strip("-") or instead
