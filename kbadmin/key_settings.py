"""Keys as an operator gives them: read, checked for weakness, refused with a sentence.

``KBADMIN_KEYS`` holds ``kid:base64`` pairs with commas, ``KBADMIN_KEYS_FILE`` one pair a line; the first is the
current key. Each key is 32 bytes. How keys are used is :mod:`kbadmin.encryption`'s subject.
"""

import base64
import binascii
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")

# Values that stand in our documentation: whoever copied one has a key that the whole world knows.
PUBLISHED = frozenset({"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "change-me-change-me-change-me-change-me"})


class ConfigurationError(Exception):
    """A setting is missing or wrong. ``str()`` is one sentence with its name and its remedy."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name} {problem}. {remedy}")
        self.name = name


@dataclass(frozen=True)
class MasterKey:
    """One key at rest: its id, which travels with every ciphertext, and 32 bytes that never do."""

    kid: str
    material: bytes = field(repr=False)


def new_key_line(kid: str) -> str:
    """A fresh random key as a line for ``KBADMIN_KEYS_FILE``."""
    return f"{kid}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_keys(inline: str | None, file: str | None) -> tuple[MasterKey, ...]:
    """The key ring, first key current. Raises :class:`ConfigurationError` if it is missing, weak or open to others."""
    if inline and file:
        raise ConfigurationError("KBADMIN_KEYS", "and KBADMIN_KEYS_FILE are both set", "Keep one of them.")
    if inline:
        return _parse("KBADMIN_KEYS", inline.split(","))
    if file:
        return _parse("KBADMIN_KEYS_FILE", _lines(Path(file)))
    raise ConfigurationError(
        "KBADMIN_KEYS_FILE", "is missing", "Make one with `kbadmin secrets new-key > keys && chmod 600 keys`."
    )


def require_strong_secret(secret: str | None, keys: tuple[MasterKey, ...]) -> str:
    """The cookie-signing key, refused when it is missing, short, published, or one of the keys at rest."""
    name, remedy = "KBADMIN_SECRET_KEY", "Give 32 or more random characters, such as `openssl rand -hex 32` prints."
    if not secret:
        raise ConfigurationError(name, "is missing", remedy)
    if len(secret) < 32 or len(set(secret)) < 8:
        raise ConfigurationError(name, "is too weak", remedy)
    if secret in PUBLISHED:
        raise ConfigurationError(name, "is a published example", remedy)
    if any(secret == base64.b64encode(key.material).decode() for key in keys):
        raise ConfigurationError(name, "is also an encryption key", remedy)
    return secret


def _lines(path: Path) -> list[str]:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigurationError("KBADMIN_KEYS_FILE", f"{path} can be read by others", f"Run `chmod 600 {path}`.")
        text = path.read_text()
    except OSError as error:
        raise ConfigurationError(
            "KBADMIN_KEYS_FILE", f"cannot be read ({error.strerror})", "Give the path of a file with mode 0600."
        ) from None
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _parse(name: str, lines: list[str]) -> tuple[MasterKey, ...]:
    keys: list[MasterKey] = []
    for number, line in enumerate(lines, start=1):
        kid, _, encoded = line.strip().partition(":")
        remedy = "Each key is kid:base64 of 32 random bytes, as `kbadmin secrets new-key` prints."
        if not _KID.match(kid) or any(key.kid == kid for key in keys):
            raise ConfigurationError(name, f"entry {number} has a bad or repeated key id", remedy)
        try:
            material = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError(name, f"entry {number} ({kid}) is not base64", remedy) from None
        if len(material) != KEY_BYTES or len(set(material)) < 12 or encoded in PUBLISHED:
            raise ConfigurationError(name, f"entry {number} ({kid}) is too weak", remedy)
        keys.append(MasterKey(kid, material))
    if not keys:
        raise ConfigurationError(name, "holds no key", "Make one with `kbadmin secrets new-key`.")
    return tuple(keys)
