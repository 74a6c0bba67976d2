"""The pages of subscribers: who they are, add one, remove some, the list as a file, how their number grows."""

import uuid
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import clock
from kbadmin.access import Permission, requires
from kbadmin.database import db
from kbadmin.forms import BaseForm
from kbadmin.subscriptions import settings as operations
from kbadmin.subscriptions import subscriber_deeds, subscriber_export, subscriber_growth, subscriber_list
from kbadmin.subscriptions.blueprint import blueprint, edited_or_404
from kbadmin.subscriptions.models import Frequency
from kbadmin.subscriptions.subscriber_deeds import NotOpen
from kbadmin.subscriptions.subscriber_forms import FREQUENCIES, FilterForm, add_form, filter_form
from kbadmin.subscriptions.subscriber_list import MOST_COUNTED, State, target_in_words
from kbadmin.subscriptions.subscribing import Unsubscribed
from kbadmin.tenancy import current_account

MOST_TICKED = 200
HAS_LEFT = "This person has unsubscribed. Only they can come back: by the portal, or by the link in an e-mail they got."


@blueprint.get("/subscribers")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def subscribers(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Those that the filter in the address finds, in its order."""
    knowledge_base = edited_or_404(knowledge_base_id)
    form = filter_form(knowledge_base, request.args)
    ends = {name: request.args.get(name, type=uuid.UUID) for name in ("after", "before")}
    page = subscriber_list.page(knowledge_base_id, form.wanted, **ends)
    is_waiting, is_ticked = form.wanted.state is State.WAITING, request.args.get("ticks") == "all"
    return render_template(
        "subscriptions/subscribers.html",
        knowledge_base=knowledge_base,
        form=form,
        page=page,
        is_waiting=is_waiting,
        targets={} if is_waiting else subscriber_list.targets_of([line.id for line in page.lines]),
        untold={} if is_waiting else subscriber_list.untold(page.lines),
        target_in_words=target_in_words,
        frequencies=FREQUENCIES,
        most_counted=MOST_COUNTED,
        kept=_kept(),
        is_filtered=not form.wanted.is_everybody,
        is_turned=any(ends.values()),
        before_url=_list_url(knowledge_base_id, before=page.before),
        after_url=_list_url(knowledge_base_id, after=page.after),
        is_ticked=is_ticked,
        ticks_url=_ticks_url(knowledge_base_id, ends, is_ticked),
    )


@blueprint.route("/subscribers/new", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def add_subscriber(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Subscribe somebody who agreed, with a note about how."""
    knowledge_base, stored = edited_or_404(knowledge_base_id), operations.stored(knowledge_base_id)
    if stored is None:
        flash("Save the settings first, then add subscribers.", "warning")
        return redirect(url_for("subscriptions.settings", knowledge_base_id=knowledge_base_id), 303)
    form = add_form(knowledge_base, stored)
    if form.validate_on_submit():
        try:
            subscriber_deeds.add(
                knowledge_base,
                email=form.email.data,
                category_id=form.target.chosen,
                with_subcategories=form.with_subcategories.data,
                frequency=Frequency(form.frequency.data),
                note=form.note.data or "",
                actor=current_user.actor,
            )
        except NotOpen as error:
            form.email.errors = [str(error)]
        except Unsubscribed:
            form.email.errors = [HAS_LEFT]
        except LookupError:
            form.target.errors = ["This category is gone by now. Choose another one."]
        else:
            flash(f"{form.email.data} is subscribed.", "success")
            return redirect(url_for("subscriptions.subscribers", knowledge_base_id=knowledge_base_id), 303)
    page = render_template(
        "subscriptions/add_subscriber.html", knowledge_base=edited_or_404(knowledge_base_id), form=form
    )
    return page, 422 if form.errors else 200


@blueprint.route("/subscribers/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def remove_subscribers(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then unsubscribe those whose ids stand in the address."""
    knowledge_base, ids, form = edited_or_404(knowledge_base_id), _ticked(), BaseForm()
    back = _list_url(knowledge_base_id)
    if not subscriber_list.find_many(knowledge_base_id, ids):
        flash("Tick at least one person who is subscribed first.", "warning")
        return redirect(back, 303)
    if form.validate_on_submit():
        number = subscriber_deeds.remove(knowledge_base_id, ids, actor=current_user.actor)
        flash(f"{number:,} {'subscriber' if number == 1 else 'subscribers'} removed.", "success")
        return redirect(back, 303)
    page = subscriber_list.named(knowledge_base_id, ids)
    return render_template(
        "subscriptions/remove_subscribers.html", knowledge_base=knowledge_base, form=form, addresses=page, back=back
    )


@blueprint.get("/subscribers/export")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def export_subscribers(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """The list as a file, streamed."""
    knowledge_base = edited_or_404(knowledge_base_id)
    wanted = filter_form(knowledge_base, request.args).wanted
    lines = subscriber_export.rows(db.engine, current_account(), knowledge_base_id, wanted)
    file_name = f"subscribers-{knowledge_base.slug}-{clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(lines, mimetype="text/csv", headers=headers)


@blueprint.get("/subscribers/growth")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def growth(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Who joined and who left, by week."""
    knowledge_base = edited_or_404(knowledge_base_id)
    return render_template(
        "subscriptions/growth.html", knowledge_base=knowledge_base, weeks=subscriber_growth.weeks(knowledge_base)
    )


def _ticked() -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in request.args.getlist("subscriber")[:MOST_TICKED]]
    except ValueError:
        abort(400)


def _kept() -> dict[str, Any]:
    """The filter as it stands in the address, to go on with."""
    return {name: value for name, value in request.args.items() if name in FilterForm.NAMES and value}


def _ticks_url(knowledge_base_id: uuid.UUID, ends: dict[str, uuid.UUID | None], is_ticked: bool) -> str:
    """The address of this page with every box ticked, or none of them."""
    kept = _kept() | {name: value for name, value in ends.items() if value}
    if not is_ticked:
        kept["ticks"] = "all"
    return url_for("subscriptions.subscribers", knowledge_base_id=knowledge_base_id, **kept, _anchor="with-ticked")


def _list_url(knowledge_base_id: uuid.UUID, **end: Any) -> str:
    """The address of the list with another end to read from, its filter kept; empty where there is no such end."""
    if end and not any(end.values()):
        return ""
    return url_for("subscriptions.subscribers", knowledge_base_id=knowledge_base_id, **_kept(), **end)
