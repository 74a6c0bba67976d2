"""What changed between two texts: lines that stayed, went and came, and in changed lines the words. Pure."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

CONTEXT = 2  # lines that stay, shown around a change
MOST_COMPARED = 4_000_000  # lines of one text times lines of the other; words alike
#: Pairs of a line and one that is the same, where texts differ; words alike, of all lines. What repeats takes longest.
MOST_ALIKE = 40_000
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


class Mark(StrEnum):
    """What became of a line or of some of its words."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    LEFT_OUT = "left out"  # so many lines that stayed are not shown


@dataclass(frozen=True)
class Piece:
    """Some words of a line."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Line:
    """A line of the comparison; one that stands for others says how many."""

    mark: Mark
    pieces: tuple[Piece, ...] = ()
    count: int = 1


def differences(before: str, after: str) -> list[Line]:
    """The comparison of two texts, with long stretches that stayed left out; empty if they are the same."""
    if before == after:
        return []
    old, new = before.splitlines(), after.splitlines()
    return list(_shortened([line for tag, gone, came in _blocks(old, new) for line in _lines(tag, gone, came)]))


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Runs of lines that are equal or not; what begins and ends alike is not compared at all."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    yield "equal", old[:head], new[:head]
    if not _is_soon_done(middle_old, middle_new):
        yield "replace", middle_old, middle_new
    else:
        matcher = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            yield tag, middle_old[i1:i2], middle_new[j1:j2]
    yield "equal", old[len(old) - tail :], new[len(new) - tail :]


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines two texts have in common from the start."""
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return number
    return min(len(old), len(new))


def _lines(tag: str, gone: Sequence[str], came: Sequence[str]) -> Iterator[Line]:
    if tag == "equal":
        yield from (Line(Mark.SAME, (Piece(text),)) for text in gone)
        return
    pairs = list(zip(gone, came, strict=False)) if len(gone) == len(came) else []
    marked = list(_marked(pairs))
    removed = [one for one, _ in marked] or [(Piece(text),) for text in gone]
    added = [other for _, other in marked] or [(Piece(text),) for text in came]
    yield from (Line(Mark.REMOVED, pieces) for pieces in removed)
    yield from (Line(Mark.ADDED, pieces) for pieces in added)


def _marked(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[tuple[Piece, ...], tuple[Piece, ...]]]:
    """Both lines of each pair with the words marked that the other does not have, as long as that is soon done."""
    left = MOST_ALIKE
    for one, other in pairs:
        old, new = _WORD.findall(one), _WORD.findall(other)
        head = _alike(old, new)
        tail = _alike(old[head:][::-1], new[head:][::-1])
        middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
        left -= _count_alike(middle_old, middle_new)
        if left < 0 or not _is_soon_done(middle_old, middle_new):
            yield (Piece(one),), (Piece(other),)
            continue
        codes = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_opcodes()
        begins, ends = Piece("".join(old[:head])), Piece("".join(old[len(old) - tail :]))
        gone = [Piece("".join(middle_old[i1:i2]), tag != "equal") for tag, i1, i2, _, _ in codes]
        came = [Piece("".join(middle_new[j1:j2]), tag != "equal") for tag, _, _, j1, j2 in codes]
        yield _said([begins, *gone, ends]), _said([begins, *came, ends])


def _said(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(piece for piece in pieces if piece.text)


def _is_soon_done(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether the comparison ends while somebody waits for it."""
    return len(old) * len(new) <= MOST_COMPARED and _count_alike(old, new) <= MOST_ALIKE


def _count_alike(old: Sequence[str], new: Sequence[str]) -> int:
    often = Counter(new)
    return sum(number * often[text] for text, number in Counter(old).items())


def _shortened(lines: Sequence[Line]) -> Iterator[Line]:
    """Only a few of the lines that stayed, where they stand around a change."""
    changed = [number for number, line in enumerate(lines) if line.mark is not Mark.SAME]
    near = {number + shift for number in changed for shift in range(-CONTEXT, CONTEXT + 1)}
    left_out = 0
    for number, line in enumerate(lines):
        if number in near:
            if left_out:
                yield Line(Mark.LEFT_OUT, count=left_out)
            left_out = 0
            yield line
        else:
            left_out += 1
    if left_out:
        yield Line(Mark.LEFT_OUT, count=left_out)
