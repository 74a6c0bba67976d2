"""The menus: who sees which entry, and which one is lit. Rooms register their entries; layouts only draw them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from flask import Flask, request, url_for
from flask_login import current_user

from kbadmin.access import Permission


class Entry(NamedTuple):
    """One entry of a menu as a layout draws it."""

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
    _declare(MENUS.main, place)


def in_profile_menu(place: Place) -> None:
    """Declare an entry of the menu upper right."""
    _declare(MENUS.profile, place)


def _declare(menu: list[Place], place: Place) -> None:
    menu[:] = sorted([other for other in menu if other.endpoint != place.endpoint] + [place], key=lambda p: p.order)


def address_of(endpoint: str) -> str:
    """The address of a page without parameters, as ``url_for`` says it; menus and tabs ask for the same few all day."""
    return _address(request.script_root, endpoint)


@functools.lru_cache(maxsize=256)
def _address(_below: str, endpoint: str) -> str:
    return url_for(endpoint)


def _drawn(menu: list[Place]) -> tuple[Entry, ...]:
    person = current_user._get_current_object()
    return tuple(
        Entry(place.label, address_of(place.endpoint), place.icon, _is_lit(place))
        for place in menu
        if person.may(place.permission) and place.shown()
    )


def _is_lit(place: Place) -> bool:
    here = request.endpoint or ""
    return here == place.endpoint or here in place.lit or any(here.startswith(p) for p in place.lit if p.endswith("."))
