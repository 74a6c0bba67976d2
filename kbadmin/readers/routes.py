"""The pages of readers: list, create, edit, disable, enable, delete, export."""

import uuid
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from kbadmin import clock, navigation
from kbadmin.access import Permission, requires
from kbadmin.accounts import home
from kbadmin.database import db
from kbadmin.forms import BaseForm
from kbadmin.readers import (
    attention,
    bulk_left_routes,
    bulk_routes,
    emails,
    exporting,
    field_routes,
    fields,
    group_routes,
    import_routes,
    letting_in,
    line_names,
    listing,
    mail_routes,
    operations,
    tabs,
    welcomes,
)
from kbadmin.readers.blueprint import blueprint, reader_or_404
from kbadmin.readers.bulk_routes import kept_filter
from kbadmin.readers.bulk_words import WORDS
from kbadmin.readers.deeds import DEEDS, NOT_FOR
from kbadmin.readers.forms import FilterForm, ReaderForm, reader_form
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.operations import AddressTaken
from kbadmin.seen import ChangedMeanwhile
from kbadmin.tenancy import current_account
from kbadmin.traced_pages import kept_while_told_the_same

__all__ = ["attention", "blueprint", "bulk_left_routes", "bulk_routes", "field_routes", "group_routes", "import_routes"]

navigation.in_main_menu(
    navigation.Place(
        "Readers",
        "readers.index",
        "users-group",
        Permission.MANAGE_READERS,
        30,
        ("readers.", "reader_emails.", "reader_texts."),
    )
)
tabs.add(
    tabs.Tab(
        "Readers", "readers.index", "users", 10, ("readers.create", "readers.edit", "readers.confirm", "readers.bulk")
    )
)
home.quick_link(
    home.QuickLink(
        "Readers",
        "Who may read your knowledge bases, their groups, and what they may open.",
        "readers.index",
        "users-group",
        Permission.MANAGE_READERS,
        20,
    )
)


def _set_up() -> home.SetUpStep:
    """How far the account is with people to read."""
    if db.session.scalar(select(Reader.id).where(Reader.deleted_at.is_(None)).limit(1)) is not None:
        return home.SetUpStep("Readers", True, "There is somebody to read.", "Open readers", "readers.index")
    text = "Nobody yet who reads: add a reader, or import a list."
    return home.SetUpStep("Readers", False, text, "Add a reader", "readers.create")


home.set_up_with(_set_up, permission=Permission.MANAGE_READERS, order=20)


@blueprint.get("/readers")
@requires(Permission.MANAGE_READERS)
@kept_while_told_the_same
def index() -> ResponseReturnValue:
    """Readers, searched, filtered and sorted, a page at a time."""
    form = FilterForm(request.args)
    form.validate()
    wanted = form.wanted()
    page, is_ticked = listing.page(wanted, after=_id("after"), before=_id("before")), request.args.get("ticks") == "all"
    ids = [line.id for line in page.lines]
    return render_template(
        "readers/index.html",
        form=form,
        is_filtered=not wanted.is_everybody,
        is_turned=bool(_id("after") or _id("before")),
        page=page,
        most_counted=listing.MOST_COUNTED,
        groups_of=line_names.groups_of(ids),
        access_of=line_names.access_of(ids),
        welcomes=welcomes.welcomes_of(page.lines),
        number_waiting=letting_in.number_waiting(),
        in_words=attention.in_words,
        deeds=WORDS,
        kept=kept_filter(),
        before_url=_address(before=page.before),
        after_url=_address(after=page.after),
        is_ticked=is_ticked,
        ticks_url=_ticks_url(is_ticked),
    )


@blueprint.route("/readers/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def create() -> ResponseReturnValue:
    """Add Reader."""
    form = reader_form()
    if form.validate_on_submit():
        try:
            reader = operations.create(
                form.details, form.belongings, sends_welcome=form.wants_welcome, actor=current_user.actor
            )
        except AddressTaken as taken:
            _say_taken(form, taken)
        else:
            flash(f"Reader {reader.label} added.", "success")
            return redirect(url_for("readers.index"), 303)
    page = render_template("readers/create.html", form=form, taken=_taken_by(form))
    return page, 422 if form.errors else 200


@blueprint.route("/readers/<uuid:reader_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def edit(reader_id: uuid.UUID) -> ResponseReturnValue:
    """What is known of a reader, what they belong to and may open."""
    form = reader_form(reader_or_404(reader_id))
    if form.validate_on_submit():
        try:
            entered, seen = (form.details, form.belongings), form.seen
            saved = operations.change(reader_id, *entered, seen=seen, actor=current_user.actor)
        except AddressTaken as taken:
            _say_taken(form, taken)
        except ChangedMeanwhile as changed:
            form = reader_form(reader_or_404(reader_id)).say_changed(changed)
        except LookupError:
            abort(404)
        else:
            flash(f"Reader {saved.label} saved.", "success")
            return redirect(url_for("readers.edit", reader_id=reader_id), 303)
    reader = reader_or_404(reader_id)
    page = render_template(
        "readers/edit.html", form=form, reader=reader, taken=_taken_by(form), **mail_routes.values_of(reader)
    )
    return page, form.status


@blueprint.route("/readers/<uuid:reader_id>/<string:name>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def confirm(reader_id: uuid.UUID, name: str) -> ResponseReturnValue:
    """Say what will happen; then do it."""
    reader, deed, form = reader_or_404(reader_id), DEEDS.get(name), BaseForm()
    if deed is None:
        abort(404)
    if deed.for_status not in (None, reader.status):
        flash(NOT_FOR[ReaderStatus(reader.status)].format(reader.label), "warning")
        return redirect(url_for("readers.edit", reader_id=reader_id), 303)
    if form.validate_on_submit():
        label = reader.label
        try:
            deed.perform(reader_id, actor=current_user.actor)
        except LookupError:
            abort(404)
        flash(deed.done.format(label), "success")
        return redirect(url_for("readers.edit", reader_id=reader_id) if deed.stays else url_for("readers.index"), 303)
    may_mail = emails.way_to(reader) is not None
    return render_template("readers/confirm.html", form=form, reader=reader, deed=deed, may_mail=may_mail)


@blueprint.get("/readers/export")
@requires(Permission.MANAGE_READERS)
def export() -> ResponseReturnValue:
    """The readers that are found, as a file, streamed."""
    form = FilterForm(request.args)
    form.validate()
    labels = {fields.column_of(field): field.label for field in fields.all_fields()}
    lines = exporting.rows(db.engine, current_account(), form.wanted(), labels)
    headers = {"Content-Disposition": f'attachment; filename="readers-{clock.now():%Y-%m-%d}.csv"'}
    return Response(lines, mimetype="text/csv", headers=headers)


def _say_taken(form: ReaderForm, taken: AddressTaken) -> None:
    form.email.errors = ["Another reader has this address already. Change that one, or enter another address."]
    form.taken_by = taken.reader_id


def _taken_by(form: ReaderForm) -> Reader | None:
    return operations.find(form.taken_by) if form.taken_by is not None else None


def _id(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _ticks_url(is_ticked: bool) -> str:
    """The address of this page with every box ticked, or none of them."""
    ticks = "" if is_ticked else "all"
    kept = kept_filter(after=_id("after"), before=_id("before"), ticks=ticks)
    return url_for("readers.index", **kept, _anchor="with-ticked")


def _address(**end: Any) -> str | None:
    """The address of this page from another reader on, its filter kept."""
    return url_for("readers.index", **kept_filter(**end)) if any(end.values()) else None
