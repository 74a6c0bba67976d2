"""found(): the articles in which every word of a question stands, those that have it in their title first.

Letters are compared as the database does it; what a viewer may not read is not found.
"""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, or_, select

from kbadmin.articles.models import Article
from kbadmin.database import db
from kbadmin.portal.contents import Contents

MOST_FOUND = 50
MOST_WORDS = 8
LONGEST = 200
_BEFORE, _AROUND = 60, 220


@dataclass(frozen=True)
class Piece:
    """A part of an excerpt; a hit is what was looked for."""

    text: str
    is_hit: bool = False


@dataclass(frozen=True)
class Hit:
    """An article that was found, and the words around what was looked for."""

    title: str
    slug: str
    excerpt: list[Piece]


def found(contents: Contents, text: str) -> list[Hit]:
    """What this viewer may read of what was looked for; nothing for a question without words."""
    words = words_of(text)
    if not words:
        return []
    everywhere = and_(*(or_(*_in_any(word)) for word in words))
    in_title = and_(*(Article.title.icontains(word, autoescape=True) for word in words))
    query = (
        select(Article.title, Article.slug, Article.summary, Article.words)
        .where(contents.readable, everywhere)
        .order_by(case((in_title, 0), else_=1), Article.title, Article.id)
        .limit(MOST_FOUND)
    )
    rows = db.session.execute(query)
    return [Hit(row.title, row.slug, excerpt(f"{row.summary} {row.words}".strip(), words)) for row in rows]


def words_of(text: str) -> list[str]:
    """The words of a question, as many as are looked for."""
    return text[:LONGEST].replace("\0", " ").split()[:MOST_WORDS]


def excerpt(text: str, words: list[str]) -> list[Piece]:
    """The place where the first of the words stands, in pieces."""
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    first = pattern.search(text)
    start = max(first.start() - _BEFORE, 0) if first else 0
    start = text.find(" ", start) + 1 if start else 0
    part = text[start : start + _AROUND]
    if len(text) > start + _AROUND:
        part = part.rpartition(" ")[0] or part
    pieces, end = [Piece("… ")] if start else [], 0
    for hit in pattern.finditer(part):
        pieces += [Piece(part[end : hit.start()]), Piece(hit.group(), is_hit=True)]
        end = hit.end()
    return [*pieces, Piece(part[end:]), *([Piece(" …")] if len(text) > start + len(part) else [])]


def _in_any(word: str) -> list[ColumnElement[bool]]:
    return [column.icontains(word, autoescape=True) for column in (Article.title, Article.summary, Article.words)]
