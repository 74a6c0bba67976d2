"""The pages of test e-mails: ask for one, watch its steps."""

import uuid
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery import (
    attention,
    deed_routes,
    housekeeping,
    incidents,
    lane_tasks,
    log_routes,
    running_tests,
    service_use,
    suppression_routes,
    test_runs,
)
from kbadmin.delivery.explanations import explain_run, note_for_it, shown_steps
from kbadmin.delivery.forms import TestEmailForm
from kbadmin.delivery.models import TestRun
from kbadmin.smtp import operations
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.service_page import show_on_list, show_on_service_page
from kbadmin.users.queries import is_member

__all__ = ["attention", "blueprint", "housekeeping", "incidents", "lane_tasks", "running_tests", "service_use"]

blueprint = Blueprint("delivery", __name__)
blueprint.record_once(lambda state: state.app.register_blueprint(log_routes.blueprint))
blueprint.record_once(lambda state: state.app.register_blueprint(deed_routes.blueprint))
blueprint.record_once(lambda state: state.app.register_blueprint(suppression_routes.blueprint))


@blueprint.route("/smtp/<uuid:service_id>/test-email", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def send_test(service_id: uuid.UUID) -> ResponseReturnValue:
    """Send Test Email Using SMTP."""
    service = _service_or_404(service_id)
    form = TestEmailForm(recipient=current_user.user.email)
    if form.validate_on_submit():
        try:
            run = test_runs.request_test(
                service,
                recipient=form.recipient.data,
                is_member=is_member(form.recipient.data),
                actor=current_user.actor,
            )
        except test_runs.TestRefused as refused:
            flash(str(refused), "error")
        else:
            return redirect(url_for("delivery.test_run", service_id=service_id, run_id=run.id), 303)
    page = render_template("delivery/send_test.html", service=_service_or_404(service_id), form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/smtp/<uuid:service_id>/test-runs/<uuid:run_id>")
@requires(Permission.MANAGE_SMTP)
def test_run(service_id: uuid.UUID, run_id: uuid.UUID) -> ResponseReturnValue:
    """One test e-mail, step by step; the page asks again by itself until it is over."""
    service = _service_or_404(service_id)
    run = test_runs.find_run(service_id, run_id)
    if run is None:
        abort(404)
    template = "delivery/_run.html" if request.headers.get("HX-Request") == "true" else "delivery/test_run.html"
    return render_template(template, service=service, run=run, **_told(run, service))


def _service_or_404(service_id: uuid.UUID) -> SmtpService:
    service = operations.find(service_id)
    if service is None:
        abort(404)
    return service


def _told(run: TestRun, service: SmtpService) -> dict[str, Any]:
    explanation = explain_run(run, service)
    return {
        "steps": shown_steps(run, service),
        "explanation": explanation,
        "details": note_for_it(run, service, explanation.what) if explanation else None,
    }


def _panel(service: SmtpService) -> dict[str, Any]:
    runs = test_runs.runs_of(service.id)
    last = runs[0] if runs else None
    told = _told(last, service) if last and last.failure else {"explanation": None, "details": None}
    return {"runs": runs, "test_explanation": told["explanation"], "test_details": told["details"]}


show_on_service_page(_panel)
show_on_list(lambda: {"last_runs": test_runs.last_runs()})
