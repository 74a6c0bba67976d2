"""Passwords at rest: Argon2id (RFC 9106), through one small object that a test may replace by one that counts.

Verifying against nothing costs the same as verifying against a stored hash, so that the time of an answer does not
tell whether a person exists.
"""

import unicodedata
from typing import Protocol, Self

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from flask.sansio.app import App

from kbadmin import config
from kbadmin.config import Limits
from kbadmin.encryption import new_token

EXTENSION = "kbadmin.passwords"


class Hasher(Protocol):
    """What turns passwords into hashes."""

    def hash(self, password: str) -> str:
        """The hash to store."""

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; never for ``None``, at the same cost."""

    def is_outdated(self, stored: str) -> bool:
        """Whether the parameters have changed since, so that the next sign-in should store a new hash."""


class Argon2:
    """Argon2id; the hash of nobody is made at the start, so that no visitor waits for it."""

    def __init__(self, argon2: PasswordHasher) -> None:
        self._argon2 = argon2
        self._nobody = argon2.hash(new_token())

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """With the parameters of the settings."""
        rounds, memory = limits.argon2_rounds, limits.argon2_memory_kib
        return cls(PasswordHasher(time_cost=rounds, memory_cost=memory, parallelism=1, type=Type.ID))

    def hash(self, password: str) -> str:
        """The hash to store."""
        return self._argon2.hash(_typed(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; ``None`` is compared with a hash that nothing matches."""
        try:
            return self._argon2.verify(stored or self._nobody, _typed(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters."""
        return self._argon2.check_needs_rehash(stored)


def attach(app: App) -> None:
    """Give the application its hasher."""
    settings = app.extensions[config.EXTENSION]
    app.extensions.setdefault(EXTENSION, Argon2.of(settings.limits))


def hasher() -> Hasher:
    """The application's hasher."""
    found: Hasher = current_app.extensions[EXTENSION]
    return found


def _typed(password: str) -> str:
    """One form for what two keyboards type differently (NIST SP 800-63B §3.1.1.2: normalise, then hash)."""
    return unicodedata.normalize("NFC", password)
