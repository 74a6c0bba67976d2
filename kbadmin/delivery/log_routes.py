"""The delivery log: every message of the account, where it stands and why; one message; the list as a file."""

import uuid
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import clock, navigation
from kbadmin.access import Permission, requires
from kbadmin.accounts import home
from kbadmin.database import db
from kbadmin.delivery import exporting, log_figures, log_queries, suppression, timeline, waiting
from kbadmin.delivery.log_filters import LOOKED_THROUGH
from kbadmin.delivery.log_forms import FilterForm
from kbadmin.delivery.log_operations import FROM, Deed, why_not
from kbadmin.delivery.log_scope import Scope, scope_of
from kbadmin.delivery.log_words import KINDS, kind_words
from kbadmin.outbox.models import PLATFORM, OutboxMessage, Status
from kbadmin.smtp import operations
from kbadmin.smtp.standing import trouble_of
from kbadmin.tenancy import current_account

blueprint = Blueprint("delivery_log", __name__)

navigation.in_main_menu(
    navigation.Place(
        "Deliveries",
        "delivery_log.index",
        "send",
        Permission.READ_DELIVERIES,
        order=50,
        lit=("delivery_log.", "delivery_log_deeds.", "suppressed."),
        shown=lambda: not scope_of(current_user).is_empty,
    )
)
home.quick_link(
    home.QuickLink(
        "Deliveries",
        "Every message: waiting, accepted by the server, or failed, and why.",
        "delivery_log.index",
        "send",
        Permission.MANAGE_DELIVERIES,
        30,
    )
)


@blueprint.get("/deliveries")
@requires(Permission.READ_DELIVERIES)
def index() -> ResponseReturnValue:
    """Messages newest first, filtered, with how many there are of each state above."""
    scope = scope_of(current_user)
    lanes = waiting.look(operations.all_services())
    form = filter_form(scope, lanes)
    form.validate()
    wanted = form.wanted(current_user.time_zone)
    page = log_queries.page(wanted, older_than=_id("older"), newer_than=_id("newer"))
    figures = log_figures.figures(scope, sum(lanes.sent_today.values()))
    return render_template(
        "delivery/log.html",
        form=form,
        scope=scope,
        wanted=wanted,
        is_filtered=not wanted.is_everything,
        page=page,
        is_turned=bool(_id("older") or _id("newer")),
        figures=figures,
        has_some={one.key: one.words != "0" for one in figures},
        lanes=lanes,
        kept=kept_filter(),
        without_run=kept_filter(run=None),
        kind_words=kind_words,
        most_rows=exporting.MOST_ROWS,
        looked_through=LOOKED_THROUGH,
        days_kept=current_user.account.delivery_log_days,
        newer_url=_address(newer=page.newer_than),
        older_url=_address(older=page.older_than),
    )


@blueprint.get("/deliveries/<uuid:message_id>")
@requires(Permission.READ_DELIVERIES)
def message(message_id: uuid.UUID) -> ResponseReturnValue:
    """One message: what is known of it, what happened, why, and what can be done. Never its content."""
    found, scope = message_or_404(message_id)
    service = operations.find(found.smtp_service_id) if found.smtp_service_id else None
    lanes = waiting.look([service] if service else [])
    attempts = log_queries.attempts_of(found)
    is_lane_there = found.lane_id == PLATFORM or service is not None
    return render_template(
        "delivery/message.html",
        message=found,
        scope=scope,
        service=service,
        lanes=lanes,
        kind=KINDS.get(found.kind, found.kind),
        events=timeline.timeline(found, attempts, shows_replies=scope.shows_replies),
        told=timeline.explain(found, attempts, service) if scope.shows_replies else None,
        why=lanes.why(found),
        stopped_by=trouble_of(service) if service and scope.shows_replies else None,
        why_not={deed: why_not(found, deed, is_lane_there=is_lane_there) for deed in Deed},
        is_suppressed=suppression.is_suppressed(found.recipient),
        Deed=Deed,
        Status=Status,
        FROM=FROM,
    )


@blueprint.get("/deliveries/export")
@requires(Permission.READ_DELIVERIES)
def export() -> ResponseReturnValue:
    """The filtered list as a file, streamed."""
    scope = scope_of(current_user)
    lanes = waiting.look(operations.all_services())
    form = filter_form(scope, lanes)
    form.validate()
    names = {lane_id: lanes.name(lane_id) for lane_id in [PLATFORM, *lanes.services]}
    lines = exporting.rows(
        db.engine,
        current_account(),
        form.wanted(current_user.time_zone),
        lambda lane_id: names.get(lane_id, waiting.GONE),
        shows_replies=scope.shows_replies,
    )
    file_name = f"deliveries-{clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(lines, mimetype="text/csv", headers=headers)


def filter_form(scope: Scope, lanes: waiting.Lanes) -> FilterForm:
    """The filter, filled from the address."""
    return FilterForm(request.args, services=list(lanes.services.values()), scope=scope)


def kept_filter(**changed: Any) -> dict[str, Any]:
    """The filter as it stands in the address, to go on with; ``changed`` replaces parts of it."""
    kept = {name: value for name, value in request.args.items() if name in FilterForm.NAMES and value}
    return {name: value for name, value in (kept | changed).items() if value}


def message_or_404(message_id: uuid.UUID) -> tuple[OutboxMessage, Scope]:
    """A message that this person may see."""
    scope = scope_of(current_user)
    found = log_queries.find(message_id, scope.within)
    if found is None:
        abort(404)
    return found, scope


def _id(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _address(**end: uuid.UUID | None) -> str | None:
    """The address of this page with another end to read from, its filter kept."""
    return url_for("delivery_log.index", **kept_filter(**end)) if any(end.values()) else None
