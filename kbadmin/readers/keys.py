"""The forms in which a reader is ordered, compared and found: letters' case and width make no difference."""

import unicodedata
from dataclasses import dataclass

LENGTH = 254  # of the columns that keep a key


@dataclass(frozen=True)
class Keys:
    """What is kept of an address and a name besides themselves, by the names of the columns."""

    email_key: str
    email_domain: str
    sort_key: str
    name_key: str


def keys_of(email: str, first_name: str, last_name: str) -> Keys:
    """The keys of a reader with this canonical address; whoever has no name is listed by the address."""
    email_key = email.casefold()
    by_last = key(f"{last_name} {first_name}")
    return Keys(email_key, email.rpartition("@")[2], by_last or email_key, key(f"{first_name} {last_name}"))


def key(text: str) -> str:
    """A text as it is compared, or the beginning of it if it is very long."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())[:LENGTH].rstrip()
