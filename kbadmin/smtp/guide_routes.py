"""The Microsoft set-up guide for the IT administrator, and the box that explains a code Microsoft showed."""

import uuid

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kbadmin import config
from kbadmin.access import Permission, requires
from kbadmin.smtp.blueprint import blueprint, service_or_404
from kbadmin.smtp.explanations import explain_code
from kbadmin.smtp.forms import ErrorCodeForm
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.providers import aadsts_number, error_link


@blueprint.get("/smtp/guide")
@requires(Permission.MANAGE_SMTP)
def guide() -> ResponseReturnValue:
    """The guide before a service exists, with placeholders where its own values will stand."""
    return _guide(None)


@blueprint.get("/smtp/<uuid:service_id>/guide")
@requires(Permission.MANAGE_SMTP)
def service_guide(service_id: uuid.UUID) -> ResponseReturnValue:
    """The guide with a service's own values filled in."""
    return _guide(service_or_404(service_id))


@blueprint.get("/smtp/<uuid:service_id>/error-code")
@requires(Permission.MANAGE_SMTP)
def error_code(service_id: uuid.UUID) -> ResponseReturnValue:
    """Microsoft showed me a code: errors about the app, tenant or redirect URI never come back to us by themselves."""
    service = service_or_404(service_id)
    form = ErrorCodeForm(request.args)
    number = explanation = None
    if request.args.get("error_code") and form.validate():
        number = aadsts_number(form.error_code.data or "")
        if number is None:
            form.error_code.errors = ["No code found. Paste the text with AADSTS and its digits, or the digits alone."]
        else:
            explanation = explain_code(number, service)
    page = render_template(
        "smtp/error_code.html",
        service=service,
        form=form,
        number=number,
        link=error_link(number) if number else None,
        explanation=explanation,
    )
    return page, 422 if form.error_code.errors else 200


def _guide(service: SmtpService | None) -> str:
    return render_template(
        "smtp/guide.html",
        service=service,
        outgoing_addresses=config.current().outgoing_addresses,
    )
