"""The tabs over the pages of this room; its other modules, and rooms above, add theirs."""

from dataclasses import dataclass, replace

from kbadmin import navigation
from kbadmin.navigation import Entry, address_of, is_lit


@dataclass(frozen=True)
class Tab:
    """A page of the room. ``lit`` names further endpoints that belong to it."""

    label: str
    endpoint: str
    icon: str
    order: int
    lit: tuple[str, ...] = ()


TABS: list[Tab] = []


def add(tab: Tab) -> None:
    """Declare a tab."""
    navigation.declare(TABS, tab)


def light(endpoint: str, further: tuple[str, ...]) -> None:
    """Further endpoints belong to a tab that is there already."""
    TABS[:] = [replace(tab, lit=(*tab.lit, *further)) if tab.endpoint == endpoint else tab for tab in TABS]


def drawn() -> tuple[Entry, ...]:
    """All of them; whoever manages readers may open each."""
    return tuple(Entry(tab.label, address_of(tab.endpoint), tab.icon, is_lit(tab)) for tab in TABS)
