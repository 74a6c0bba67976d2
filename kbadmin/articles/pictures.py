"""The pictures of a knowledge base that articles show: uploaded, listed a page at a time, and who may see one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from kbadmin.articles import markup
from kbadmin.articles.models import Article
from kbadmin.articles.visibility import Viewer, readable
from kbadmin.articles.writing import knowledge_base_to_write
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import db
from kbadmin.knowledge_bases.models import Attachment, KnowledgeBase
from kbadmin.knowledge_bases.pictures import Picture, keep

PAGE = 24


@dataclass(frozen=True)
class Page:
    """Some pictures, the newest first, and where the pages before and after begin."""

    lines: Sequence[Any] = ()
    older_than: uuid.UUID | None = None
    newer_than: uuid.UUID | None = None


def upload(knowledge_base_id: uuid.UUID, picture: Picture, *, called: str, actor: Actor) -> Attachment:
    """Keep a picture; one that is there already is kept once. Raises :class:`~kbadmin.articles.writing.Gone`."""
    knowledge_base_to_write(knowledge_base_id)
    kept = keep(picture, knowledge_base_id=knowledge_base_id, by=actor.label)
    record("picture uploaded", actor=actor, subject=Subject("picture", kept.id, called))
    return kept


def may_see(knowledge_base: KnowledgeBase, viewer: Viewer, picture_id: uuid.UUID, *, slug: str = "") -> bool:
    """Whether an article that this viewer may read now shows the picture: who may not read it sees none of it.

    ``slug`` is the article from which it was asked for. All others are looked through only if that is not the one.
    """
    position = func.instr if db.engine.dialect.name == "sqlite" else func.strpos
    shows = position(Article.html, markup.kept_picture(picture_id)) > 0
    found = select(Article.id).where(readable(knowledge_base, viewer), shows).limit(1)
    if slug and db.session.scalar(found.where(Article.slug == slug)) is not None:
        return True
    return db.session.scalar(found) is not None


def missing(knowledge_base_id: uuid.UUID, wanted: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of these pictures that the knowledge base does not have, though another one of the account may."""
    query = select(Attachment.id).where(Attachment.knowledge_base_id == knowledge_base_id, Attachment.id.in_(wanted))
    there = set(db.session.scalars(query)) if wanted else set()
    return [one for one in wanted if one not in there]


def page(
    knowledge_base_id: uuid.UUID, *, older_than: uuid.UUID | None = None, newer_than: uuid.UUID | None = None
) -> Page:
    """The pictures before or after one of them, or the newest; the logo, which is no article's, is left out.

    Ids sort by age, so they are all that a page needs to know of its neighbours.
    """
    key = Attachment.id
    logo = select(KnowledgeBase.logo_id).where(
        KnowledgeBase.id == knowledge_base_id, KnowledgeBase.logo_id.is_not(None)
    )
    query = select(key, Attachment.width, Attachment.height, Attachment.created_at, Attachment.created_by)
    query = query.where(Attachment.knowledge_base_id == knowledge_base_id, key.not_in(logo))
    if older_than is not None:
        newer_than, query = None, query.where(key < older_than)
    if newer_than is not None:
        query = query.where(key > newer_than)
    rows = list(db.session.execute(query.order_by(key if newer_than is not None else key.desc()).limit(PAGE + 1)))
    has_more, lines = len(rows) > PAGE, rows[:PAGE]
    if newer_than is not None:
        lines.reverse()
    if not lines:
        return Page()
    has_older = has_more if newer_than is None else True
    has_newer = has_more if newer_than is not None else older_than is not None
    return Page(lines, lines[-1].id if has_older else None, lines[0].id if has_newer else None)
