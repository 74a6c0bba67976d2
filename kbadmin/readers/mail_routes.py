"""The e-mails of one reader: welcome, reset, and a link that is passed on by hand."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.readers import emails, passwords, welcomes
from kbadmin.readers.blueprint import blueprint, reader_or_404
from kbadmin.readers.models import Reader
from kbadmin.readers.welcomes import NobodySends

LINK = "reader_link"
NOBODY_SENDS = "Nobody can send e-mail to readers now. Choose a service under Settings, or copy a link and pass it on."


def values_of(reader: Reader) -> dict[str, Any]:
    """What the page of a reader says of their e-mails."""
    return {
        "welcome": welcomes.welcomes_of([reader]).get(reader.id),
        "may_mail": emails.way_to(reader) is not None,
    }


@blueprint.post("/readers/<uuid:reader_id>/welcome")
@requires(Permission.MANAGE_READERS)
def send_welcome(reader_id: uuid.UUID) -> ResponseReturnValue:
    """Welcome a reader, or once more."""
    reader = reader_or_404(reader_id)
    try:
        if not welcomes.send_again([reader.id], actor=current_user.actor):
            flash("Only active readers are welcomed. Enable the reader first.", "warning")
            return _back(reader_id)
    except NobodySends:
        flash(NOBODY_SENDS, "error")
        return _back(reader_id)
    return _queued(reader, "A welcome")


@blueprint.post("/readers/<uuid:reader_id>/clear-welcome")
@requires(Permission.MANAGE_READERS)
def clear_welcome(reader_id: uuid.UUID) -> ResponseReturnValue:
    """Somebody knows that the last welcome failed."""
    reader_or_404(reader_id)
    welcomes.clear(reader_id, actor=current_user.actor)
    flash("The warning is cleared.", "success")
    return _back(reader_id)


@blueprint.post("/readers/<uuid:reader_id>/reset")
@requires(Permission.MANAGE_READERS)
def send_reset(reader_id: uuid.UUID) -> ResponseReturnValue:
    """Mail a link to set another password. The old one works until it is used."""
    reader = reader_or_404(reader_id)
    try:
        passwords.mail_reset(reader_id, actor=current_user.actor)
    except LookupError:
        flash(NOBODY_SENDS, "error")
        return _back(reader_id)
    return _queued(reader, "A link to set another password")


@blueprint.route("/readers/<uuid:reader_id>/link", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def hand_out_link(reader_id: uuid.UUID) -> ResponseReturnValue:
    """A link to choose a password, to be passed on by hand; shown once, as only its fingerprint is stored."""
    reader, form = reader_or_404(reader_id), BaseForm()
    if not passwords.may_sign_in(reader):
        abort(409)
    if form.validate_on_submit():
        token = passwords.make_link(reader_id, actor=current_user.actor)
        session[LINK] = {"reader": str(reader_id), "address": emails.set_password_address(token)}
        return redirect(url_for("readers.hand_out_link", reader_id=reader_id), 303)
    shown = session.pop(LINK, {})
    address = shown.get("address") if shown.get("reader") == str(reader_id) else None
    hours = passwords.HANDED_OUT_LIFETIME.total_seconds() // 3600
    return render_template("readers/link.html", reader=reader, address=address, hours=int(hours))


def _queued(reader: Reader, what: str) -> ResponseReturnValue:
    way = emails.way_to(reader)
    if way is not None and way.waits:
        flash(f"{what} waits in the queue until the service can send again.", "warning")
    else:
        flash(f"{what} is on its way.", "success")
    return _back(reader.id)


def _back(reader_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("readers.edit", reader_id=reader_id), 303)
