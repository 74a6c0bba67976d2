"""The digest runs of a knowledge base, newest first, a page at a time; one of them, and what it told of."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, and_, or_, select

from kbadmin.articles.models import Article
from kbadmin.database import db
from kbadmin.subscriptions.run_models import DigestBody, DigestRun

PAGE = 50
MOST_BODIES = 200  # that are looked into for what a run told of


@dataclass(frozen=True)
class Page:
    """One page of the list, and the runs that the pages before and after it start from."""

    runs: Sequence[DigestRun] = field(default_factory=list)
    newer_than: uuid.UUID | None = None
    older_than: uuid.UUID | None = None


def page(
    knowledge_base_id: uuid.UUID, *, older_than: uuid.UUID | None = None, newer_than: uuid.UUID | None = None
) -> Page:
    """The runs after or before one of them, or the newest. A run that is not there is ignored."""
    start = find(knowledge_base_id, older_than) if older_than else None
    end = find(knowledge_base_id, newer_than) if newer_than and start is None else None
    query = select(DigestRun).where(DigestRun.knowledge_base_id == knowledge_base_id)
    if start is not None:
        earlier = and_(DigestRun.due_at == start.due_at, DigestRun.id < start.id)
        query = query.where(or_(DigestRun.due_at < start.due_at, earlier))
    if end is not None:
        later = and_(DigestRun.due_at == end.due_at, DigestRun.id > end.id)
        query = query.where(or_(DigestRun.due_at > end.due_at, later)).order_by(DigestRun.due_at, DigestRun.id)
    else:
        query = query.order_by(DigestRun.due_at.desc(), DigestRun.id.desc())
    found = list(db.session.scalars(query.limit(PAGE + 1)))
    runs, has_more = found[:PAGE], len(found) > PAGE
    if end is not None:
        runs.reverse()
    if not runs:
        return Page()
    has_newer = has_more if end is not None else start is not None
    has_older = has_more if end is None else True
    return Page(runs, runs[0].id if has_newer else None, runs[-1].id if has_older else None)


def find(knowledge_base_id: uuid.UUID, run_id: uuid.UUID) -> DigestRun | None:
    """One run of a knowledge base, or nothing."""
    return db.session.scalar(select(DigestRun).filter_by(id=run_id, knowledge_base_id=knowledge_base_id))


def told_of(run_id: uuid.UUID) -> Sequence[Row[uuid.UUID, str]]:
    """The articles that the messages of a run tell of, by title as it is now; those that were deleted are left out."""
    query = select(DigestBody.items).where(DigestBody.run_id == run_id).order_by(DigestBody.id).limit(MOST_BODIES)
    ids = {uuid.UUID(item) for items in db.session.scalars(query) for item in items}
    return db.session.execute(
        select(Article.id, Article.title).where(Article.id.in_(ids)).order_by(Article.title)
    ).all()
