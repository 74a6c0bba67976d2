"""What needs attention: rooms say what, the bell on every page counts it, and /notices lists it.

A room gives its count as a query, so that the bell of a page costs one statement however many rooms ask for attention.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, select

from kbadmin.access import Permission, requires
from kbadmin.prepared import Prepared

blueprint = Blueprint("notices", __name__)


@dataclass(frozen=True)
class Notice:
    """One thing that somebody should look at: a word with its kind and icon, sentences, and the page that helps."""

    title: str
    word: str
    kind: str  # danger, warning or info
    icon: str
    text: str
    action: str
    url: str
    who: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class _Asked:
    find: Callable[[], list[Notice]]
    counted: Callable[[], Select[int]]
    values: Callable[[], Mapping[str, Any]]
    permission: Permission


NOTICES: list[_Asked] = []


def attach(app: Flask) -> None:
    """Give the layout its bell."""
    app.jinja_env.globals.update(notices_waiting=waiting)


def notice_with(
    find: Callable[[], list[Notice]],
    *,
    counted: Callable[[], Select[int]],
    values: Callable[[], Mapping[str, Any]] = dict,
    permission: Permission,
) -> None:
    """A room says what needs attention. ``counted`` answers a query for how many that is, without finding them.

    The query is always the same; what changes from one request to the next are named parameters, in ``values``.
    """
    NOTICES.append(_Asked(find, counted, values, permission))


def found() -> list[Notice]:
    """Everything that whoever looks may see, the worst first."""
    notices = [notice for asked in NOTICES if current_user.may(asked.permission) for notice in asked.find()]
    return sorted(notices, key=lambda notice: notice.kind != "danger")


def waiting() -> int | None:
    """How many there are, in one query; none for people who may see none."""
    mine = tuple(asked for asked in NOTICES if current_user.may(asked.permission))
    if not mine:
        return None
    values = {name: value for asked in mine for name, value in asked.values().items()}
    return _count_of(mine).scalar(**values) or 0


@functools.cache
def _count_of(all_asked: tuple[_Asked, ...]) -> Prepared:
    """One statement for each set of rooms that somebody may hear from."""
    return Prepared(
        lambda: select(functools.reduce(operator.add, [asked.counted().scalar_subquery() for asked in all_asked]))
    )


@blueprint.get("/notices")
@requires(Permission.MEMBER)
def index() -> ResponseReturnValue:
    """What needs attention."""
    return render_template("notices/index.html", notices=found())
