"""Send Test Email from the settings of a knowledge base, and what became of it."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery.forms import TestEmailForm
from kbadmin.delivery.test_runs import TestRefused
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import settings as operations
from kbadmin.subscriptions import trials
from kbadmin.subscriptions.blueprint import blueprint, edited_or_404


@blueprint.route("/settings/subscriptions/test-email", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def send_test(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Send Test Email Using SMTP, through the service that is chosen."""
    knowledge_base, service = edited_or_404(knowledge_base_id), _chosen(knowledge_base_id)
    if service is None:
        return without_service(knowledge_base_id)
    form = TestEmailForm(recipient=current_user.user.email)
    if form.validate_on_submit():
        try:
            run = trials.send(knowledge_base_id, service, recipient=form.recipient.data, actor=current_user.actor)
        except TestRefused as refused:
            flash(str(refused), "error")
        else:
            return to_run(knowledge_base_id, run.id)
    page = render_template(
        "subscriptions/test.html", knowledge_base=knowledge_base, form=form, service=_chosen(knowledge_base_id)
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/settings/subscriptions/test-runs/<uuid:run_id>")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def test_run(knowledge_base_id: uuid.UUID, run_id: uuid.UUID) -> ResponseReturnValue:
    """What became of a test or a sample; how the server put it is for those who manage SMTP services."""
    knowledge_base, run = edited_or_404(knowledge_base_id), trials.find_run(knowledge_base_id, run_id)
    service = smtp.find(run.smtp_service_id) if run else None
    if run is None or service is None:
        abort(404)
    return render_template("subscriptions/test_run.html", knowledge_base=knowledge_base, service=service, run=run)


def without_service(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Back to where a service is chosen."""
    flash("Choose a service and save, then send something through it.", "warning")
    return redirect(url_for("subscriptions.settings", knowledge_base_id=knowledge_base_id), 303)


def to_run(knowledge_base_id: uuid.UUID, run_id: uuid.UUID) -> ResponseReturnValue:
    """On to the page that shows how a test goes."""
    there = url_for("subscriptions.test_run", knowledge_base_id=knowledge_base_id, run_id=run_id)
    return redirect(there, 303)


def _chosen(knowledge_base_id: uuid.UUID) -> SmtpService | None:
    return operations.service_of(operations.stored(knowledge_base_id))
