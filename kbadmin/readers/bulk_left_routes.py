"""The page of a deed for many readers whose rest follows: how far it is, or why it ended and how to go on."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.readers import bulk, bulk_left_behind, bulk_obstacles, bulk_words
from kbadmin.readers.blueprint import blueprint
from kbadmin.readers.bulk_models import Ended
from kbadmin.readers.bulk_orders import Order


@blueprint.route("/readers/bulk/<uuid:deed_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def show_bulk_deed(deed_id: uuid.UUID) -> ResponseReturnValue:
    """How far a deed is that follows in the background; sent, one that ended early goes on."""
    found, form = bulk_left_behind.find(deed_id), BaseForm()
    if found is None:
        abort(404)
    if form.validate_on_submit():
        try:
            bulk_left_behind.go_on(deed_id, actor=current_user.actor)
        except LookupError:
            abort(404)
        flash("It goes on in the background, behind the last reader who was met.", "success")
        return redirect(url_for("readers.index"), 303)
    order = Order.from_json(found.wanted)
    left = None if bulk_obstacles.is_filter_gone(order) else bulk.left(order, found.after)
    return render_template(
        "readers/bulk_deed.html",
        form=form,
        found=found,
        said=bulk_words.WORDS[order.deed],
        so_far=bulk_words.so_far(order.deed, found.number, left),
        why=bulk_words.WHY[Ended(found.ended)] if found.ended else "",
        lacks_service=found.ended == Ended.NOBODY_SENDS,
        may_go_on=found.ended != Ended.TARGET_GONE,
    )


@blueprint.post("/readers/bulk/<uuid:deed_id>/forget")
@requires(Permission.MANAGE_READERS)
def forget_bulk_deed(deed_id: uuid.UUID) -> ResponseReturnValue:
    """Leave it at what was done."""
    if BaseForm().validate_on_submit():
        try:
            bulk_left_behind.forget(deed_id, actor=current_user.actor)
        except LookupError:
            abort(404)
        flash("It is left as it is. Readers who were not met stay as they were.", "success")
    return redirect(url_for("readers.index"), 303)
