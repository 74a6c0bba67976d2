"""The parts of a page that are one reader's own: their name, the token of their forms, their Subscribe button.

A page is rendered with marks in these places and cut there. Whoever it is shown to, the rest is the same, and may be
kept. The marks are random for each process, so that nothing that somebody writes is ever taken for one.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flask import g
from flask_login import current_user
from markupsafe import Markup, escape

from kbadmin import form_tokens


class Mine:
    """What templates ask for as ``mine``, on a page that is made for one reader alone."""

    @property
    def name(self) -> str:
        """How the reader is called."""
        name: str = (g.visit.signed_in if "visit" in g else current_user).name
        return name

    @property
    def token(self) -> str:
        """The token of their forms."""
        return form_tokens.token()


class Marks:
    """The same with marks, which are letters and digits: no escaping changes them."""

    def __init__(self) -> None:
        self.name, self.token, self.bar = (Markup(f"mark{secrets.token_hex(16)}") for _ in range(3))  # noqa: S704


MARKS = Marks()
_MARK = re.compile(f"({MARKS.name}|{MARKS.token}|{MARKS.bar})")


@dataclass(frozen=True)
class Cut:
    """A page in pieces: text by turns with marks, as bytes for the wire."""

    pieces: tuple[bytes, ...]

    @classmethod
    def from_html(cls, html: str) -> "Cut":
        """Cut a page that was rendered with :data:`MARKS`."""
        return cls(tuple(piece.encode() for piece in _MARK.split(html)))

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return sum(len(piece) + 40 for piece in self.pieces)

    @property
    def has_bar(self) -> bool:
        """Whether the Subscribe button of a reader has its place here."""
        return _BAR in self.pieces

    def filled(self, *, name: str, bar: Markup | str) -> bytes:
        """The page for one reader."""
        mine: Mapping[bytes, bytes] = {
            _NAME: escape(name).encode(),
            _TOKEN: form_tokens.token().encode(),
            _BAR: bar.encode(),
        }
        return b"".join([mine.get(piece, piece) for piece in self.pieces])


_NAME, _TOKEN, _BAR = MARKS.name.encode(), MARKS.token.encode(), MARKS.bar.encode()
