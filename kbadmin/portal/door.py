"""The doors of the portal: into a knowledge base, and to the pages that are about oneself.

Whoever may not enter leaves: a stranger to the sign-in page, a reader without access to the page that says that there
is nothing, just as for a knowledge base that does not exist or is archived.
"""

from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from flask import abort, g, redirect, request, url_for
from flask_login import current_user

from kbadmin.access import safe_next
from kbadmin.articles.visibility import STRANGER, Viewer
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.portal.doorsteps import Caller
from kbadmin.portal.principal import SignedInReader
from kbadmin.readers import sessions


@dataclass(frozen=True)
class Visit:
    """A look into one knowledge base: which, and who looks."""

    knowledge_base: KnowledgeBase
    viewer: Viewer
    signed_in: SignedInReader | Caller | None


def visit_or_leave(slug: str) -> Visit:
    """Enter the knowledge base with this slug; an old slug leads on to the newest."""
    found = open_one(slug)
    if found is None:
        abort(404)
    is_known = "doorstep" in g and g.doorstep.id == found.id  # Whoever calls was looked for there.
    signed_in = g.doorstep.caller if is_known else signed_in_to(found)
    viewer = signed_in.viewer if signed_in else STRANGER
    if not viewer.may_enter(found):
        if signed_in:
            abort(404)
        # What was sent with a form is sent once more by whoever signed in; its address shows nothing.
        # The slug that was asked for, as only whoever may enter hears of the newest.
        back = _here() if request.method in ("GET", "HEAD") else url_for("portal.home", knowledge_base=slug)
        abort(redirect(url_for("portal.sign_in", next=back), 303))
    if found.slug != slug:
        lead_on(found)
    g.visit = visit = Visit(found, viewer, signed_in)
    g.inside = found.slug
    return visit


def reader_or_leave() -> SignedInReader:
    """The reader who is signed in; anybody else is sent to the sign-in page."""
    found = whoever_is_signed_in()
    if found is None:
        abort(redirect(url_for("portal.sign_in", next=_here() if request.method == "GET" else None), 303))
    return found


def whoever_is_signed_in() -> SignedInReader | None:
    """The reader who is signed in to this account."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def signed_in_to(knowledge_base: KnowledgeBase) -> SignedInReader | None:
    """The reader, as long as their session is good in this knowledge base: how long one is remembered is its choice."""
    found = whoever_is_signed_in()
    return found if found and sessions.lasts(found.session, remember_days=knowledge_base.remember_days) else None


def open_one(slug: str) -> KnowledgeBase | None:
    """The knowledge base with this slug, now or from old times, unless it is shown to nobody."""
    found = knowledge_bases.find_by_slug(slug)
    return None if found is None or found.is_archived else found


def enterable() -> list[KnowledgeBase]:
    """Those of the account that whoever asks may enter, by name."""
    return [found for found in knowledge_bases.all_of_account() if _viewer_in(found).may_enter(found)]


def target_within(text: str | None) -> str | None:
    """A page of this portal to go on to, or nothing."""
    home, target = url_for("portal.index"), safe_next(text)
    return target if target and (target == home or target.startswith(f"{home}/")) else None


def knowledge_base_at(target: str | None) -> KnowledgeBase | None:
    """The knowledge base that a page of this portal belongs to; its looks and rules hold for signing in, too."""
    slug = _slug_in(target)
    return open_one(slug) if slug else None


def themed_at(target: str | None) -> KnowledgeBase | None:
    """The same, if strangers may see its looks: what it was called since that address is for those who may enter."""
    found = knowledge_base_at(target)
    return found if found is not None and is_told(found, _slug_in(target)) else None


def is_told(knowledge_base: KnowledgeBase, slug: str) -> bool:
    """Whether strangers who came by this slug may see what it is called now, and its looks."""
    return knowledge_base.audience == Audience.PUBLIC or knowledge_base.slug == slug


def lead_on(knowledge_base: KnowledgeBase) -> NoReturn:
    """From an old address to the same page at the newest."""
    abort(redirect(_same_page_of(knowledge_base), 301))


def _slug_in(target: str | None) -> str:
    parts = urlsplit(target or "").path.split("/")
    return parts[3] if len(parts) > 3 else ""


def _viewer_in(knowledge_base: KnowledgeBase) -> Viewer:
    signed_in = signed_in_to(knowledge_base)
    return signed_in.viewer if signed_in else STRANGER


def _here() -> str:
    return request.full_path.rstrip("?")


def _same_page_of(knowledge_base: KnowledgeBase) -> str:
    values = (request.view_args or {}) | {"knowledge_base": knowledge_base.slug}
    path, asked = url_for(str(request.endpoint), **values), request.query_string.decode("ascii", "ignore")
    return f"{path}?{asked}" if asked else path
