"""Subscribing without being a reader, where the knowledge base is public: an address, a letter, a link, a button."""

from flask import abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.database import stop_reading
from kbadmin.portal import captcha, door
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.contents import Contents
from kbadmin.portal.subscription_forms import SubscribeForm
from kbadmin.portal.subscription_routes import remember_link
from kbadmin.portal.subscription_things import Thing, asked_for
from kbadmin.subscriptions import offers, people, requests
from kbadmin.subscriptions.requests import DeadLink, Wanted
from kbadmin.users.tries import TooManyTries

TOKEN = "confirm_subscription_token"
ASKED_FOR = "subscription_asked_for"
NOT_PASSED = "Answer the question that tells people from machines, then subscribe again."


@blueprint.route("/<string:knowledge_base>/subscribe", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def subscribe(knowledge_base: str) -> ResponseReturnValue:
    """Ask for an address; the answer is the same for every one."""
    visit = door.visit_or_leave(knowledge_base)
    thing = asked_for(Contents(visit.knowledge_base, visit.viewer), request.args)
    settings = offers.settings_if_on(visit.knowledge_base.id)
    if thing is None or settings is None or not offers.is_open_to_all(visit.knowledge_base, settings):
        abort(404)
    if visit.signed_in:
        return redirect(thing.page, 303)  # There is a button for them.
    form = SubscribeForm(offered=offers.frequencies(settings), has_shelves=thing.has_shelves)
    if not form.validate_on_submit():
        return _page(thing, form, 422 if form.errors else 200)
    if not _is_by_a_person():
        return _page(thing, form, 422, trouble=NOT_PASSED)
    if not form.is_by_machine:
        try:
            _ask(thing, form)
        except TooManyTries as error:
            return _too_many(thing, form, error)
    session[ASKED_FOR] = form.email.data
    return redirect(url_for("portal.subscription_asked_for"), 303)


@blueprint.get("/<string:knowledge_base>/subscribe/sent")
@requires(Permission.PUBLIC)
def subscription_asked_for(knowledge_base: str) -> ResponseReturnValue:
    """Look into the mailbox."""
    door.visit_or_leave(knowledge_base)
    return render_template("portal/subscription_asked_for.html", email=session.get(ASKED_FOR, "your address"))


@blueprint.get("/confirm/<token>")
@requires(Permission.PUBLIC)
def open_confirmation_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    session[TOKEN] = token[:100]  # Ours are shorter; a long one would be more than a cookie holds.
    return redirect(url_for("portal.confirm_subscription"), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def confirm_subscription() -> ResponseReturnValue:
    """Ask whether it is really them; sending the form uses the link up and subscribes."""
    there = requests.find(session.get(TOKEN, ""))
    if there is None:
        return render_template("portal/dead_confirmation_link.html"), 410
    asked, g.themed_by = there
    if request.method != "POST":
        return render_template("portal/confirm_subscription.html", email=asked.email)
    try:
        found = requests.confirm(asked.id, network_address=request.remote_addr or "")
    except DeadLink:
        return render_template("portal/dead_confirmation_link.html"), 410
    session.pop(TOKEN, None)
    remember_link(people.token_of(found))
    flash(f"You are subscribed to {g.themed_by.name}.", "success")
    return redirect(url_for("portal.linked_subscriptions"), 303)


def _is_by_a_person() -> bool:
    stop_reading()  # Whoever checks may have to ask somebody else.
    return captcha.is_passed(request.form, request.remote_addr or "")


def _ask(thing: Thing, form: SubscribeForm) -> None:
    wanted = Wanted(thing.target, thing.category_id, thing.article_id, form.takes_shelves, form.chosen)
    requests.ask(
        g.visit.knowledge_base.id, wanted, email=form.email.data or "", network_address=request.remote_addr or ""
    )


def _page(thing: Thing, form: SubscribeForm, status: int, *, trouble: str | None = None) -> tuple[str, int]:
    page = render_template("portal/subscribe.html", thing=thing, form=form, trouble=trouble, captcha=captcha.widget())
    return page, status


def _too_many(thing: Thing, form: SubscribeForm, error: TooManyTries) -> ResponseReturnValue:
    trouble = f"Too many addresses were entered lately. Wait {error.wait_minutes} min, then try again."
    return *_page(thing, form, 429, trouble=trouble), {"Retry-After": str(error.wait_seconds)}
