"""Where an account's services are chosen; rooms above say so, without this room knowing them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """A place where a service is chosen."""

    label: str
    url: str


class ServiceInUse(RuntimeError):
    """The service is chosen somewhere and cannot be deleted; ``usages`` says where."""

    def __init__(self, usages: list["Usage"]) -> None:
        super().__init__("the service is in use")
        self.usages = usages


USAGE_FINDERS: list[Callable[[uuid.UUID], list[Usage]]] = []


def report_usages_with(finder: Callable[[uuid.UUID], list[Usage]]) -> None:
    """Rooms above say where a service is chosen, without this room knowing them."""
    USAGE_FINDERS.append(finder)


def usages(service_id: uuid.UUID) -> list[Usage]:
    """Every place where the service is chosen."""
    return [usage for finder in USAGE_FINDERS for usage in finder(service_id)]
