"""The page of one service: state, what happened last, the form, and what can be done next."""

from typing import Any

from flask import render_template

from kbadmin.headers import allow_form_action
from kbadmin.smtp import authorization, flows
from kbadmin.smtp.blueprint import traveller
from kbadmin.smtp.changes import Dropped
from kbadmin.smtp.forms import EditServiceForm
from kbadmin.smtp.limits import is_microsofts
from kbadmin.smtp.models import SmtpService, State
from kbadmin.smtp.presets import retirement_notice
from kbadmin.smtp.security import Authentication
from kbadmin.smtp.standing import Remedy, authorization_trouble, remedy_of, trouble_of
from kbadmin.smtp.usages import usages

PANELS: list[Any] = []


def show_on_service_page(panel: Any) -> None:
    """Rooms above add what they know of a service (its test e-mails): ``panel(service)`` answers template values."""
    PANELS.append(panel)


LIST_PANELS: list[Any] = []


def show_on_list(panel: Any) -> None:
    """The same for the list of services: ``panel()`` answers template values."""
    LIST_PANELS.append(panel)


def list_values() -> dict[str, Any]:
    """What rooms above add to the list."""
    values: dict[str, Any] = {"trouble_of": trouble_of}
    for panel in LIST_PANELS:
        values |= panel()
    return values


def service_page(service: SmtpService, form: EditServiceForm, *, would_drop: Dropped | None = None) -> str:
    """Draw the page."""
    is_oauth = service.authentication == Authentication.OAUTH2
    values: dict[str, Any] = {}
    for panel in PANELS:
        values |= panel(service)
    if is_oauth and service.client_id:
        allow_form_action(authorization.endpoints(service).authority)
    return render_template(
        "smtp/edit.html",
        service=service,
        form=form,
        State=State,
        is_oauth=is_oauth,
        is_microsofts=is_microsofts(service.host, service.authentication),
        may_authorize=is_oauth and not service.needs_secret and not service.disabled_at,
        question=flows.pending(service, traveller()) if is_oauth else None,
        trouble=trouble_of(service),
        failure=authorization_trouble(service),
        remedy=remedy_of(service),
        Remedy=Remedy,
        would_drop=would_drop,
        usages=usages(service.id),
        retirement_notice=retirement_notice(service),
        **values,
    )
