"""Envelopes: the text form of what was sealed, ``v1.<kid>.<base64url(payload)>``, without any knowledge of keys."""

import binascii

VERSION = "v1"
LEAST_BYTES = 12 + 16  # a nonce and a tag

_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_+/", b"+/??")  # What is not of this alphabet must not pass for it.


class Unreadable(Exception):
    """A sealed value does not open: wrong or missing key, another row, another destination, or damage."""


def wrap(kid: str, payload: bytes) -> str:
    """The envelope of what was sealed under this key."""
    return f"{VERSION}.{kid}.{binascii.b2a_base64(payload, newline=False).translate(_TO_URL_SAFE).decode()}"


def key_id(envelope: str) -> str:
    """The id of the key an envelope was sealed under; raises :class:`Unreadable` if it is no envelope."""
    return unwrap(envelope)[0]


def unwrap(envelope: str) -> tuple[str, bytes]:
    """The id of its key, and the payload; raises :class:`Unreadable`."""
    version, _, rest = envelope.partition(".")
    kid, _, payload = rest.partition(".")
    if version != VERSION or not kid:
        raise Unreadable("this is not an envelope that this version can read")
    try:
        raw = binascii.a2b_base64(payload.encode("ascii").translate(_FROM_URL_SAFE), strict_mode=True)
    except ValueError:  # Of which binascii.Error is one; the other is for letters outside ASCII.
        raise Unreadable("the envelope is damaged") from None
    if len(raw) < LEAST_BYTES:
        raise Unreadable("the envelope is damaged")
    return kid, raw
