"""Secrets as attributes of a row: ``password = Sealed(destination)`` over a text column ``password_sealed``.

Assigning a :class:`~kbadmin.encryption.Secret` seals it for this row and destination; reading opens it. The list of
all such columns (:data:`SEALED`) is what key rotation and verification walk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app

from kbadmin.encryption import KeyRing, Place, Secret

EXTENSION = "kbadmin.keys"


def ring() -> KeyRing:
    """The application's key ring."""
    found: KeyRing = current_app.extensions[EXTENSION]
    return found


class Sealed:
    """A secret attribute of a model. Its column is named ``<attribute>_sealed`` and declared beside it."""

    def __init__(self, destination: Callable[[Any], str], *, purpose: str) -> None:
        self.destination = destination
        self.purpose = purpose

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name
        self.column = f"{name}_sealed"
        SEALED.append(SealedColumn(owner, self))

    def __get__(self, row: Any, owner: type[Any] | None = None) -> Any:
        if row is None:
            return self
        envelope = getattr(row, self.column)
        if envelope is None:
            return None
        return ring().open(envelope, purpose=self.purpose, place=self.place(row))

    def __set__(self, row: Any, secret: Secret | None) -> None:
        sealed = None if secret is None else ring().seal(secret, purpose=self.purpose, place=self.place(row))
        setattr(row, self.column, sealed)

    def place(self, row: Any) -> Place:
        """Where the value lives now and whom it is for; another place does not open it."""
        identity = getattr(row, getattr(row, "identity", "id"))
        if identity is None or row.account_id is None:
            raise ValueError(f"a {type(row).__name__} needs its id and its account before a secret is sealed for it")
        return Place(
            table=row.__tablename__,
            column=self.column,
            account=str(row.account_id),
            row=str(identity),
            destination=self.destination(row),
        )


@dataclass(frozen=True)
class SealedColumn:
    """One column that holds envelopes, for rotation and verification."""

    model: type[Any]
    attribute: Sealed


SEALED: list[SealedColumn] = []
