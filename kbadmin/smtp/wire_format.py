"""The bytes a message and its envelope must consist of before a server sees them (RFC 5321 §2.3.8, §4.5).

Everything refused here would be a mistake of ours, for forms and the composer are stricter: hence ValueError.
It is asked once more all the same, for a bare CR or LF is how one message is smuggled in after another.
"""

import re

MAX_LINE_BYTES = 998
MAX_ADDRESS_BYTES = 254

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_ADDRESS = re.compile(r"[^\x00-\x20\x7f<>@,;:\\\"]+@[^\x00-\x20\x7f<>@,;\\\"]+")


def require_address(address: str) -> None:
    """Refuse what is not one plain address; raises ValueError."""
    if not _ADDRESS.fullmatch(address) or len(address.encode()) > MAX_ADDRESS_BYTES:
        raise ValueError("an envelope address that is not one plain address reached the transport")


def require_crlf_lines(message: bytes) -> None:
    """Refuse bare CR or LF, NUL, lines over 998 bytes and a last line without an end; raises ValueError."""
    if _BARE.search(message) or b"\0" in message or not message.endswith(b"\r\n"):
        raise ValueError("a message with a bare CR or LF, or a NUL, reached the transport")
    if max(map(len, message.split(b"\r\n"))) > MAX_LINE_BYTES:
        raise ValueError("a message with a line over 998 bytes reached the transport")


def with_final_dot(message: bytes) -> bytes:
    """The message as DATA wants it: a dot doubled where it begins a line, and the dot that ends it all."""
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if message.startswith(b".") else b"") + stuffed + b".\r\n"
