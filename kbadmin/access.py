"""Who may open which door: roles, permissions, the stamp on every view, and the seal at start.

Every view carries ``@requires(Permission.…)``. :func:`admit` runs before each request: it loads whoever is signed in
(which enters their account), and compares. :func:`seal` runs last in ``create_app``: a view without a stamp stops
the application from starting. A door without a lock cannot be hung.
"""

import uuid
from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar

from flask import Flask, Request, abort, current_app, flash, redirect, request, url_for
from flask_login import AnonymousUserMixin, LoginManager, current_user
from werkzeug.wrappers import Response

View = TypeVar("View", bound=Callable[..., Any])
_STAMP = "kbadmin_permission"

login_manager = LoginManager()


class Role(StrEnum):
    """What a person is in an account; ``NONE`` with a grant is the IT administrator."""

    OWNER = "owner"
    EDITOR = "editor"
    WRITER = "writer"
    NONE = "none"


class Permission(StrEnum):
    """What a view asks for."""

    PUBLIC = "public"  # anybody, signed in or not
    PERSON = "person"  # signed in; an account may still have to be chosen
    MEMBER = "member"  # signed in to an account, whatever the role
    MANAGE_ACCOUNT = "manage_account"  # account settings, team, roles, audit log: owners
    MANAGE_SMTP = "manage_smtp"  # owners, and whoever was granted it
    WRITE_ARTICLES = "write_articles"  # articles and categories: owners, editors, writers
    EDIT_KNOWLEDGE_BASES = "edit_knowledge_bases"  # settings and subscriptions of knowledge bases: owners, editors
    MANAGE_READERS = "manage_readers"  # owners, and whoever was granted it
    READ_DELIVERIES = "read_deliveries"  # owners; editors, who see those of their knowledge bases
    MANAGE_DELIVERIES = "manage_deliveries"  # send again, cancel, clear an address: owners


class Principal(Protocol):
    """Whoever is signed in, as the users room knows them."""

    is_authenticated: bool
    account_id: uuid.UUID | None
    facts: Hashable  # of users: all that a page depends on that is theirs

    def may(self, permission: Permission) -> bool:
        """Whether a view that asks for this permission opens."""


class Nobody(AnonymousUserMixin):  # type: ignore[misc]
    """Whoever is not signed in."""

    account_id = None

    def may(self, permission: Permission) -> bool:
        """Public views only."""
        return permission is Permission.PUBLIC


Loader = Callable[[Request], Principal | None]


class Loaders:
    """Who recognises whom: readers of the portal below ``/kb/``, users everywhere else."""

    by_path: ClassVar[dict[str, Loader]] = {}


class Refusals:
    """Who wants to hear of refused requests; the users room writes them into the audit log."""

    listeners: ClassVar[list[Callable[[Permission], None]]] = []


def requires(permission: Permission) -> Callable[[View], View]:
    """Stamp a view with what it asks for."""

    def stamp(view: View) -> View:
        setattr(view, _STAMP, permission)
        return view

    return stamp


def load_principal_with(loader: Loader, *, below: str = "/") -> None:
    """A room says how to recognise who sends a request below this path. The longest path decides, and decides alone."""
    Loaders.by_path[below] = loader


def attach(app: Flask) -> None:
    """Give the application its doorkeeper."""
    login_manager.anonymous_user = Nobody
    login_manager.session_protection = None  # Our sessions live in the database and are checked there.
    login_manager.request_loader(_recognise)
    # Its own way to hand templates ``current_user`` looks for whoever is signed in before every page, asked or not.
    login_manager.init_app(app, add_context_processor=False)
    app.before_request(admit)


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    """The stamp of an endpoint; files under static/ are public."""
    if endpoint == "static":
        return Permission.PUBLIC
    view = app.view_functions.get(endpoint)
    found: Permission | None = getattr(view, _STAMP, None)
    return found


def admit() -> Response | None:
    """Let the request through, send it to sign in, or refuse it."""
    if request.endpoint is None:
        return None  # No such page: the 404 follows.
    permission = permission_of(current_app, request.endpoint)
    if permission is Permission.PUBLIC:
        return None
    if permission is None:
        abort(500)
    if not current_user.is_authenticated:
        return _to_sign_in()
    if not current_user.may(permission):
        if current_user.account_id is None:
            return redirect(url_for("users.choose_account"), 303)
        for listener in Refusals.listeners:
            listener(permission)
        abort(403)
    return None


def seal(app: Flask) -> None:
    """Refuse to start with a view that carries no stamp; raises RuntimeError naming it."""
    open_doors = [endpoint for endpoint in app.view_functions if permission_of(app, endpoint) is None]
    if open_doors:
        raise RuntimeError(f"views without @requires(…): {', '.join(sorted(open_doors))}")


def safe_next(target: str | None) -> str | None:
    """A path of ours to go on to, or nothing: one leading slash, no second one, no backslash, no control character."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or not target.isprintable() or "%09" in target.lower() or "%5c" in target.lower():
        return None
    return target


def _recognise(request: Request) -> Principal | None:
    place = max((path for path in Loaders.by_path if request.path.startswith(path)), key=len, default=None)
    return None if place is None else Loaders.by_path[place](request)


def _to_sign_in() -> Response:
    if request.method == "GET":
        here = request.full_path.rstrip("?")
        return redirect(url_for("users.sign_in", next=here if here != "/" else None), 303)
    flash("You were signed out. Sign in, then try that again.", "warning")
    return redirect(url_for("users.sign_in"), 303)
