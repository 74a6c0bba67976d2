"""Names that people give to things: when two of them are the same."""

import hashlib
import unicodedata

KEY_LENGTH = 120  # of the columns that keep a key


def folded(name: str) -> str:
    """The form in which two names are the same, whatever their letters' case and width.

    One that would outgrow its column is kept as a digest.
    """
    key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return key if len(key) <= KEY_LENGTH else hashlib.sha256(key.encode()).hexdigest()


def after_all_with(beginning: str) -> str:
    """The first text that stands behind all that begin so, letter by letter."""
    following = min(ord(beginning[-1]) + 1, 0x10FFFF)
    if 0xD800 <= following <= 0xDFFF:  # Half a character is none: the next whole one.
        following = 0xE000
    return beginning[:-1] + chr(following)
