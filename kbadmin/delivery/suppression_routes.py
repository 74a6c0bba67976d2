"""Suppressed addresses: which ones refuse mail for good, since when and why; clearing one."""

import uuid

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery import suppression
from kbadmin.forms import BaseForm

blueprint = Blueprint("suppressed", __name__)


@blueprint.get("/deliveries/suppressed")
@requires(Permission.MANAGE_DELIVERIES)
def index() -> ResponseReturnValue:
    """The addresses by name; ``q`` narrows them, ``after`` turns the page."""
    asked, after = (_text(name) for name in ("q", "after"))
    page = suppression.page(searched=asked, after=after)
    more = url_for("suppressed.index", q=asked or None, after=page.next_after) if page.next_after else None
    return render_template(
        "delivery/suppressed.html", addresses=page.addresses, asked=asked, after=after, more_url=more
    )


@blueprint.route("/deliveries/suppressed/<uuid:address_id>/clear", methods=["GET", "POST"])
@requires(Permission.MANAGE_DELIVERIES)
def clear(address_id: uuid.UUID) -> ResponseReturnValue:
    """Ask, then send to this address again."""
    found = suppression.find(address_id)
    if found is None:
        abort(404)
    form = BaseForm()
    if form.validate_on_submit():
        try:
            address = suppression.clear(address_id, actor=current_user.actor)
        except LookupError:
            abort(404)
        flash(f"{address} is cleared: mail goes there again.", "success")
        return redirect(url_for("suppressed.index"), 303)
    return render_template("delivery/clear_address.html", address=found, form=form)


def _text(name: str) -> str:
    """Without NUL, which PostgreSQL refuses to compare."""
    return request.args.get(name, "").replace("\0", "").strip()[:254]
