"""The tabs over the pages of this room; its other modules, and rooms above, add theirs."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from flask import request

from kbadmin.navigation import address_of


@dataclass(frozen=True)
class Tab:
    """A page of the room. ``lit`` names further endpoints that belong to it."""

    label: str
    endpoint: str
    icon: str
    order: int
    lit: tuple[str, ...] = ()


class Drawn(NamedTuple):
    """A tab as a page shows it."""

    label: str
    url: str
    icon: str
    is_current: bool


TABS: list[Tab] = []


def add(tab: Tab) -> None:
    """Declare a tab."""
    TABS[:] = sorted([other for other in TABS if other.endpoint != tab.endpoint] + [tab], key=lambda one: one.order)


def light(endpoint: str, further: tuple[str, ...]) -> None:
    """Further endpoints belong to a tab that is there already."""
    TABS[:] = [replace(tab, lit=(*tab.lit, *further)) if tab.endpoint == endpoint else tab for tab in TABS]


def drawn() -> tuple[Drawn, ...]:
    """All of them; whoever manages readers may open each."""
    here = request.endpoint or ""
    return tuple(Drawn(tab.label, address_of(tab.endpoint), tab.icon, here in (tab.endpoint, *tab.lit)) for tab in TABS)
