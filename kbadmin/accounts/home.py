"""Home: what is set up, what comes next, and the doors this person may open.

Rooms above say what there is to set up with :func:`set_up_with`, what comes by itself with :func:`coming_with`, how
much there is of something with :func:`figures_with`, and where to go with :func:`quick_link`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import navigation, notices
from kbadmin.access import Permission, requires

blueprint = Blueprint("home", __name__)

navigation.in_main_menu(navigation.Place("Home", "home.index", "home", Permission.MEMBER, order=10))


@dataclass(frozen=True)
class SetUpStep:
    """One thing an account needs: whether it is there, a sentence, and the page where it is done."""

    label: str
    is_done: bool
    text: str
    action: str
    endpoint: str


@dataclass(frozen=True)
class Coming:
    """Something that will happen by itself: what it is of, when and what in words, and the page about it."""

    label: str
    text: str
    url: str


@dataclass(frozen=True)
class Figure:
    """How many there are of something, in words, and the page that shows them. ``kind`` is a colour, as of a state."""

    label: str
    words: str
    url: str
    kind: str
    icon: str
    hint: str = ""
    key: str = ""


@dataclass(frozen=True)
class QuickLink:
    """A page worth a card on Home."""

    label: str
    text: str
    endpoint: str
    icon: str
    permission: Permission
    order: int


@dataclass(frozen=True)
class _Asked:
    step: Callable[[], SetUpStep]
    permission: Permission
    order: int


SET_UP: list[_Asked] = []
COMING: list[tuple[Callable[[], list[Coming]], Permission]] = []
FIGURES: list[tuple[Callable[[], list[Figure]], Permission]] = []
LINKS: list[QuickLink] = []


def set_up_with(step: Callable[[], SetUpStep], *, permission: Permission, order: int) -> None:
    """A room says what it needs. ``step`` runs when somebody with the permission opens Home."""
    SET_UP.append(_Asked(step, permission, order))


def coming_with(find: Callable[[], list[Coming]], *, permission: Permission) -> None:
    """A room says what comes next. ``find`` runs when somebody with the permission opens Home."""
    COMING.append((find, permission))


def figures_with(find: Callable[[], list[Figure]], *, permission: Permission) -> None:
    """A room says how much it has done and has to do. ``find`` runs when somebody with the permission opens Home."""
    FIGURES.append((find, permission))


def quick_link(link: QuickLink) -> None:
    """A room offers a page to those who may open it."""
    LINKS.append(link)


@blueprint.get("/")
@requires(Permission.MEMBER)
def index() -> ResponseReturnValue:
    """What needs attention, what was sent, what is set up and what is missing, then where to go."""
    asked = sorted(SET_UP, key=lambda asked: asked.order)
    steps = [asked.step() for asked in asked if current_user.may(asked.permission)]
    links = [link for link in sorted(LINKS, key=lambda link: link.order) if current_user.may(link.permission)]
    return render_template(
        "home/index.html",
        notices=notices.found(),
        steps=steps,
        coming=[line for find, permission in COMING if current_user.may(permission) for line in find()],
        figures=[one for find, permission in FIGURES if current_user.may(permission) for one in find()],
        links=links,
        missing=[step for step in steps if not step.is_done],
    )
