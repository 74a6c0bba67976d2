"""Texts of reader e-mails: what a welcome and a reset say, for the account or one knowledge base; and its service."""

import uuid
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import headers
from kbadmin.access import Permission, requires
from kbadmin.delivery import test_runs
from kbadmin.delivery.test_runs import TestRefused
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers import email_settings, samples, tabs, wordings
from kbadmin.readers.email_settings import NotChoosable
from kbadmin.readers.template_models import TemplateKind
from kbadmin.readers.text_forms import TextForm, override_form, text_form
from kbadmin.seen import ChangedMeanwhile
from kbadmin.smtp.choosing import in_words
from kbadmin.smtp.usages import Usage, report_usages_with
from kbadmin.users.queries import is_member

blueprint = Blueprint("reader_texts", __name__, url_prefix="/readers/settings")
NAMES = {TemplateKind.WELCOME: "Welcome", TemplateKind.RESET: "Password reset"}
tabs.light("reader_emails.settings", ("reader_texts.index", "reader_texts.edit", "reader_texts.back_to_default"))


def _uses(service_id: uuid.UUID) -> list[Usage]:
    """A service is in use while a knowledge base has chosen it for its readers."""
    chosen = [found for found, own in email_settings.own_services().items() if own == service_id]
    names = {one.id: one.name for one in knowledge_bases.all_of_account()} if chosen else {}
    return [
        Usage(f"Reader e-mails of {names[found]}", url_for("reader_texts.index", knowledge_base=found))
        for found in chosen
        if found in names
    ]


report_usages_with(_uses)


