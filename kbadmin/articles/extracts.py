"""Where words that were looked for stand in a text: what is around the first of them, and the place of each.

Words are compared as they are searched (:mod:`kbadmin.articles.folding`), and shown as they are.
"""

import re
from collections.abc import Iterator, Sequence

from kbadmin.articles.folding import folded

AROUND = 90  # characters of text shown on either side of a word that was found
_BLOCK = 2_000  # characters that are compared at once
_LONGEST = 200  # characters in which a word has its end


def extract(text: str, words: Sequence[str], text_folded: str) -> str:
    """The surroundings of the first of these words, or the beginning of the text; also given as it is searched."""
    is_there = _beginnings(words).search(text_folded) is not None
    start = max(_first_place(text, words) - AROUND, 0) if is_there else 0
    cut = text[start : start + 2 * AROUND]
    if start > 0:
        cut = "…" + cut.partition(" ")[2]
    return cut.rpartition(" ")[0] + "…" if start + 2 * AROUND < len(text) else cut


def places(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where words begin with one of these, and how far: a range of characters for each."""
    pattern = _beginnings(words)
    shape, where = _aligned(text)
    for found in pattern.finditer(shape):
        yield where[found.start()], max(where[found.end()], where[found.end() - 1] + 1)  # The whole of a «ﬁ».


def _first_place(text: str, words: Sequence[str]) -> int:
    """Block by block, as most words stand near the beginning; a block begins with the word that reaches into it."""
    pattern = _beginnings(words)
    for start in range(0, len(text), _BLOCK):
        begin = max(text.rfind(" ", 0, start), start - _LONGEST, 0)
        block = text[begin : start + _BLOCK + _LONGEST]
        if pattern.search(folded(block)):
            shape, where = _aligned(block)
            if found := pattern.search(shape):
                return begin + where[found.start()]
    return 0


def _beginnings(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<!\S)(?:" + "|".join(map(re.escape, longest_first)) + ")" if words else r"(?!)")


def _aligned(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is searched, and for each of its characters, and for its end, the place in the text itself."""
    if text.isascii():
        return folded(text), range(len(text) + 1)
    pieces, where = [], []
    for place, sign in enumerate(text):
        piece = folded(sign)
        pieces.append(piece)
        where += [place] * len(piece)
    return "".join(pieces), [*where, len(text)]
