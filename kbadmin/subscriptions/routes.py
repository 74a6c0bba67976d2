"""The pages of subscriptions for those who work on a knowledge base: settings, on and off, pause."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import clock
from kbadmin.access import Permission, Role, requires
from kbadmin.forms import BaseForm
from kbadmin.knowledge_bases import overview, tabs
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.seen import ChangedMeanwhile
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.providers import is_microsoft_host
from kbadmin.smtp.usages import Usage, report_usages_with
from kbadmin.subscriptions import (
    deciding_again,
    digest,
    fan_out,
    models,
    notices,
    offers,
    overdue,
    planning,
    preview_routes,
    reader_changes,
    run_models,
    run_routes,
    runs,
    set_up,
    subscriber_import_models,
    subscriber_import_routes,
    subscriber_routes,
    trial_routes,
    upcoming,
    weekdays,
)
from kbadmin.subscriptions import settings as operations
from kbadmin.subscriptions.blueprint import blueprint, edited_or_404
from kbadmin.subscriptions.forms import settings_form
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.settings import NotChoosable, NotReady, ServiceNeeded

__all__ = [
    "blueprint",
    "deciding_again",
    "fan_out",
    "models",
    "notices",
    "overdue",
    "planning",
    "preview_routes",
    "reader_changes",
    "run_models",
    "run_routes",
    "runs",
    "subscriber_import_models",
    "subscriber_import_routes",
    "subscriber_routes",
    "trial_routes",
    "upcoming",
]

tabs.add(tabs.Tab("Subscriptions", "subscriptions.settings", "mail", 40, Role.EDITOR, ("subscriptions.",)))


def _uses(service_id: uuid.UUID) -> list[Usage]:
    """A service is in use while digests leave through it."""
    return [
        Usage(f"Subscriptions of {found.name}", url_for("subscriptions.settings", knowledge_base_id=found.id))
        for found in operations.users_of(service_id)
    ]


def _step(knowledge_base: KnowledgeBase) -> overview.Step:
    """How far the knowledge base is with subscriptions."""
    settings = operations.stored(knowledge_base.id)
    text = "Readers subscribe, and get one e-mail with what is new. Choose a service and a schedule, then turn it on."
    if settings is not None and settings.is_on:
        text = "Digests are paused." if settings.paused_at else "Digests leave on schedule."
    here = url_for("subscriptions.settings", knowledge_base_id=knowledge_base.id)
    return overview.Step("Subscriptions", bool(settings and settings.is_on), text, "Open subscriptions", here)


report_usages_with(_uses)
overview.set_up_with(_step, least=Role.EDITOR, order=50)


@blueprint.route("/settings/subscriptions", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def settings(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Which service, when, what it says, and how far one is with it."""
    knowledge_base = edited_or_404(knowledge_base_id)
    form = settings_form(knowledge_base, operations.stored(knowledge_base_id))
    if form.validate_on_submit():
        try:
            saved = operations.change(knowledge_base_id, form.wanted, seen=form.seen, actor=current_user.actor)
        except NotChoosable:
            form.smtp_service_id.errors = ["This service cannot be used now. Choose another one."]
        except ServiceNeeded:
            form.smtp_service_id.errors = ["Choose a service, or turn subscriptions off first."]
        except ChangedMeanwhile as changed:
            here = edited_or_404(knowledge_base_id)
            form = settings_form(here, operations.stored(knowledge_base_id)).say_changed(changed)
        except LookupError:
            abort(404)
        else:
            flash("Subscription settings saved.", "success")
            _warn_untested(saved)
            return _here(knowledge_base_id)
    stored = operations.stored(knowledge_base_id)
    page = render_template(
        "subscriptions/settings.html",
        form=form,
        fields=digest.FIELDS,
        **_standing(edited_or_404(knowledge_base_id), stored, operations.service_of(stored)),
    )
    return page, form.status


@blueprint.post("/settings/subscriptions/on")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def turn_on(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """From now on digests leave, if every step before is done."""
    edited_or_404(knowledge_base_id)
    try:
        operations.turn_on(knowledge_base_id, actor=current_user.actor)
    except NotReady as error:
        flash(f"Subscriptions are not on. {error}", "warning")
    else:
        flash("Subscriptions are on.", "success")
    return _here(knowledge_base_id)


@blueprint.route("/settings/subscriptions/off", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def turn_off(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then make no digest any more."""
    knowledge_base, form = edited_or_404(knowledge_base_id), BaseForm()
    if form.validate_on_submit():
        operations.turn_off(knowledge_base_id, actor=current_user.actor)
        flash("Subscriptions are off.", "success")
        return _here(knowledge_base_id)
    return render_template("subscriptions/turn_off.html", knowledge_base=knowledge_base, form=form)


@blueprint.post("/settings/subscriptions/pause")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def pause(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Make no digest until somebody says so."""
    edited_or_404(knowledge_base_id)
    operations.pause(knowledge_base_id, actor=current_user.actor)
    flash("Digests are paused. Readers can still subscribe.", "success")
    return _here(knowledge_base_id)


@blueprint.post("/settings/subscriptions/resume")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def resume(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Make digests again."""
    edited_or_404(knowledge_base_id)
    operations.resume(knowledge_base_id, actor=current_user.actor)
    flash("Digests leave again, from the next time of the schedule on.", "success")
    return _here(knowledge_base_id)


def _here(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("subscriptions.settings", knowledge_base_id=knowledge_base_id), 303)


def _warn_untested(saved: SubscriptionSettings) -> None:
    service = operations.service_of(saved)
    if saved.is_on and service is not None and not set_up.is_tested(saved, service):
        flash(f"Nothing was sent through {service.friendly_name} from here yet. Send a test e-mail.", "warning")


def _standing(
    knowledge_base: KnowledgeBase, stored: SubscriptionSettings | None, service: SmtpService | None
) -> dict[str, Any]:
    """How the subscriptions of a knowledge base stand, for the page."""
    zone, has_services = knowledge_base.time_zone, bool(smtp.all_services())
    is_scheduled = stored is not None and bool(stored.subject)
    # While digests leave it is what was planned: a date that has had its run gets no second one.
    planned = offers.next_at(stored) if stored else None
    next_at = planned or (planning.next_slot(stored, zone, clock.now()) if stored and is_scheduled else None)
    return {
        "knowledge_base": knowledge_base,
        "stored": stored,
        "service": service,
        "has_services": has_services,
        "steps": set_up.steps(stored, service, zone=zone, has_services=has_services),
        "next_run": weekdays.moment_in_words(next_at, zone) if next_at else "",
        "is_unsigned": service is not None and is_microsoft_host(service.host),
    }
