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
from kbadmin.readers.bulk_orders import EVERYTHING, FOR_GOOD, Order
from kbadmin.readers.forms import FilterForm


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
        except bulk_left_behind.CannotBeUndone:
            flash(
                "This cannot be brought back, so it does not go on. Look who is found now, and begin anew.", "warning"
            )
            return redirect(url_for("readers.show_bulk_deed", deed_id=deed_id), 303)
        flash("It goes on in the background with those who were not met.", "success")
        return redirect(url_for("readers.index"), 303)
    order = Order.from_json(found.wanted)
    is_filter_gone, chosen = bulk_obstacles.is_filter_gone(order), FilterForm.of(order.wanted)
    left = None if is_filter_gone else bulk.left(order, found.after)
    may_go_on = found.ended != Ended.TARGET_GONE and not is_filter_gone
    return render_template(
        "readers/bulk_deed.html",
        form=form,
        found=found,
        said=bulk_words.WORDS[order.deed],
        so_far=bulk_words.so_far(order.deed, found.number, left),
        why=bulk_words.WHY[Ended(found.ended)] if found.ended else "",
        lacks_service=found.ended == Ended.NOBODY_SENDS,
        whom=bulk_words.whom(chosen.words()) if order.ids is None else "Those who were ticked",
        target_label=bulk_words.target(order.deed),
        target=_target(order),
        may_go_on=may_go_on and order.deed not in FOR_GOOD,
        who_is_met=bulk_words.who_is_met(order.deed, is_ticked=order.ids is not None),
        begin_anew_at=url_for("readers.index", **chosen.address()) if may_go_on and order.deed in FOR_GOOD else "",
    )


def _target(order: Order) -> str:
    if order.target == EVERYTHING:
        return bulk_words.EVERY_KNOWLEDGE_BASE
    try:
        return bulk_obstacles.name_of_target(order)
    except bulk_obstacles.TargetGone:
        return "deleted meanwhile"


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
