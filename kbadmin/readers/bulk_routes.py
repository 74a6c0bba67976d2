"""One page for what is done to many readers: it says how many and what happens, then does it."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms.fields.choices import SelectChoice

from kbadmin.access import Permission, requires
from kbadmin.database import new_id
from kbadmin.readers import bulk, bulk_words, welcome_estimates, welcome_ways
from kbadmin.readers.blueprint import blueprint
from kbadmin.readers.bulk_obstacles import TargetGone
from kbadmin.readers.bulk_orders import EVERYTHING, FOR_ACCESS, FOR_GROUPS, Deed, Order
from kbadmin.readers.bulk_words import WORDS
from kbadmin.readers.choices import group_choices, knowledge_base_choices
from kbadmin.readers.forms import BulkForm, FilterForm
from kbadmin.readers.welcomers import can_welcome
from kbadmin.readers.welcomes import NobodySends

MOST_TICKED = 200


@blueprint.route("/readers/bulk", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def bulk_deed() -> ResponseReturnValue:
    """Ask, then do. The address says what, and to whom: those that were ticked, or all that the filter finds."""
    chosen = FilterForm(request.args)
    if not chosen.validate() or request.args.get("deed") not in list(Deed):
        abort(400)  # A filter that cannot be read would be a wider one than was meant.
    deed, ids = Deed(request.args["deed"]), _ticked()
    back = url_for("readers.index", **kept_filter())
    if ids == ():
        flash("Tick at least one reader first, or choose all that are found.", "warning")
        return redirect(back, 303)
    form = _form_for(deed)
    order = Order(deed, chosen.wanted(), _until(form), ids, form.target.data or "" if "target" in form else "")
    if form.validate_on_submit():
        try:
            done = bulk.do(order, actor=current_user.actor, facts=_told(order, chosen.words()))
        except TargetGone:
            form.target.errors = ["This is gone by now. Choose again."]
        except NobodySends:  # The page says so.
            return redirect(request.full_path, 303)
        else:
            flash(bulk_words.report(deed, done), "success")
            return redirect(back, 303)
    left_out, number = bulk.left_out(order), bulk.reached(order)
    told = bulk.reached(order, welcome_ways.is_reached()) if WORDS[deed].mails else 0
    page = render_template(
        "readers/bulk.html",
        form=form,
        deed=deed,
        said=WORDS[deed],
        number=number,
        left_out=left_out,
        left_out_words=bulk_words.left_out(left_out),
        told_words=bulk_words.told(told, number) if WORDS[deed].mails else "",
        may_mail=can_welcome(),
        how_long=welcome_estimates.how_long(order) if deed is Deed.WELCOME else [],
        most_counted=bulk.MOST_COUNTED,
        whom=bulk_words.whom(chosen.words()) if ids is None else "Those you ticked",
        as_it_stands=ids is None,
        back=back,
        here=request.full_path,
    )
    return page, 422 if form.errors else 200


def kept_filter(**changed: Any) -> dict[str, Any]:
    """The filter as it stands in the address, to go on with; ``changed`` replaces parts of it."""
    kept = {name: value for name, value in request.args.items() if name in FilterForm.NAMES and value}
    return {name: value for name, value in (kept | changed).items() if value}


def _told(order: Order, words: dict[str, str]) -> dict[str, str]:
    """Who was meant, for the audit log; words that found somebody who was deleted may be their name."""
    if order.ids is not None:
        return {"chosen": "ticked in the list"}
    if order.deed is Deed.DELETE and "search" in words:
        words = words | {"search": "not kept"}
    return words or {"chosen": "everybody"}


def _ticked() -> tuple[uuid.UUID, ...] | None:
    """The readers that were ticked, or nothing if all that are found are meant."""
    if request.args.get("whom") == "found":
        return None
    try:
        return tuple(uuid.UUID(one) for one in request.args.getlist("reader")[:MOST_TICKED])
    except ValueError:
        abort(400)


def _form_for(deed: Deed) -> BulkForm:
    form = BulkForm()
    if deed in FOR_GROUPS:
        form.target.label.text = bulk_words.target(deed)
        form.target.choices = _as_text(group_choices())
    elif deed in FOR_ACCESS:
        form.target.label.text = bulk_words.target(deed)
        everything = [SelectChoice(EVERYTHING, bulk_words.EVERY_KNOWLEDGE_BASE)] if deed is Deed.GIVE_ACCESS else []
        form.target.choices = [*everything, *_as_text(knowledge_base_choices())]
    else:
        del form.target
    return form


def _until(form: BulkForm) -> uuid.UUID:
    """Who was there when the page was shown: the hidden field of the form that comes back, or now."""
    try:
        until = uuid.UUID(form.until.data or "")
    except ValueError:
        until = new_id()
    form.until.data = str(until)
    return until


def _as_text(choices: list[SelectChoice]) -> list[SelectChoice]:
    return [SelectChoice(str(one.value), one.label) for one in choices]
