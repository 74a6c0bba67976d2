"""Callouts: New and Updated, until a day, with a note about what changed; set anew, they are told of anew."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kbadmin import clock
from kbadmin.articles.models import Article, ArticleStatus, Callout
from kbadmin.articles.operations import subject_of
from kbadmin.articles.writing import article_to_write
from kbadmin.audit.operations import Actor, record
from kbadmin.knowledge_bases.operations import visibility_changed

#: Rooms above hear of each callout that is set, in the write section in which it is.
LISTENERS: list[Callable[[uuid.UUID, datetime], None]] = []
LASTS = timedelta(days=14)  # unless somebody says otherwise


@dataclass(frozen=True)
class Wanted:
    """What readers are to be told of an article, and until when."""

    callout: Callout
    until: datetime
    note: str = ""


class HasCallout(Protocol):
    """An article, or a line of a list of articles."""

    callout: Callout | None
    callout_until: datetime | None


def current(article: HasCallout) -> Callout | None:
    """What is shown beside an article now."""
    if article.callout is None or (article.callout_until is not None and article.callout_until <= clock.now()):
        return None
    return Callout(article.callout)


def call_out(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, wanted: Wanted | None, *, actor: Actor) -> Article:
    """Set a callout, also one that is set already: its moment is what a digest goes by. ``None`` takes it away.

    Raises :class:`Gone`.
    """
    article = article_to_write(knowledge_base_id, article_id)
    if wanted is None and article.callout is None:
        return article
    if article.callout is not None:
        visibility_changed(knowledge_base_id)  # A digest that waits to be sent may tell of the old one.
    put(article, wanted, at=_seen_from(article))
    said = wanted.callout.value if wanted else "none"
    record("article callout changed", actor=actor, subject=subject_of(article), callout=said, note=article.change_note)
    return article


def hear_with(listener: Callable[[uuid.UUID, datetime], None]) -> None:
    """Have a function called with the knowledge base and the moment of each callout that is set."""
    LISTENERS.append(listener)


def _seen_from(article: Article) -> datetime:
    """The moment of a callout that is set now: nobody can be told of an article before it can be read."""
    now = clock.now()
    if article.status == ArticleStatus.SCHEDULED and article.publish_at is not None:
        return max(article.publish_at, now)
    return now


def put(article: Article, wanted: Wanted | None, *, at: datetime | None) -> None:
    """Write the callout into the row; ``at`` is none as long as nobody can see it."""
    article.callout = wanted.callout if wanted else None
    article.callout_at = at if wanted else None
    article.callout_until = wanted.until if wanted else None
    article.change_note = wanted.note if wanted else ""
    if article.callout_at is not None:
        for listener in LISTENERS:
            listener(article.knowledge_base_id, article.callout_at)
