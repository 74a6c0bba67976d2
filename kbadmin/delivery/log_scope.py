"""What of the delivery log a person may see: owners everything, others the mail of knowledge bases they look after."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kbadmin.access import Permission

Names = Mapping[uuid.UUID, str]

READABLE: list[Callable[[], Names]] = []


@dataclass(frozen=True)
class Scope:
    """``within`` is none for everything. Servers' replies and services' reasons are for owners."""

    within: frozenset[uuid.UUID] | None
    knowledge_bases: Names
    shows_replies: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that this person could ever see."""
        return self.within is not None and not self.within


def knowledge_bases_with(names: Callable[[], Names]) -> None:
    """The room of knowledge bases says which of them whoever is signed in looks after, by id and name."""
    READABLE.append(names)


def scope_of(person: Any) -> Scope:
    """What whoever is signed in may see."""
    names = {found: name for ask in READABLE for found, name in ask().items()}
    sees_everything = person.may(Permission.MANAGE_DELIVERIES)
    return Scope(None if sees_everything else frozenset(names), names, shows_replies=sees_everything)
