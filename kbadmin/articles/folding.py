"""Text as it is searched: letters without case and accents, with a space wherever no word goes on.

Articles are put into the index in this form and questions are asked in it, so that both databases find alike. The
form is made here, whatever the locale and the extensions of a database: «Café», «CAFE» and «cafe» with a combining
accent are one word, «Đà Nẵng» is «da nang», «Søren» is «soren», «й» is «и», and vowel signs of Arabic and Hebrew are
left out. What marks mean elsewhere (Devanagari, Thai, the voicing of kana) is kept.
"""

import unicodedata

MOST_SIGNS = 200_000  # as many as PostgreSQL indexes for certain

# Marks that come and go with the writer's habits; those of other scripts make other words.
_OPTIONAL_MARKS = (
    (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06ED), (0x08D3, 0x08FF), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F),
)  # fmt: skip
_MOST_KEPT = 0xFFFF
_TATWEEL = 0x0640  # lengthens an Arabic word, and says nothing
# These have their stroke or their neighbour within; Unicode takes none of them apart.
_APART = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}


class _Signs(dict[int, str]):
    """What each sign becomes, found out when it is met; what is rare is not kept, so that this does not grow."""

    def __missing__(self, point: int) -> str:
        found = _folded_sign(chr(point), point)
        if point <= _MOST_KEPT:
            self[point] = found
        return found


_SIGNS = _Signs()


def folded(text: str) -> str:
    """The text in the form in which it is searched; its words are what :meth:`str.split` finds."""
    if text.isascii():
        return text.lower().translate(_SIGNS)[:MOST_SIGNS]
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", apart.translate(_SIGNS)[:MOST_SIGNS])


def _folded_sign(sign: str, point: int) -> str:
    if any(first <= point <= last for first, last in _OPTIONAL_MARKS) or point == _TATWEEL:
        return ""
    category = unicodedata.category(sign)
    if category == "Cf":  # Soft hyphens and joiners stand within words.
        return ""
    if category == "No":  # «❶»: PostgreSQL takes it for no part of a word. «²» and «½» are taken apart before.
        return " "
    return _APART.get(sign, sign) if category[0] in "LNM" else " "
