"""The pages of an account's SMTP services: list, create, edit, duplicate, disable, delete."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import navigation
from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.names import folded
from kbadmin.seen import ChangedMeanwhile
from kbadmin.smtp import consent_routes, guide_routes, home, oauth_routes, operations
from kbadmin.smtp.blueprint import blueprint, service_or_404
from kbadmin.smtp.changes import Dropped, shown
from kbadmin.smtp.forms import CreateServiceForm, DeleteForm, DuplicateForm, EditServiceForm
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.operations import NameTaken, WouldDrop
from kbadmin.smtp.presets import presets_by_provider
from kbadmin.smtp.resuming import resume_service
from kbadmin.smtp.security import Authentication, Security
from kbadmin.smtp.service_page import list_values, service_page
from kbadmin.smtp.usages import ServiceInUse, usages

__all__ = ["blueprint", "consent_routes", "guide_routes", "home", "oauth_routes"]

NAME_TAKEN = "Another service has this name already. Choose a name of its own."

navigation.in_profile_menu(
    navigation.Place("SMTP", "smtp.index", "mail", Permission.MANAGE_SMTP, order=20, lit=("smtp.", "delivery."))
)


@blueprint.get("/smtp")
@requires(Permission.MANAGE_SMTP)
def index() -> ResponseReturnValue:
    """The account's services, with state and last test; ``q`` narrows them by name or address."""
    services = operations.all_services()
    asked = folded(request.args.get("q", "")[:200].strip())
    found = [service for service in services if operations.matches(service, asked)]
    return render_template("smtp/index.html", services=found, total=len(services), asked=asked, **list_values())


@blueprint.route("/smtp/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def create() -> ResponseReturnValue:
    """Create SMTP Service."""
    form = CreateServiceForm()
    if form.validate_on_submit():
        try:
            service = operations.create_service(form.values(), form.secrets(), actor=current_user.actor)
        except NameTaken:
            form.friendly_name.errors = [NAME_TAKEN]
        else:
            _say_created(service)
            return redirect(url_for("smtp.edit", service_id=service.id), 303)
    page = render_template("smtp/create.html", form=form, presets=presets_by_provider())
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/smtp/<uuid:service_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def edit(service_id: uuid.UUID) -> ResponseReturnValue:
    """Edit SMTP Service: its state, its settings, and what can be done with it."""
    service = service_or_404(service_id)
    form = EditServiceForm(obj=service).shows(shown(service))
    would_drop: Dropped | None = None
    if form.validate_on_submit():
        may_drop = request.form.get("accept_dropping") == "yes"
        try:
            saved, dropped = operations.change_service(
                service_id, form.values(), form.secrets(), may_drop=may_drop, seen=form.seen, actor=current_user.actor
            )
        except NameTaken:
            form.friendly_name.errors = [NAME_TAKEN]
        except WouldDrop as asked:
            would_drop = asked.dropped
        except ChangedMeanwhile as changed:
            service = service_or_404(service_id)
            form = EditServiceForm(obj=service).shows(shown(service)).say_changed(changed)
        except LookupError:
            service_or_404(service_id)
        else:
            _say_saved(saved, dropped)
            to_registration = saved.authentication == Authentication.OAUTH2 and saved.client_id is None
            return redirect(url_for("smtp.oauth" if to_registration else "smtp.edit", service_id=service_id), 303)
    page = service_page(service_or_404(service_id), form, would_drop=would_drop)
    return page, 422 if would_drop else form.status


@blueprint.route("/smtp/<uuid:service_id>/duplicate", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def duplicate(service_id: uuid.UUID) -> ResponseReturnValue:
    """A copy without secrets."""
    service = service_or_404(service_id)
    form = DuplicateForm(friendly_name=operations.free_copy_name(service.friendly_name))
    if form.validate_on_submit():
        try:
            copy = operations.duplicate_service(
                service_id, friendly_name=form.friendly_name.data, actor=current_user.actor
            )
        except NameTaken:
            form.friendly_name.errors = [NAME_TAKEN]
        else:
            flash("Copied without passwords, secrets and authorization. Enter them here.", "success")
            return redirect(url_for("smtp.edit", service_id=copy.id), 303)
    page = render_template("smtp/duplicate.html", service=service, form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/smtp/<uuid:service_id>/disable", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def disable(service_id: uuid.UUID) -> ResponseReturnValue:
    """Ask, then switch the service off."""
    service = service_or_404(service_id)
    form = BaseForm()
    if form.validate_on_submit():
        operations.set_enabled(service_id, enabled=False, actor=current_user.actor)
        flash("The service is disabled. Mail that uses it waits until you enable it.", "success")
        return redirect(url_for("smtp.edit", service_id=service_id), 303)
    return render_template("smtp/disable.html", service=service, form=form, usages=usages(service_id))


@blueprint.post("/smtp/<uuid:service_id>/enable")
@requires(Permission.MANAGE_SMTP)
def enable(service_id: uuid.UUID) -> ResponseReturnValue:
    """Switch the service on again."""
    service_or_404(service_id)
    if BaseForm().validate_on_submit():
        operations.set_enabled(service_id, enabled=True, actor=current_user.actor)
        flash("The service is enabled.", "success")
    return redirect(url_for("smtp.edit", service_id=service_id), 303)


@blueprint.post("/smtp/<uuid:service_id>/resume")
@requires(Permission.MANAGE_SMTP)
def resume(service_id: uuid.UUID) -> ResponseReturnValue:
    """The cause was put right elsewhere: try again now."""
    service_or_404(service_id)
    if BaseForm().validate_on_submit():
        resume_service(service_id, actor=current_user.actor)
        flash(
            "Sending goes on: the mail that waits is tried now. If the cause is still there, it stops again.", "success"
        )
    return redirect(url_for("smtp.edit", service_id=service_id), 303)


@blueprint.route("/smtp/<uuid:service_id>/delete", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def delete(service_id: uuid.UUID) -> ResponseReturnValue:
    """Ask, then delete; while the service is in use, say where instead."""
    service = service_or_404(service_id)
    form = DeleteForm()
    if form.validate_on_submit():
        try:
            name = operations.delete_service(service_id, actor=current_user.actor)
        except ServiceInUse as in_use:
            return render_template("smtp/delete.html", service=service, form=form, usages=in_use.usages), 409
        flash(f"{name} was deleted, with its secrets.", "success")
        return redirect(url_for("smtp.index"), 303)
    page = render_template("smtp/delete.html", service=service, form=form, usages=usages(service_id))
    return page, 422 if form.is_submitted() else 200


def _say_created(service: SmtpService) -> None:
    if service.authentication == Authentication.OAUTH2:
        flash("Service created. Authorize it next.", "success")
    else:
        flash("Service created. Send a test e-mail to see whether it works.", "success")
    _say_of_connection(service)


def _say_of_connection(service: SmtpService) -> None:
    if service.authentication == Authentication.UNAUTHENTICATED and request.form.get("password"):
        flash("The password was not stored: an unauthenticated service signs in to nothing.", "info")
    if service.security == Security.NONE:
        flash("This connection is not encrypted: anybody on the way can read the mail.", "warning")


def _say_saved(service: SmtpService, dropped: Dropped) -> None:
    flash("Saved.", "success")
    if dropped:
        things = " and ".join(dropped.things)
        flash(f"Dropped: {things}, because {', '.join(dropped.because)} changed. {dropped.remedy}", "warning")
    _say_of_connection(service)
