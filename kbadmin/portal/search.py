"""found(): what a reader looked for, as :mod:`kbadmin.articles.search` finds it, with the words marked in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbadmin.articles import search
from kbadmin.articles.search import MOST_FOUND
from kbadmin.portal.contents import Contents

LONGEST = 200
_WORD = re.compile(r"[^\W_]+")

__all__ = ["MOST_FOUND", "found"]


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


def found(contents: Contents, asked: str) -> list[Hit]:
    """What one viewer may read of what was looked for, the best first; nothing for a question without words."""
    hits = search.search(contents.knowledge_base, contents.viewer, asked, among=contents.readable)
    return [Hit(hit.title, hit.slug, list(marked(hit.extract or hit.summary, asked))) for hit in hits]


def question(text: str) -> str:
    """What was typed, as far as it is looked for: a NUL is none of it, and nobody types a page."""
    return " ".join(text[:LONGEST].replace("\0", " ").split())


def marked(text: str, asked: str) -> Iterator[Piece]:
    """A text in pieces, so that the beginnings of words that were looked for can be told from the rest."""
    words = sorted(_WORD.findall(asked), key=len, reverse=True)
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + ")" if words else r"(?!)", re.IGNORECASE)
    end = 0
    for hit in pattern.finditer(text):
        yield Piece(text[end : hit.start()])
        yield Piece(hit.group(), is_hit=True)
        end = hit.end()
    yield Piece(text[end:])
