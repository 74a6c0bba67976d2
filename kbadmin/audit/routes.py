"""The audit log, for owners."""

import uuid
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import navigation
from kbadmin.access import Permission, requires
from kbadmin.audit import queries
from kbadmin.audit.forms import FilterForm
from kbadmin.audit.phrases import in_words, phrases

blueprint = Blueprint("audit", __name__)

navigation.in_profile_menu(navigation.Place("Audit log", "audit.index", "history", Permission.MANAGE_ACCOUNT, order=50))


@blueprint.get("/audit-log")
@requires(Permission.MANAGE_ACCOUNT)
def index() -> ResponseReturnValue:
    """Who did what, newest first."""
    form = FilterForm(request.args)
    form.validate()
    wanted = form.wanted(current_user.time_zone)
    page = queries.page(wanted, older_than=_id("older"), newer_than=_id("newer"))
    return render_template(
        "audit/index.html",
        form=form,
        is_filtered=not wanted.is_everything,
        entries=page.entries,
        newer_url=_address(newer=page.newer_than),
        older_url=_address(older=page.older_than),
        phrases=phrases,
        in_words=in_words,
    )


def _id(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _address(**end: uuid.UUID | None) -> str | None:
    """The address of this page with another end to read from, its filter kept."""
    if not any(end.values()):
        return None
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in FilterForm.NAMES and value}
    return url_for("audit.index", **kept | end)
