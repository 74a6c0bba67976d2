"""The page with the admin-consent link."""

import uuid

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.smtp import consent
from kbadmin.smtp.blueprint import blueprint, service_or_404
from kbadmin.smtp.security import Authentication


@blueprint.route("/smtp/<uuid:service_id>/admin-consent", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def admin_consent(service_id: uuid.UUID) -> ResponseReturnValue:
    """Make a link for the administrator who must approve the app. POST makes it, so that opening the page does not."""
    service = service_or_404(service_id)
    if service.authentication != Authentication.OAUTH2 or not service.client_id:
        return redirect(url_for("smtp.edit", service_id=service_id), 303)
    form = BaseForm()
    link = consent.link_for(service) if form.validate_on_submit() else None
    return render_template("smtp/admin_consent.html", service=service, form=form, link=link, days=consent.DAYS)
