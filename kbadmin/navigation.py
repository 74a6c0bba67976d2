"""The menus: who sees which entry, and which one is lit. Rooms register their entries; layouts only draw them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask import Flask, request, url_for
from flask_login import current_user

from kbadmin.access import Permission


class Entry(NamedTuple):
    """One entry of a menu, or a tab over some pages, as it is drawn."""

    label: str
    url: str
    icon: str
    is_current: bool


@dataclass(frozen=True)
class Place:
    """An entry as a room declares it. ``order`` sorts; ``lit`` names endpoints, or blueprints with a dot at the end."""

    label: str
    endpoint: str
    icon: str
    permission: Permission
    order: int
    lit: tuple[str, ...] = ()
    shown: Callable[[], bool] = field(default=lambda: True)


@dataclass
class Menus:
    """What the rooms declared."""

    main: list[Place] = field(default_factory=list)
    profile: list[Place] = field(default_factory=list)


MENUS = Menus()


def attach(app: Flask) -> None:
    """Give the templates their menus."""
    app.jinja_env.globals.update(main_menu=lambda: _drawn(MENUS.main), profile_menu=lambda: _drawn(MENUS.profile))


def in_main_menu(place: Place) -> None:
    """Declare an entry of the bar on top."""
    declare(MENUS.main, place)


def in_profile_menu(place: Place) -> None:
    """Declare an entry of the menu upper right."""
    declare(MENUS.profile, place)


def declare(entries: list[Any], entry: Any) -> None:
    """Put an entry in its place, instead of one of the same endpoint."""
    entries[:] = sorted([one for one in entries if one.endpoint != entry.endpoint] + [entry], key=lambda e: e.order)


def address_of(endpoint: str) -> str:
    """The address of a page without parameters, as ``url_for`` says it; menus and tabs ask for the same few all day."""
    return _address(request.script_root, endpoint)


@functools.lru_cache(maxsize=256)
def _address(_below: str, endpoint: str) -> str:
    return url_for(endpoint)


def _drawn(menu: list[Place]) -> tuple[Entry, ...]:
    person = current_user._get_current_object()
    return tuple(
        Entry(place.label, address_of(place.endpoint), place.icon, is_lit(place))
        for place in menu
        if person.may(place.permission) and place.shown()
    )


def is_lit(entry: Any) -> bool:
    """Whether the page of this request belongs to an entry, which has an ``endpoint`` and ``lit`` as :class:`Place`."""
    here = request.endpoint or ""
    return here == entry.endpoint or here in entry.lit or any(here.startswith(p) for p in entry.lit if p.endswith("."))
