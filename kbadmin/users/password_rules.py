"""Which passwords are good enough: long, not common, not made of words that are known of the person.

No rules of composition, nothing is cut off, blanks count (NIST SP 800-63B §3.1.1.2; OWASP ASVS 5.0 §6.2).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

LEAST = 10
MOST = 1024
SHORTEST_KNOWN_WORD = 4
PRODUCT = "kbadmin"

_ROWS = ("0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop")
_NEXT = {pair for row in _ROWS for pair in pairwise(row)}
_BESIDE = _NEXT | {(second, first) for first, second in _NEXT}
_LEET = str.maketrans("0134578@$!", "oieastbasi")


class WeakPassword(ValueError):
    """The password is not good enough; ``str()`` says what to do about it."""


def require_strong(password: str, *, known_words: Iterable[str] = ()) -> None:
    """Raise :class:`WeakPassword` unless the password will do. ``known_words``: names and addresses of the person."""
    if len(password) < LEAST:
        raise WeakPassword(f"Use at least {LEAST} characters. Several words in a row are easy to remember.")
    if len(password) > MOST:
        raise WeakPassword(f"Use at most {MOST:,} characters.")
    lower = password.lower()
    for word in sorted({PRODUCT, *known_words}, key=len, reverse=True):
        if _is_known_in(word, lower):
            raise WeakPassword(f"Leave out “{word}”: whoever guesses your password tries it first.")
    if _is_pattern(lower):
        raise WeakPassword("Choose something without a pattern: repeated or neighbouring characters are guessed first.")
    if _is_common(lower):
        raise WeakPassword("This is a common password, or one with something added. Use several words of your own.")


def words_of(*, email: str, name: str, account_names: Iterable[str]) -> list[str]:
    """What is known of a person: the part before @, their name, and the names of their accounts."""
    return [word for word in (email.partition("@")[0], name, *account_names) if word]


def _is_known_in(word: str, password: str) -> bool:
    spellings = {word.lower(), re.sub(r"[\W_]+", "", word.lower())}
    return any(len(known) >= SHORTEST_KNOWN_WORD and known in password for known in spellings)


def _is_pattern(password: str) -> bool:
    if len(set(password)) < 4:
        return True
    unit = (password + password).find(password, 1)
    if unit <= len(password) // 2 and unit <= 6:
        return True
    neighbours = sum(pair in _BESIDE or pair[0] == pair[1] for pair in pairwise(password))
    return neighbours >= len(password) - 3


def _is_common(password: str) -> bool:
    """In the list as it stands, or once digits and signs around it or in place of letters are undone."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)
    return not {password, core, password.translate(_LEET), core.translate(_LEET)}.isdisjoint(_common())


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    text = (Path(__file__).parent / "data" / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
