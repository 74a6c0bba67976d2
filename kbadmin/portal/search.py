"""found(): what a reader looked for, as :mod:`kbadmin.articles.search` finds it, with the words marked in the text."""

from collections.abc import Iterator
from dataclasses import dataclass

from kbadmin.articles import extracts, search
from kbadmin.articles.folding import folded
from kbadmin.articles.search import MOST_FOUND
from kbadmin.portal.contents import Contents

LONGEST = 200

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
    end = 0
    for start, until in extracts.places(text, folded(asked).split()):
        yield Piece(text[end:start])
        yield Piece(text[start:until], is_hit=True)
        end = until
    yield Piece(text[end:])
