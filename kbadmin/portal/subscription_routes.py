"""Subscribing where one reads, and managing subscriptions: signed in, or by the link in an e-mail.

The link's token is moved out of the address at once and kept for an hour in this browser. It opens this page and no
other; what may not be read by its owner now is not named on it.
"""

from flask import Response, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kbadmin import clock
from kbadmin.access import Permission, requires
from kbadmin.articles.visibility import STRANGER, Viewer, viewer_of
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.portal import door, subscription_deeds
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.contents import Contents
from kbadmin.portal.door import Visit
from kbadmin.portal.principal import SignedInReader
from kbadmin.portal.subscription_deeds import Desk
from kbadmin.portal.subscription_things import asked_for
from kbadmin.readers.models import Reader
from kbadmin.readers.passwords import actor_of
from kbadmin.subscriptions import offers, subscribing
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Source, Subscriber

LINK = "subscriptions_link"
LINK_SECONDS = 60 * 60


@blueprint.post("/<string:knowledge_base>/subscriptions/new")
@requires(Permission.PUBLIC)
def subscribe_here(knowledge_base: str) -> ResponseReturnValue:
    """A reader presses Subscribe on the page of a thing."""
    visit, signed_in = _reader_here(knowledge_base)
    thing = asked_for(Contents(visit.knowledge_base, visit.viewer), request.form)
    if thing is None or offers.settings_if_on(visit.knowledge_base.id) is None:
        abort(404)
    subscribing.subscribe(
        visit.knowledge_base,
        reader=signed_in.reader,
        target=thing.target,
        category_id=thing.category_id,
        article_id=thing.article_id,
        with_subcategories="with_subcategories" in request.form or not thing.has_shelves,
        source=Source.PORTAL,
        by=actor_of(signed_in.reader, signed_in.network_address),
    )
    flash(f"You are subscribed to {thing.title}.", "success")
    return redirect(thing.page, 303)


@blueprint.route("/<string:knowledge_base>/subscriptions", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def subscriptions(knowledge_base: str) -> ResponseReturnValue:
    """What a reader who is signed in subscribes to, how often they hear, and the end of it."""
    visit, signed_in = _reader_here(knowledge_base)
    if offers.settings_if_on(visit.knowledge_base.id) is None:
        abort(404)
    desk = Desk(
        visit.knowledge_base,
        subscribing.find_reader(visit.knowledge_base.id, signed_in.reader.id),
        visit.viewer,
        by=actor_of(signed_in.reader, signed_in.network_address),
        email=signed_in.reader.email,
        page=url_for("portal.subscriptions"),
    )
    return _managed(desk)


@blueprint.get("/subscriptions/<token>")
@requires(Permission.PUBLIC)
def open_subscriptions_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    remember_link(token)
    return redirect(url_for("portal.linked_subscriptions"), 303)


@blueprint.route("/subscriptions", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def linked_subscriptions() -> ResponseReturnValue:
    """The same for whoever holds the link that is in each of their e-mails."""
    token, opened_at = session.get(LINK, ["", 0])
    is_fresh = clock.now().timestamp() - opened_at < LINK_SECONDS
    found = subscribing.find_by_token(token) if is_fresh else None
    knowledge_base = knowledge_bases.find(found.knowledge_base_id) if found else None
    if found is None or knowledge_base is None or knowledge_base.is_archived:
        return render_template("portal/dead_subscriptions_link.html"), 410
    g.themed_by = knowledge_base
    return _managed(_desk_of(found, knowledge_base))


def remember_link(token: str) -> None:
    """Let this browser look after the subscriptions of whoever owns the token, for an hour."""
    session[LINK] = [token[:100], clock.now().timestamp()]  # Ours are shorter; a cookie does not hold everything.


def _reader_here(slug: str) -> tuple[Visit, SignedInReader]:
    visit = door.visit_or_leave(slug)
    signed_in = door.signed_in_to(visit.knowledge_base)
    if signed_in is None:
        back = url_for("portal.subscriptions" if request.method == "GET" else "portal.home")
        abort(redirect(url_for("portal.sign_in", next=back), 303))
    return visit, signed_in


def _desk_of(found: KnowledgeBaseSubscriber, knowledge_base: KnowledgeBase) -> Desk:
    person = db.session.get_one(Subscriber, found.subscriber_id)
    reader = db.session.get(Reader, person.reader_id) if person.reader_id else None
    viewer: Viewer = viewer_of(reader) if reader else STRANGER
    by = Actor(None, f"{person.email} (by link)"[:254], request.remote_addr or "")
    page = url_for("portal.linked_subscriptions")
    return Desk(knowledge_base, found, viewer, by=by, email=person.email, page=page)


def _managed(desk: Desk) -> ResponseReturnValue:
    form = subscription_deeds.frequency_form(desk)
    if request.method == "POST":
        said = subscription_deeds.do(desk, request.form.get("deed", ""), form)
        if said is not None:
            flash(said, "success")
            return redirect(desk.page, 303)
    page = render_template("portal/subscriptions.html", desk=desk, form=form)
    return Response(page, 422 if form.errors else 200)
