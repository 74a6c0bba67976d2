"""Reader E-Mail Settings: which service carries the e-mails to readers, and a test through it."""

import uuid

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery import test_runs
from kbadmin.delivery.forms import TestEmailForm
from kbadmin.delivery.test_runs import TestRefused
from kbadmin.outbox.operations import platform_sender_configured
from kbadmin.readers import email_attention, email_settings, rerouting, tabs, template_models
from kbadmin.readers.email_forms import email_form
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.email_settings import NotChoosable
from kbadmin.seen import ChangedMeanwhile
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.choosing import in_words
from kbadmin.smtp.usages import Usage, report_usages_with
from kbadmin.users.queries import is_member

__all__ = ["blueprint", "email_attention", "rerouting", "template_models"]

blueprint = Blueprint("reader_emails", __name__)


def _uses(service_id: uuid.UUID) -> list[Usage]:
    """A service is in use while reader e-mails leave through it."""
    settings = email_settings.stored()
    if settings is None or settings.smtp_service_id != service_id:
        return []
    return [Usage("Reader e-mails", url_for("reader_emails.settings"))]


report_usages_with(_uses)
tabs.add(
    tabs.Tab(
        "Settings", "reader_emails.settings", "settings", 90, ("reader_emails.send_test", "reader_emails.test_run")
    )
)


@blueprint.route("/readers/settings", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def settings() -> ResponseReturnValue:
    """Which service, and what happens while it cannot send."""
    form = email_form(email_settings.stored())
    if form.validate_on_submit():
        try:
            email_settings.change(
                smtp_service_id=form.smtp_service_id.data,
                when_stopped=WhenStopped(form.when_stopped.data),
                welcome_hours=int(form.welcome_hours.data),
                seen=form.seen,
                actor=current_user.actor,
            )
        except NotChoosable:
            form.smtp_service_id.errors = ["This service cannot be used now. Choose another one."]
        except ChangedMeanwhile as changed:
            form = email_form(email_settings.stored()).say_changed(changed)
        else:
            flash("Reader e-mail settings saved.", "success")
            return redirect(url_for("reader_emails.settings"), 303)
    page = render_template(
        "readers/email_settings.html",
        form=form,
        way=email_settings.way(),
        service=email_settings.chosen_service(),
        in_words=in_words,
        has_services=bool(smtp.all_services()),
        has_platform=platform_sender_configured(),
    )
    return page, form.status


@blueprint.route("/readers/settings/test-email", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def send_test() -> ResponseReturnValue:
    """Send Test Email Using SMTP, through the service that is chosen."""
    service = email_settings.chosen_service()
    if service is None:
        flash("Choose a service and save, then send a test e-mail through it.", "warning")
        return redirect(url_for("reader_emails.settings"), 303)
    form = TestEmailForm(recipient=current_user.user.email)
    if form.validate_on_submit():
        recipient = form.recipient.data
        try:
            run = test_runs.request_test(
                service, recipient=recipient, is_member=is_member(recipient), actor=current_user.actor
            )
        except TestRefused as refused:
            flash(str(refused), "error")
        else:
            return redirect(url_for("reader_emails.test_run", run_id=run.id), 303)
    service = email_settings.chosen_service()
    page = render_template("readers/email_test.html", form=form, service=service)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/readers/settings/test-runs/<uuid:run_id>")
@requires(Permission.MANAGE_READERS)
def test_run(run_id: uuid.UUID) -> ResponseReturnValue:
    """What became of a test e-mail; how the server put it is for those who manage SMTP services."""
    service = email_settings.chosen_service()
    run = test_runs.find_run(service.id, run_id) if service else None
    if service is None or run is None:
        abort(404)
    if current_user.may(Permission.MANAGE_SMTP):
        return redirect(url_for("delivery.test_run", service_id=service.id, run_id=run.id), 303)
    return render_template("readers/email_test_run.html", service=service, run=run)
