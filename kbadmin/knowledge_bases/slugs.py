"""Slugs: the word for a knowledge base in addresses. One that was used once leads there for ever."""

import re
import unicodedata

LEAST, MOST = 2, 50
#: The first words of the portal's own addresses.
RESERVED = frozenset({
    "confirm", "forgot-password", "images", "profile", "search", "set-password", "sign-in", "sign-out", "sign-up",
    "subscriptions", "unsubscribe",
})  # fmt: skip

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def canonical_slug(text: str) -> str:
    """A slug as it is stored. Raises ValueError with a sentence for whoever typed it."""
    slug = text.strip().lower()
    if not LEAST <= len(slug) <= MOST:
        raise ValueError(f"Enter {LEAST} to {MOST} characters.")
    if not _SLUG.fullmatch(slug):
        raise ValueError("Use letters from a to z, digits, and single hyphens between them.")
    if slug in RESERVED:
        raise ValueError("This word stands for a page of the portal. Choose another one.")
    return slug


def suggested_slug(name: str) -> str:
    """A slug made of a name; «kb» where nothing of it can stand in one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MOST].strip("-")
    return slug if len(slug) >= LEAST and slug not in RESERVED else "kb"
