"""Send again and Cancel: for one message, or for all that the filter in the address finds."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.delivery import log_operations, mass_plans, waiting
from kbadmin.delivery.log_forms import FilterForm
from kbadmin.delivery.log_operations import Deed, NotPossible
from kbadmin.delivery.log_routes import filter_form, kept_filter, message_or_404
from kbadmin.delivery.log_scope import scope_of
from kbadmin.delivery.log_words import STATES
from kbadmin.forms import BaseForm
from kbadmin.outbox.models import Status
from kbadmin.smtp import operations

blueprint = Blueprint("delivery_log_deeds", __name__)

SAID = {
    Deed.SEND_AGAIN: "The message to {} waits to be sent again.",
    Deed.CANCEL: "The message to {} is cancelled and not sent.",
}
SAID_OF_MANY = {Deed.SEND_AGAIN: "{:,} messages wait to be sent again.", Deed.CANCEL: "{:,} messages are cancelled."}
GOES_ON = " The rest follows in the background, a thousand at a time; the figures below show how far it is."


@blueprint.route("/deliveries/<uuid:message_id>/send-again", methods=["GET", "POST"])
@requires(Permission.MANAGE_DELIVERIES)
def send_again(message_id: uuid.UUID) -> ResponseReturnValue:
    """Ask, then queue one message anew."""
    return _one(message_id, Deed.SEND_AGAIN)


@blueprint.route("/deliveries/<uuid:message_id>/cancel", methods=["GET", "POST"])
@requires(Permission.MANAGE_DELIVERIES)
def cancel(message_id: uuid.UUID) -> ResponseReturnValue:
    """Ask, then withdraw one message."""
    return _one(message_id, Deed.CANCEL)


@blueprint.route("/deliveries/send-again", methods=["GET", "POST"])
@requires(Permission.MANAGE_DELIVERIES)
def send_all_again() -> ResponseReturnValue:
    """Say how many messages and how long, then queue them anew."""
    return _many(Deed.SEND_AGAIN)


@blueprint.route("/deliveries/cancel", methods=["GET", "POST"])
@requires(Permission.MANAGE_DELIVERIES)
def cancel_all() -> ResponseReturnValue:
    """Say how many messages, then withdraw them."""
    return _many(Deed.CANCEL)


def _one(message_id: uuid.UUID, deed: Deed) -> ResponseReturnValue:
    message, _ = message_or_404(message_id)
    form = BaseForm()
    if not form.validate_on_submit():
        return render_template(f"delivery/{deed.value.replace('-', '_')}.html", message=message, form=form)
    try:
        recipient = log_operations.do(message_id, deed, actor=current_user.actor)
    except LookupError:
        message_or_404(message_id)
    except NotPossible as reason:
        flash(str(reason), "error")
    else:
        flash(SAID[deed].format(recipient), "success")
    return redirect(url_for("delivery_log.message", message_id=message_id), 303)


def _many(deed: Deed) -> ResponseReturnValue:
    lanes = waiting.look(operations.all_services())
    chosen = filter_form(scope_of(current_user), lanes)
    is_readable = chosen.validate()
    wanted = mass_plans.narrowed(chosen.wanted(current_user.time_zone), deed)
    state = STATES[Status(wanted.state)]
    form = BaseForm()
    # A filter that cannot be read would be a wider one than was meant.
    if is_readable and form.validate_on_submit():
        facts = {"state": state.lower()} | _in_words(chosen)
        done = log_operations.do_to_all(wanted, deed, actor=current_user.actor, facts=facts)
        said = SAID_OF_MANY[deed].format(done.number).replace("1 messages are", "1 message is")
        flash(said.replace("1 messages wait", "1 message waits") + (GOES_ON if done.goes_on else ""), "success")
        return redirect(url_for("delivery_log.index", **kept_filter(state=None)), 303)
    page = render_template(
        "delivery/mass_deed.html",
        form=form,
        deed=deed,
        Deed=Deed,
        state=state,
        is_readable=is_readable,
        plan=mass_plans.plan(wanted, deed, lanes) if is_readable else None,
        words=_in_words(chosen),
        back=url_for("delivery_log.index", **kept_filter()),
    )
    return page, 200 if is_readable else 422


def _in_words(form: FilterForm) -> dict[str, str]:
    """What was chosen besides the state, as the page and the audit log say it."""
    said = {}
    for field in form:
        if field.name in FilterForm.NAMES and field.name != "state" and field.data:
            words = {str(choice.value): choice.label for choice in getattr(field, "choices", None) or []}
            said[field.label.text.lower().replace("smtp", "SMTP")] = words.get(str(field.data), str(field.data))
    return said
