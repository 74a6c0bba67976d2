"""The pages of digest runs: the list, one of them, and sending one by hand."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery import waiting
from kbadmin.delivery.estimates import Estimate, estimate
from kbadmin.delivery.mass_plans import waiting as waiting_in
from kbadmin.forms import BaseForm
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import obstacles, offers, planning, run_list, run_words, runs, weekdays
from kbadmin.subscriptions import settings as operations
from kbadmin.subscriptions.blueprint import blueprint, edited_or_404
from kbadmin.subscriptions.forecasts import forecast
from kbadmin.subscriptions.planning import NotSendable

MOST_LOOKED_AT = 20_000  # subscribers, before a page is shown: less than a second


@blueprint.get("/digests")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def digests(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """What was sent, when and to how many; and what was not, and why."""
    knowledge_base = edited_or_404(knowledge_base_id)
    newer, older = request.args.get("newer", type=uuid.UUID), request.args.get("older", type=uuid.UUID)
    page = run_list.page(knowledge_base_id, older_than=older, newer_than=newer)
    tallies, stored = runs.tallies_of([run.id for run in page.runs]), operations.stored(knowledge_base_id)
    next_at = offers.next_at(stored) if stored else None
    return render_template(
        "subscriptions/digests.html",
        knowledge_base=knowledge_base,
        page=page,
        tallies=tallies,
        words=run_words,
        in_words=weekdays.moment_in_words,
        is_turned=bool(newer or older),
        stored=stored,
        next_run=weekdays.moment_in_words(next_at, knowledge_base.time_zone) if next_at else "",
        newer_url=_list_url(knowledge_base_id, newer=page.newer_than),
        older_url=_list_url(knowledge_base_id, older=page.older_than),
    )


@blueprint.get("/digests/<uuid:digest_id>")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def digest(knowledge_base_id: uuid.UUID, digest_id: uuid.UUID) -> ResponseReturnValue:
    """One run: where it stands, its figures, who was left out and why. The page asks again by itself."""
    knowledge_base, run = edited_or_404(knowledge_base_id), run_list.find(knowledge_base_id, digest_id)
    if run is None:
        abort(404)
    stored = operations.stored(knowledge_base_id)
    return render_template(
        "subscriptions/_digest.html" if request.headers.get("HX-Request") == "true" else "subscriptions/digest.html",
        knowledge_base=knowledge_base,
        run=run,
        tally=runs.tallies_of([run.id])[run.id],
        words=run_words,
        in_words=weekdays.moment_in_words,
        service=smtp.find(run.smtp_service_id) if run.smtp_service_id else None,
        told_of=run_list.told_of(run.id),
        is_moving=run.stage in run_words.MOVING,
        is_paused=bool(stored and stored.paused_at),
    )


@blueprint.route("/digests/send-now", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def send_now(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Say to whom, of what and how long it takes; then begin."""
    knowledge_base, form = edited_or_404(knowledge_base_id), BaseForm()
    if form.validate_on_submit():
        try:
            run = planning.begin_by_hand(knowledge_base_id, actor=current_user.actor)
        except NotSendable as error:
            flash(str(error), "warning")
            return redirect(url_for("subscriptions.digests", knowledge_base_id=knowledge_base_id), 303)
        except LookupError:
            abort(404)
        flash("The digest is being sent.", "success")
        return redirect(url_for("subscriptions.digest", knowledge_base_id=knowledge_base_id, digest_id=run.id), 303)
    stored = operations.stored(knowledge_base_id)
    service, why_not = operations.service_of(stored), obstacles.why_not(stored, knowledge_base)
    preview = forecast(knowledge_base, most=MOST_LOOKED_AT) if why_not is None else None
    return render_template(
        "subscriptions/send_now.html",
        knowledge_base=knowledge_base,
        form=form,
        why_not=why_not,
        preview=preview,
        service=service,
        estimate=_estimate(service, preview.with_mail) if service and preview else None,
    )


def _estimate(service: SmtpService, count: int) -> Estimate:
    return estimate(
        count,
        waiting_before=waiting_in(service.id),
        messages_per_minute=service.messages_per_minute,
        recipients_per_day=service.recipients_per_day,
        sent_today=waiting.sent_in_24_hours([service.id]).get(service.id, 0),
    )


def _list_url(knowledge_base_id: uuid.UUID, **end: Any) -> str | None:
    """The address of the list from another run on."""
    return url_for("subscriptions.digests", knowledge_base_id=knowledge_base_id, **end) if any(end.values()) else None
