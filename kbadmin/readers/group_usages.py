"""What is restricted to a group; rooms above say so, without this room knowing them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """A category or article that is restricted to the group."""

    label: str
    url: str


class GroupInUse(RuntimeError):
    """Something is restricted to the group, so it cannot be deleted; ``usages`` says what, as far as it is known."""

    def __init__(self, usages: list["Usage"]) -> None:
        super().__init__("something is restricted to the group")
        self.usages = usages


USAGE_FINDERS: list[Callable[[uuid.UUID], list[Usage]]] = []


def report_usages_with(finder: Callable[[uuid.UUID], list[Usage]]) -> None:
    """A room above says what it has restricted to a group."""
    USAGE_FINDERS.append(finder)


def usages(group_id: uuid.UUID) -> list[Usage]:
    """Everything that is restricted to the group."""
    return [usage for finder in USAGE_FINDERS for usage in finder(group_id)]
