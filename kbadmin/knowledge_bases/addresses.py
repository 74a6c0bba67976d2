"""Addresses of a knowledge base in the account: which slugs are free, and remembering those it has had."""

import uuid

from sqlalchemy import select

from kbadmin.database import db
from kbadmin.knowledge_bases.models import KnowledgeBase, KnowledgeBaseAddress
from kbadmin.knowledge_bases.slugs import suggested_slug


class SlugTaken(ValueError):
    """Another knowledge base of the account has, or once had, this address."""


def require_free(slug: str, *, but: uuid.UUID | None = None) -> None:
    """Raise :class:`SlugTaken` for a slug that leads to another knowledge base than ``but``."""
    owner = db.session.scalar(select(KnowledgeBaseAddress.knowledge_base_id).where(KnowledgeBaseAddress.slug == slug))
    if owner is not None and owner != but:
        raise SlugTaken(slug)


def free_slug(name: str) -> str:
    """A slug made of a name, numbered if others have it."""
    wanted, number = suggested_slug(name), 1
    begins = KnowledgeBaseAddress.slug.startswith(wanted, autoescape=True)
    taken = set(db.session.scalars(select(KnowledgeBaseAddress.slug).where(begins)))
    slug = wanted
    while slug in taken:
        number += 1
        slug = f"{wanted[:44]}-{number}"
    return slug


def remember(knowledge_base: KnowledgeBase) -> None:
    """Let its present slug lead to it for ever."""
    query = select(KnowledgeBaseAddress.id).where(KnowledgeBaseAddress.slug == knowledge_base.slug)
    if db.session.scalar(query) is None:
        db.session.add(KnowledgeBaseAddress(slug=knowledge_base.slug, knowledge_base_id=knowledge_base.id))
