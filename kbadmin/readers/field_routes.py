"""The pages of the account's own fields of readers: list, create, edit, delete."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.readers import fields, tabs
from kbadmin.readers.blueprint import blueprint
from kbadmin.readers.fields import LabelReserved, LabelTaken, NoMoreFields
from kbadmin.readers.forms import FieldForm, field_form
from kbadmin.readers.models import MOST_FIELDS, ReaderField
from kbadmin.seen import ChangedMeanwhile

LABEL_TAKEN = "Another field has this label already. Choose a label of its own."
LABEL_RESERVED = "Files of readers have a column of this name already. Choose another label."

tabs.add(
    tabs.Tab(
        "Fields", "readers.fields_index", "adjustments", 30,
        ("readers.create_field", "readers.edit_field", "readers.delete_field"),
    )
)  # fmt: skip


@blueprint.get("/readers/fields")
@requires(Permission.MANAGE_READERS)
def fields_index() -> ResponseReturnValue:
    """What is known of readers besides name and address."""
    return render_template("readers/fields.html", fields=fields.all_fields(), most=MOST_FIELDS)


@blueprint.route("/readers/fields/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def create_field() -> ResponseReturnValue:
    """Add Field."""
    form = FieldForm()
    if form.validate_on_submit():
        try:
            field = fields.create(
                label=form.label.data or "", is_required=form.is_required.data, actor=current_user.actor
            )
        except LabelTaken:
            form.label.errors = [LABEL_TAKEN]
        except LabelReserved:
            form.label.errors = [LABEL_RESERVED]
        except NoMoreFields:
            form.label.errors = [f"There are {MOST_FIELDS} fields already. Delete or rename one of them."]
        else:
            flash(f"Field {field.label} added.", "success")
            return redirect(url_for("readers.fields_index"), 303)
    return render_template("readers/create_field.html", form=form), 422 if form.errors else 200


@blueprint.route("/readers/fields/<uuid:field_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def edit_field(field_id: uuid.UUID) -> ResponseReturnValue:
    """What a field is called, and whether it must be filled in."""
    form = field_form(_field_or_404(field_id))
    if form.validate_on_submit():
        try:
            saved = fields.change(
                field_id,
                label=form.label.data or "",
                is_required=form.is_required.data,
                seen=form.seen,
                actor=current_user.actor,
            )
        except LabelTaken:
            form.label.errors = [LABEL_TAKEN]
        except LabelReserved:
            form.label.errors = [LABEL_RESERVED]
        except ChangedMeanwhile as changed:
            form = field_form(_field_or_404(field_id)).say_changed(changed)
        except LookupError:
            abort(404)
        else:
            flash(f"Field {saved.label} saved.", "success")
            return redirect(url_for("readers.fields_index"), 303)
    return render_template("readers/edit_field.html", form=form, field=_field_or_404(field_id)), form.status


@blueprint.route("/readers/fields/<uuid:field_id>/delete", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def delete_field(field_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then delete the field with all that stands in it."""
    field, form = _field_or_404(field_id), BaseForm()
    if form.validate_on_submit():
        label = field.label
        try:
            fields.remove(field_id, actor=current_user.actor)
        except LookupError:
            abort(404)
        flash(f"Field {label} deleted.", "success")
        return redirect(url_for("readers.fields_index"), 303)
    return render_template("readers/delete_field.html", form=form, field=field)


def _field_or_404(field_id: uuid.UUID) -> ReaderField:
    field = fields.find(field_id)
    if field is None:
        abort(404)
    return field
