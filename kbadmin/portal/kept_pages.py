"""Pages of the portal that are answered from memory, a small part of each process (``KBADMIN_PAGE_CACHE_MIB``).

What may be wrong is asked anew at each request (:mod:`kbadmin.portal.doorsteps`): whether the knowledge base is there
under this address and open to whoever asks, who that is, their groups, and the **content version**, another one after
every change of what is shown. A kept page is answered to those only for whom the very same page would be made again:

- at the same address, without a question mark, since what follows one could be anything;
- to strangers, or to readers with the same groups, each page apart (a reader's page has a menu);
- for the same content version, and until something changes by time alone: a callout ends, a planned article appears;
- with its personal parts put in (:mod:`kbadmin.portal.personal`); never with a message of what was just done.

A page is kept under what it was *made* from: the version that was read before anything else of it, and the groups that
decided. Whoever changes something meanwhile makes a new version, under which nobody looks for this page.
"""

import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, current_app, g, request, session
from werkzeug.http import generate_etag

from kbadmin import clock, headers, page_memory
from kbadmin.articles.visibility import STRANGER, Viewer, changes_by_itself_at
from kbadmin.knowledge_bases.models import Front
from kbadmin.page_memory import PageMemory
from kbadmin.portal import doorsteps
from kbadmin.portal.personal import Cut
from kbadmin.portal.principal import COOKIE
from kbadmin.portal.subscription_offers import Offered, bar_for, is_open_to
from kbadmin.tenancy import enter

SECONDS = 60  # that browsers and proxies may keep a stranger's page
View = TypeVar("View", bound=Callable[..., Any])
_STAMP = "kbadmin_kept_page"
_FLASHES = "_flashes"  # where Flask keeps messages for the next page


@dataclass(frozen=True)
class KeptPage:
    """A page as it was made, and how long it stays right. ``offered`` is what a reader may subscribe to there."""

    cut: Cut
    etag: str
    offered: Offered | None
    content_version: uuid.UUID
    made_at: datetime
    until: datetime | None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.cut.size

    def is_right(self, content_version: uuid.UUID, now: datetime) -> bool:
        """Whether the same page would be made now."""
        is_in_time = self.made_at <= now and (self.until is None or now < self.until)
        return self.content_version == content_version and is_in_time


def may_be_kept(view: View) -> View:
    """Stamp a view whose pages depend on nothing but what the head of this module lists."""
    setattr(view, _STAMP, True)
    return view


def answer() -> Response | None:
    """The page that was asked for, if it is kept and right for whoever asks."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not hasattr(view, _STAMP) or request.query_string or not _memory().most:
        return None
    g.page_begun_at = clock.now()
    names, token = {"account": g.account_slug} | (request.view_args or {}), COOKIE.token_of(request)
    is_readable = "".join(names.values()).isprintable()  # PostgreSQL takes no NUL, not even to find nothing.
    doorstep = doorsteps.find(names["account"], names["knowledge_base"], token) if is_readable else None
    if doorstep is None:
        return None
    g.doorstep, caller = doorstep, doorstep.caller
    viewer = caller.viewer if caller else STRANGER
    if not viewer.may_enter(doorstep) or (caller and _FLASHES in session):
        return None
    key = _key(doorstep, viewer, has_offer=is_open_to(viewer, doorstep, doorstep))
    found = _memory().get(key)
    if found is None or not found.is_right(doorstep.content_version, g.page_begun_at):
        return None
    if caller is None:
        return for_strangers(found.cut, found.etag)
    bar = ""
    if found.offered:
        enter(doorstep.account_id)
        g.inside = doorstep.slug
        bar = bar_for(found.offered, doorstep, viewer)
    return for_a_reader(found.cut, name=caller.name, bar=bar)


def made(html: str, *, offered: Offered | None, has_flashes: bool) -> Response:
    """The answer with a page that was made for this visit; it is kept if it may be."""
    visit, cut = g.visit, Cut.from_html(html)
    etag = generate_etag(html.encode())
    if "page_begun_at" in g and not has_flashes:
        base, viewer, begun_at = visit.knowledge_base, visit.viewer, g.page_begun_at
        until = changes_by_itself_at(base, after=begun_at)
        page = KeptPage(cut, etag, offered, base.content_version, begun_at, until)
        _memory().put(_key(base, viewer, has_offer=offered is not None), page)
    if visit.signed_in is None:
        return for_strangers(cut, etag)
    bar = bar_for(offered, visit.knowledge_base, visit.viewer)
    return for_a_reader(cut, name=visit.signed_in.name, bar=bar)


def has_flashes() -> bool:
    """Whether there are messages for the next page; asked before they are shown."""
    return _FLASHES in session


def for_strangers(cut: Cut, etag: str) -> Response:
    """Strangers' pages are the same for all of them, and may be kept by whoever brings them."""
    response = Response(b"".join(cut.pieces), mimetype="text/html")
    headers.allow_caching(seconds=SECONDS)
    response.headers["Vary"] = "Cookie"
    response.set_etag(etag)
    if "If-None-Match" in request.headers:
        response.make_conditional(request)
    return response


def for_a_reader(cut: Cut, *, name: str, bar: str) -> Response:
    """A page with what is the reader's own; kept by nobody else."""
    headers.keep_private()
    return Response(cut.filled(name=name, bar=bar), mimetype="text/html")


def _key(base: Front, viewer: Viewer, *, has_offer: bool) -> Hashable:
    """Who gets the same page at the same address."""
    groups = viewer.belongs(base).groups
    return "portal", request.script_root, request.path, base.id, viewer.reader_id is not None, groups, has_offer


def _memory() -> PageMemory[KeptPage]:
    return page_memory.of(current_app)
