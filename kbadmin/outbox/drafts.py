"""slot() and Draft: what a template leaves open, and the message as pieces with places between them.

A slot is written in characters that nobody can type or guess: an article's title must not be able to ask for the
reader's personal link.
"""

import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from kbadmin.encryption import new_token
from kbadmin.outbox.encoding import (
    ROOM,
    cannot_stand_in_headers,
    is_printable_ascii,
    quoted_printable,
    with_plain_line_ends,
)
from kbadmin.outbox.messages import LONGEST_LINE, NotSendable

_PRIVATE = 0xE000  # Unicode's first private-use character; names are written as _PRIVATE + ASCII
_OPEN = "".join(chr(0xE100 + secrets.randbelow(0x1700)) for _ in range(8))  # Of this process: 100 random bits
_CLOSE = "\ue0ff"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SLOT = re.compile(f"{_OPEN}([\ue030-\ue07a]+){_CLOSE}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,40}")
_OURS = frozenset({
    "from", "reply-to", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "auto-submitted",
    "x-auto-response-suppress", "mime-version", "content-type", "content-transfer-encoding",
})  # fmt: skip


def slot(name: str) -> str:
    """What a template writes where the personal part of this name belongs. For the process that compiles it only."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a slot")
    return _OPEN + "".join(chr(_PRIVATE + ord(character)) for character in name) + _CLOSE


def split(template: str) -> list[str]:
    """Literal, name, literal, name … literal."""
    pieces = _SLOT.split(template)
    pieces[1::2] = ["".join(chr(ord(character) - _PRIVATE) for character in name) for name in pieces[1::2]]
    if any(_OPEN in piece for piece in pieces):
        raise NotSendable("a slot was cut or changed on its way through the template")
    return pieces


class Place(NamedTuple):
    """Where a slot stands: what its value is escaped for, and how many characters fit there on one line."""

    context: str  # text, html or header
    name: str
    room: int = ROOM


class Draft:
    """The message while it is compiled: literals with places between them, already as on the wire."""

    def __init__(self) -> None:
        self.literals = [""]
        self.places: list[Place] = []

    def write(self, text: str) -> None:
        self.literals[-1] += text

    def headers(self, headers: Mapping[str, str]) -> None:
        """Further header fields, never folded and never encoded (RFC 8058 wants List-Unsubscribe so)."""
        for name in headers:
            if not _HEADER.fullmatch(name) or name.lower() in _OURS:
                raise NotSendable(f"{name!r} is no further header")
        if len({name.lower() for name in headers}) != len(headers):
            raise NotSendable("a header stands twice")
        for name, value in headers.items():
            self._header(name, split(value.strip()))

    def _header(self, name: str, pieces: list[str]) -> None:
        literal = "".join(pieces[::2])
        if not is_printable_ascii(literal) or cannot_stand_in_headers(literal):
            raise NotSendable(f"{name} holds something else than printable ASCII, or an encoded word")
        slots = pieces[1::2]
        room = (LONGEST_LINE - len(f"{name}: {literal}")) // (len(slots) or 1)
        if room < (ROOM if slots else 0):
            raise NotSendable(f"{name} is too long")
        self.write(f"{name}: {pieces[0]}")
        for place, following in zip(slots, pieces[2::2], strict=True):
            self._leave(Place("header", place, room))
            self.write(following)
        self.write("\r\n")

    def alternatives(self, *, text: str, html: str) -> None:
        """Both bodies. A boundary with ``=_`` cannot occur in quoted-printable (RFC 2045 §6.7)."""
        boundary = f"=_{new_token()[:24]}"
        self.write(f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n')
        for subtype, template in (("plain", text), ("html", html)):
            self.write(f'\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n')
            self.write("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
            self._body("html" if subtype == "html" else "text", with_plain_line_ends(template))
        self.write(f"\r\n--{boundary}--\r\n")

    def _body(self, context: str, template: str) -> None:
        pieces = split(template if template.endswith("\n") else template + "\n")
        if any("\0" in literal for literal in pieces[::2]):
            raise NotSendable("a body holds NUL")
        if context == "html":
            _check_quotes(pieces)
        self.write(quoted_printable(pieces[0]))
        for name, following in zip(pieces[1::2], pieces[2::2], strict=True):
            # Soft line breaks on both sides: what is between them may be as long as a line.
            self.write("" if self.literals[-1].endswith("\r\n") else "=\r\n")
            self._leave(Place(context, name))
            self.write("=\r\n" + quoted_printable(following))

    def _leave(self, place: Place) -> None:
        self.places.append(place)
        self.literals.append("")


def _check_quotes(pieces: list[str]) -> None:
    """Escaping does not keep a value inside an attribute that has no quotes."""
    before = ""
    for literal, name in zip(pieces[::2], pieces[1::2], strict=False):
        before += literal
        tag = before[before.rfind("<") + 1 :] if "<" in before else ">"
        if ">" not in tag and not any(tag.count(quote) % 2 for quote in "\"'"):
            raise NotSendable(f"the slot {name!r} stands in a tag without quotes around it")