@blueprint.route("/texts", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def index() -> ResponseReturnValue:
    """Which texts there are for the account or for one knowledge base, and through which service those leave."""
    knowledge_base = _asked_for()
    form = override_form(_own_service(knowledge_base)) if knowledge_base else None
    if knowledge_base and form and form.validate_on_submit():
        try:
            chosen, seen = form.smtp_service_id.data, form.seen
            email_settings.choose_for(knowledge_base, chosen, seen=seen, actor=current_user.actor)
        except NotChoosable:
            form.smtp_service_id.errors = ["This service cannot be used now. Choose another one."]
        except ChangedMeanwhile as changed:
            form = override_form(_own_service(knowledge_base)).say_changed(changed)
        else:
            flash("Reader e-mail settings saved.", "success")
            return redirect(url_for("reader_texts.index", knowledge_base=knowledge_base.id), 303)
    page = render_template(
        "readers/texts.html",
        knowledge_base=knowledge_base,
        knowledge_bases=[one for one in knowledge_bases.all_of_account() if not one.is_archived],
        names=NAMES,
        written=wordings.written(),
        form=form,
        way=email_settings.way(knowledge_base.id if knowledge_base else None),
        service=email_settings.chosen_service(knowledge_base.id if knowledge_base else None),
        in_words=in_words,
    )
    return page, form.status if form else 200


@blueprint.route("/texts/<string:kind>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def edit(kind: str) -> ResponseReturnValue:
    """Write another text, see what it becomes, keep it."""
    found, knowledge_base = _kind_or_404(kind), _asked_for()
    wording = wordings.wording(found, _id(knowledge_base))
    form = text_form(wording)
    if form.validate_on_submit():
        try:
            wordings.save(found, _id(knowledge_base), form.wanted, seen=form.seen, actor=current_user.actor)
        except ChangedMeanwhile as changed:
            wording = wordings.wording(found, _id(knowledge_base))
            form = text_form(wording).say_changed(changed)
        else:
            flash(f"{NAMES[found]} saved. What waits in the queue already says what it said.", "success")
            return redirect(url_for("reader_texts.edit", kind=kind, knowledge_base=_id(knowledge_base)), 303)
    headers.allow_frames()
    page = render_template(
        "readers/edit_text.html",
        form=form,
        kind=kind,
        name=NAMES[found],
        wording=wording,
        knowledge_base=knowledge_base,
        fields=samples.fields_with_samples(found, knowledge_base),
        way=email_settings.way(_id(knowledge_base)),
    )
    return page, form.status


@blueprint.route("/texts/<string:kind>/preview", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def preview(kind: str) -> ResponseReturnValue:
    """What is saved, or typed now, as an e-mail to a sample reader: HTML or text, for the frame under the form."""
    found, knowledge_base = _kind_or_404(kind), _asked_for()
    if request.method == "GET":
        saved = samples.letter(found, wordings.wording(found, _id(knowledge_base)), knowledge_base)
        return _framed(Response(saved.html, mimetype="text/html"))
    form = TextForm()
    if not form.validate_on_submit():
        said = [str(error) for errors in form.errors.values() for error in errors]
        return _framed(Response("\n".join(said), mimetype="text/plain", status=422))
    letter = samples.letter(found, form.wanted, knowledge_base)
    if request.form.get("view") == "text":
        return _framed(Response(f"Subject: {letter.subject}\n\n{letter.text}", mimetype="text/plain"))
    return _framed(Response(letter.html, mimetype="text/html"))


@blueprint.post("/texts/<string:kind>/copy")
@requires(Permission.MANAGE_READERS)
def send_copy(kind: str) -> ResponseReturnValue:
    """Send oneself what is saved, through the service that carries it."""
    found, knowledge_base = _kind_or_404(kind), _asked_for()
    service, recipient = email_settings.chosen_service(_id(knowledge_base)), current_user.user.email
    here = url_for("reader_texts.edit", kind=kind, knowledge_base=_id(knowledge_base))
    if service is None:
        flash("Choose a service under Settings first: copies leave through it.", "warning")
        return redirect(here, 303)
    wording = wordings.wording(found, _id(knowledge_base))
    try:
        run = test_runs.request_test(
            service,
            recipient=recipient,
            is_member=is_member(recipient),
            actor=current_user.actor,
            words=samples.letter(found, wording, knowledge_base),
            from_name=wording.from_name,
            reply_to=wording.reply_to,
        )
    except TestRefused as refused:
        flash(str(refused), "error")
        return redirect(here, 303)
    if _id(knowledge_base) is None:
        return redirect(url_for("reader_emails.test_run", run_id=run.id), 303)
    flash(f"A copy is on its way to {recipient}.", "success")
    return redirect(here, 303)


@blueprint.route("/texts/<string:kind>/default", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def back_to_default(kind: str) -> ResponseReturnValue:
    """Ask first: what was written is gone afterwards."""
    found, knowledge_base = _kind_or_404(kind), _asked_for()
    here = url_for("reader_texts.edit", kind=kind, knowledge_base=_id(knowledge_base))
    wording = wordings.wording(found, _id(knowledge_base))
    if not wording.is_own:
        return redirect(here, 303)
    if request.method == "POST":
        wordings.back_to_default(found, _id(knowledge_base), actor=current_user.actor)
        flash("The default text is back.", "success")
        return redirect(here, 303)
    return render_template(
        "readers/default_text.html",
        kind=kind,
        name=NAMES[found],
        wording=wording,
        after=wordings.after_default(found, _id(knowledge_base)),
        knowledge_base=knowledge_base,
        back=here,
    )


def _framed(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = headers.LETTER_POLICY
    return response


def _kind_or_404(text: str) -> TemplateKind:
    if text not in set(TemplateKind):
        abort(404)
    return TemplateKind(text)


def _asked_for() -> KnowledgeBase | None:
    """The knowledge base whose texts are meant; none: the account's."""
    text = request.args.get("knowledge_base", "")
    if not text:
        return None
    try:
        found = knowledge_bases.find(uuid.UUID(text))
    except ValueError:
        found = None
    if found is None:
        abort(404)
    return found


def _own_service(knowledge_base: KnowledgeBase) -> uuid.UUID | None:
    return email_settings.own_service_id(knowledge_base.id)


def _id(knowledge_base: KnowledgeBase | None) -> Any:
    return knowledge_base.id if knowledge_base else None
