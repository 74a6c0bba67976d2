"""The bytes a message and its envelope must consist of before a server sees them (RFC 5321 §2.3.8, §4.5).

Everything refused here would be a mistake of ours, for forms and the composer are stricter: hence ValueError.
It is asked once more all the same, for a bare CR or LF is how one message is smuggled in after another.
"""

import re
from typing import NamedTuple

MAX_LINE_BYTES = 998
MAX_ADDRESS_BYTES = 254

_ADDRESS = re.compile(r"[^\x00-\x20\x7f<>@,;:\\\"]+@[^\x00-\x20\x7f<>@,;\\\"]+")


def require_address(address: str) -> None:
    """Refuse what is not one plain address; raises ValueError."""
    if not _ADDRESS.fullmatch(address) or len(address.encode()) > MAX_ADDRESS_BYTES:
        raise ValueError("an envelope address that is not one plain address reached the transport")


class Stuffed(NamedTuple):
    """A message as DATA wants it, checked: a dot doubled where it begins a line, and the dot that ends it all."""

    data: bytes
    #: Bytes before the dots were added, which is what SIZE declares (RFC 1870 §5).
    size: int
    is_ascii: bool


def stuff(message: bytes) -> Stuffed:
    """Check a message and make it ready to be sent; raises ValueError for bytes that are a mistake of ours."""
    _require_crlf_lines(message)
    dotted = message.replace(b"\r\n.", b"\r\n..")
    first = b"." if message.startswith(b".") else b""
    return Stuffed(b"".join((first, dotted, b".\r\n")), len(message), message.isascii())


def _require_crlf_lines(message: bytes) -> None:
    """Refuse bare CR or LF, NUL, lines over 998 bytes and a last line without an end; raises ValueError."""
    lines = message.split(b"\n")
    ends = len(lines) - 1  # Counting is many times as fast as a search for a CR or LF alone.
    is_bare = message.count(b"\r\n") != ends or message.count(b"\r") != ends
    if is_bare or b"\0" in message or not message.endswith(b"\r\n"):
        raise ValueError("a message with a bare CR or LF, or a NUL, reached the transport")
    if max(map(len, lines)) > MAX_LINE_BYTES + len(b"\r"):
        raise ValueError("a message with a line over 998 bytes reached the transport")
