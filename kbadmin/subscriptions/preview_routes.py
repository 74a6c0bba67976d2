"""The next digest on the screen, as HTML and as text, for a chosen reader; and as a sample to one's own address."""

import uuid

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery.test_runs import TestRefused
from kbadmin.headers import LETTER_POLICY, allow_frames
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.rendering import Letter
from kbadmin.subscriptions import previews, trials
from kbadmin.subscriptions import settings as operations
from kbadmin.subscriptions.blueprint import blueprint, edited_or_404
from kbadmin.subscriptions.previews import Onlooker, Preview, Unknown
from kbadmin.subscriptions.trial_routes import to_run, without_service

VIEWS = {"html": "HTML", "text": "Text"}
LONGEST_ADDRESS = 254


@blueprint.get("/settings/subscriptions/preview")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def preview(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """What would leave now, for the reader or subscriber whose address stands in the address, or for anybody."""
    knowledge_base = edited_or_404(knowledge_base_id)
    address = _asked()
    onlooker, problem = _onlooker(knowledge_base, address)
    shown = _preview(knowledge_base, onlooker)
    if shown is None:
        flash("Save the schedule and the subject first, then look at the digest.", "warning")
        return redirect(url_for("subscriptions.settings", knowledge_base_id=knowledge_base_id), 303)
    allow_frames()
    page = render_template(
        "subscriptions/preview.html",
        knowledge_base=knowledge_base,
        preview=shown,
        address=address,
        problem=problem,
        view=request.args.get("view") if request.args.get("view") in VIEWS else "html",
        views=VIEWS,
        service=operations.service_of(operations.stored(knowledge_base_id)),
    )
    return page, 422 if problem else 200


@blueprint.get("/settings/subscriptions/preview/body")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def preview_body(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """The HTML of the digest alone, for the frame: it may style itself and nothing else."""
    knowledge_base = edited_or_404(knowledge_base_id)
    onlooker, _ = _onlooker(knowledge_base, _asked())
    shown = _preview(knowledge_base, onlooker)
    html = shown.letter.html if shown else ""
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": LETTER_POLICY})


@blueprint.post("/settings/subscriptions/sample")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def send_sample(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """The next digest as it would be for whoever asks, sent to their own address as a test."""
    knowledge_base = edited_or_404(knowledge_base_id)
    service, own = operations.service_of(operations.stored(knowledge_base_id)), current_user.user.email
    try:
        onlooker = previews.find(knowledge_base, own)
    except Unknown:
        onlooker = previews.somebody(knowledge_base)
    shown = _preview(knowledge_base, onlooker)
    if service is None or shown is None:
        return without_service(knowledge_base_id)
    words = Letter(f"Sample: {shown.letter.subject}", shown.letter.text, shown.letter.html)
    try:
        run = trials.send(knowledge_base_id, service, recipient=own, actor=current_user.actor, words=words)
    except TestRefused as refused:
        flash(str(refused), "error")
        return redirect(url_for("subscriptions.settings", knowledge_base_id=knowledge_base_id), 303)
    return to_run(knowledge_base_id, run.id)


def _asked() -> str:
    return request.args.get("reader", "").replace("\0", "").strip()[:LONGEST_ADDRESS]


def _onlooker(knowledge_base: KnowledgeBase, address: str) -> tuple[Onlooker, str]:
    """Whose digest to show, and what is wrong with the address."""
    if not address:
        return previews.somebody(knowledge_base), ""
    try:
        return previews.find(knowledge_base, address), ""
    except Unknown:
        return previews.somebody(knowledge_base), "Neither a reader nor a subscriber has this address. Check it."


def _preview(knowledge_base: KnowledgeBase, onlooker: Onlooker) -> Preview | None:
    stored = operations.stored(knowledge_base.id)
    return previews.preview(knowledge_base, stored, onlooker) if stored is not None else None
