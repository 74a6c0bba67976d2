"""Signing up: ask, look into the mailbox, choose a password, and perhaps wait to be let in.

Where it is closed these pages do not exist. A link's token is moved out of the address at once, and opening the link
changes nothing. By an old address of what is not public only a good link leads on: who has it, has been written to.
"""

from flask import abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.knowledge_bases.models import KnowledgeBase, SignUp
from kbadmin.portal import door
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.forms import SignUpForm
from kbadmin.portal.sign_in_routes import let_in
from kbadmin.readers import email_settings, sign_ups
from kbadmin.readers.sign_ups import DeadLink
from kbadmin.users.forms import SetPasswordForm
from kbadmin.users.password_rules import words_of
from kbadmin.users.tries import TooManyTries

TOKEN = "reader_sign_up_token"
ASKED_FOR = "reader_sign_up_asked_for"


@blueprint.route("/<string:knowledge_base>/sign-up", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def sign_up(knowledge_base: str) -> ResponseReturnValue:
    """Ask for name and address; the same answer for every address that may sign up."""
    found = _open_or_leave(knowledge_base)
    if door.signed_in_to(found) is not None:
        return redirect(url_for("portal.home", knowledge_base=found.slug), 303)
    form = SignUpForm(domains=sign_ups.domains_of(found))
    if email_settings.way(found.id) is None:
        return _page("sign_up_without_mail", found)
    if not form.validate_on_submit():
        return _page("sign_up", found, form=form, trouble=None), 422 if form.errors else 200
    session[ASKED_FOR] = form.email.data
    if not form.is_by_machine:
        try:
            sign_ups.ask(found.id, form.details, network_address=request.remote_addr or "")
        except TooManyTries as error:
            return _too_many(knowledge_base, form, error)
    return redirect(url_for("portal.sign_up_asked_for", knowledge_base=knowledge_base), 303)


@blueprint.get("/<string:knowledge_base>/sign-up/sent")
@requires(Permission.PUBLIC)
def sign_up_asked_for(knowledge_base: str) -> ResponseReturnValue:
    """Look into the mailbox."""
    found = _open_or_leave(knowledge_base)
    return _page("sign_up_asked_for", found, email=session.get(ASKED_FOR, "your address"))


@blueprint.get("/<string:knowledge_base>/sign-up/confirm/<token>")
@requires(Permission.PUBLIC)
def open_sign_up_link(knowledge_base: str, token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    session[TOKEN] = token[:100]  # Ours are shorter; a long one would be more than a cookie holds.
    return redirect(url_for("portal.finish_sign_up", knowledge_base=knowledge_base), 303)


@blueprint.route("/<string:knowledge_base>/sign-up/confirm", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def finish_sign_up(knowledge_base: str) -> ResponseReturnValue:
    """Ask for a password; sending it uses the link up."""
    here, token = _open(knowledge_base), session.get(TOKEN, "")
    found = sign_ups.find_link(token, here)
    if found is None:
        return _dead_link(knowledge_base)
    g.themed_by = here
    form, typed = SetPasswordForm(), found[1]
    name = f"{typed.first_name} {typed.last_name}"
    form.known_words = words_of(email=typed.email, name=name, account_names=[g.account.name])
    if not form.validate_on_submit():
        return _page("finish_sign_up", here, form=form, email=typed.email), 422 if form.errors else 200
    try:
        opened = sign_ups.finish(token, here, form.new_password.data or "", network_address=request.remote_addr or "")
    except DeadLink:
        return _dead_link(knowledge_base)
    session.pop(TOKEN, None)
    if opened is None:
        return redirect(url_for("portal.sign_up_waits", knowledge_base=here.slug), 303)
    flash("Your address is confirmed, and you are signed in.", "success")
    return let_in(opened, target=url_for("portal.home", knowledge_base=here.slug))


@blueprint.get("/<string:knowledge_base>/sign-up/waits")
@requires(Permission.PUBLIC)
def sign_up_waits(knowledge_base: str) -> ResponseReturnValue:
    """Somebody will let them in."""
    return _page("sign_up_waits", _open_or_leave(knowledge_base))


def _open(slug: str) -> KnowledgeBase:
    """The knowledge base, if people may sign up for it."""
    found = door.open_one(slug)
    if found is None or found.sign_up == SignUp.CLOSED:
        abort(404)
    return found


def _open_or_leave(slug: str) -> KnowledgeBase:
    """The same, in its looks; an old address leads on to the newest, or to where its front page leads."""
    found = _open(slug)
    if not door.is_told(found, slug):
        abort(redirect(url_for("portal.home", knowledge_base=slug), 303))
    if found.slug != slug:
        door.lead_on(found)
    g.themed_by = found
    return found


def _dead_link(slug: str) -> tuple[str, int]:
    found = _open(slug)
    g.themed_by = found if door.is_told(found, slug) else None
    return _page("dead_sign_up_link", found, slug=slug), 410


def _page(name: str, knowledge_base: KnowledgeBase, **values: object) -> str:
    return render_template(f"portal/{name}.html", knowledge_base=knowledge_base, **values)


def _too_many(slug: str, form: SignUpForm, error: TooManyTries) -> ResponseReturnValue:
    trouble = f"Too many people have signed up from here lately. Try again in {error.wait_words}."
    page = _page("sign_up", _open_or_leave(slug), form=form, trouble=trouble)
    return page, 429, {"Retry-After": str(error.wait_seconds)}
