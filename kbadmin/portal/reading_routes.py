"""Reading: the front page of a knowledge base, its categories and articles, search, pictures."""

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.articles import callouts
from kbadmin.articles.pictures import may_see
from kbadmin.knowledge_bases import pictures
from kbadmin.portal import door, looks, search
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.contents import Contents
from kbadmin.portal.kept_pages import may_be_kept
from kbadmin.portal.subscription_offers import offered
from kbadmin.portal.subscription_things import everything, of_article, of_shelf


@blueprint.get("")
@requires(Permission.PUBLIC)
def index() -> ResponseReturnValue:
    """The knowledge bases of the account that one may enter; the only one opens by itself."""
    found = door.enterable()
    if len(found) == 1:
        return redirect(url_for("portal.home", knowledge_base=found[0].slug), 303)
    if not found and door.whoever_is_signed_in() is None:
        return redirect(url_for("portal.sign_in"), 303)
    return render_template("portal/index.html", knowledge_bases=found, signed_in=door.whoever_is_signed_in())


@blueprint.get("/<string:knowledge_base>")
@requires(Permission.PUBLIC)
@may_be_kept
def home(knowledge_base: str) -> ResponseReturnValue:
    """Categories and articles at the top, and what is new."""
    contents = _contents_or_leave(knowledge_base)
    listed = contents.listed(None, after=_after())
    return looks.page(
        "portal/home.html",
        contents=contents,
        listed=listed,
        fresh=contents.fresh(),
        day_of=_day_of,
        offered=offered(everything(contents)),
    )


@blueprint.get("/<string:knowledge_base>/categories/<string:slug>")
@requires(Permission.PUBLIC)
@may_be_kept
def category(knowledge_base: str, slug: str) -> ResponseReturnValue:
    """What stands in one category."""
    contents = _contents_or_leave(knowledge_base)
    shelf = contents.shelf(slug)
    if shelf is None:
        abort(404)
    listed, way = contents.listed(shelf.id, after=_after()), contents.way_to(shelf.id)
    offer = offered(of_shelf(shelf), way)
    return looks.page("portal/category.html", contents=contents, shelf=shelf, way=way, listed=listed, offered=offer)


@blueprint.get("/<string:knowledge_base>/articles/<string:slug>")
@requires(Permission.PUBLIC)
@may_be_kept
def article(knowledge_base: str, slug: str) -> ResponseReturnValue:
    """One article, with the way to it and its neighbours."""
    contents = _contents_or_leave(knowledge_base)
    found = contents.article(slug)
    if found is None:
        abort(404)
    before, after = contents.beside(found)
    way = contents.way_to(found.category_id)
    return looks.page(
        "portal/article.html",
        contents=contents,
        article=found,
        text=looks.text_of(found),
        callout=callouts.current(found),
        way=way,
        offered=offered(of_article(found), way),
        before=before,
        after=after,
        day_of=_day_of,
    )


@blueprint.get("/<string:knowledge_base>/search", endpoint="search")
@requires(Permission.PUBLIC)
def search_page(knowledge_base: str) -> ResponseReturnValue:
    """The articles in which all the words stand."""
    contents, asked = _contents_or_leave(knowledge_base), search.question(request.args.get("q", ""))
    hits = search.found(contents, asked)
    return looks.page("portal/search.html", contents=contents, asked=asked, hits=hits, most=search.MOST_FOUND)


@blueprint.get("/<string:knowledge_base>/images/<uuid:image_id>")
@requires(Permission.PUBLIC)
def image(knowledge_base: str, image_id: uuid.UUID) -> ResponseReturnValue:
    """A picture, for those who may read an article that shows it."""
    visit, kept = door.visit_or_leave(knowledge_base), pictures.find(image_id)
    if kept is None or kept.knowledge_base_id != visit.knowledge_base.id:
        abort(404)
    if not may_see(visit.knowledge_base, visit.viewer, image_id, slug=_asked_from()):
        abort(404)
    return looks.picture(kept, is_private=visit.signed_in is not None)


@blueprint.get("/<string:knowledge_base>/theme")
@requires(Permission.PUBLIC)
def theme(knowledge_base: str) -> ResponseReturnValue:
    """The colour of a knowledge base, for its sign-in page, too."""
    found = door.open_one(knowledge_base)
    if found is None or not door.is_told(found, knowledge_base):
        abort(404)
    return looks.style_sheet(found)


@blueprint.get("/<string:knowledge_base>/logo")
@requires(Permission.PUBLIC)
def logo(knowledge_base: str) -> ResponseReturnValue:
    """The logo of a knowledge base, for its sign-in page, too."""
    found = door.open_one(knowledge_base)
    if found is None or not door.is_told(found, knowledge_base):
        abort(404)
    kept = pictures.find(found.logo_id) if found.logo_id else None
    if kept is None:
        abort(404)
    return looks.picture(kept)


def _contents_or_leave(slug: str) -> Contents:
    visit = door.visit_or_leave(slug)
    return Contents(visit.knowledge_base, visit.viewer)


def _asked_from() -> str:
    """The article on whose page the picture stands, as the address says."""
    slug = request.args.get("article", "")
    return slug if slug.isprintable() else ""


def _after() -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get("after", ""))
    except ValueError:
        return None


def _day_of(moment: datetime) -> datetime:
    """A moment in the zone of the knowledge base, for the day it falls on there."""
    return moment.astimezone(ZoneInfo(g.visit.knowledge_base.time_zone))
