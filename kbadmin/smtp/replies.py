"""What a mail server says, read with bounds: a hostile one may answer without end (RFC 5321 §4.2, RFC 2034).

Server text is a stranger's text. It reaches the rest of the product as a :class:`Reply` only: printable
ASCII, at most 300 characters, without the credentials we sent.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from kbadmin.encryption import hide_revealed

MAX_LINES = 100
MAX_LINE_BYTES = 2_000
MAX_REPLY_BYTES = 64 * 1024
MAX_TEXT = 300

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class ReplyTooLong(Exception):
    """The server sent more than any honest reply holds."""


class NotSmtp(Exception):
    """What came is not an SMTP reply; the message holds the beginning of it, printable, for the operator's
    log.
    """


class Reply(NamedTuple):
    """A server's reply as the product keeps it."""

    code: int
    #: The enhanced status code (RFC 3463), such as ``5.7.3``, if the text began with one.
    enhanced: str | None
    #: The text after the codes, lines joined by spaces.
    text: str

    def __str__(self) -> str:
        if self.enhanced and self.text:
            return f"{self.code} {self.enhanced} {self.text}"
        return f"{self.code} {self.enhanced or self.text}".rstrip()


class Answer(NamedTuple):
    """A reply as it came, line by line: what EHLO and the XOAUTH2 challenge are read from. Never shown."""

    code: int
    lines: tuple[str, ...]

    def reply(self, hidden: tuple[str, ...] = ()) -> Reply:
        """The reply to keep, with every hidden text (a credential, in any encoding we sent) taken out."""
        found = _ENHANCED.match(self.lines[0])
        enhanced = found[1] if found and found[1][0] == str(self.code)[0] else None
        texts = [line.removeprefix(enhanced or "").strip() for line in self.lines]
        text = texts[0] if len(texts) == 1 else " ".join(filter(None, texts))
        for secret in hidden:
            text = text.replace(secret, "[hidden]")
        text = hide_revealed(text)  # Servers may repeat a credential at any later step, too.
        return Reply(self.code, enhanced, printable(text))


class ReplyReader:
    """Takes bytes from a connection and makes answers of them, holding no more than one honest reply."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()

    @property
    def has_leftovers(self) -> bool:
        """Whether bytes lie here that belong to no reply yet: after STARTTLS, a sign of injection."""
        return bool(self._buffer)

    def took(self, hoped_for: re.Pattern[bytes]) -> bytes | None:
        """The replies at hand, whole lines, if they read so; None leaves them for :meth:`read`.

        This is the short way for the answers that nearly always come.
        """
        found = hoped_for.match(self._buffer)
        if found is None:
            return None
        taken = found[0]
        del self._buffer[: found.end()]
        return taken

    def fill(self) -> None:
        """Wait for bytes; raises ConnectionError at their end."""
        received = self._receive()
        if not received:
            raise ConnectionError("the server closed the connection")
        self._buffer += received

    def read(self) -> Answer:
        """The next complete answer. Raises ReplyTooLong, NotSmtp, and whatever the connection raises."""
        code, size = b"", 0
        lines: list[str] = []
        while len(lines) < MAX_LINES:
            line = self._line()
            found = _LINE.fullmatch(line)
            if found is None or (code and found[1] != code):
                raise NotSmtp(printable(line.decode("latin-1")))
            code = found[1]
            lines.append((found[3] or b"").decode("utf-8", "replace"))
            size += len(line)
            if size > MAX_REPLY_BYTES:
                break
            if found[2] != b"-":
                return Answer(int(code), tuple(lines))
        raise ReplyTooLong

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise ReplyTooLong
            self.fill()
        if end > MAX_LINE_BYTES:
            raise ReplyTooLong
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line


def printable(text: str, *, limit: int = MAX_TEXT) -> str:
    """A stranger's text as printable ASCII of limited length, safe for pages, logs and mails."""
    is_printable = text.isascii() and text.isprintable()  # Nearly always, and ten times as fast as looking for more.
    return (text if is_printable else _UNPRINTABLE.sub("?", text))[:limit].strip()
