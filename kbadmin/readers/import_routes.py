"""The pages of an import: upload, preview, progress, report."""

import uuid

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm, takes_uploads
from kbadmin.readers import csv_files, fields, imports, tabs
from kbadmin.readers.blueprint import blueprint
from kbadmin.readers.import_forms import ImportForm
from kbadmin.readers.import_models import Existing, ReaderImport
from kbadmin.readers.imports import NotNow

OVER = "That has been decided already. See where the import stands."

tabs.add(
    tabs.Tab("Import", "readers.import_file", "switch-horizontal", 40, ("readers.show_import", "readers.stop_import"))
)


@blueprint.route("/readers/import", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
@takes_uploads(csv_files.MOST_BYTES)
def import_file() -> ResponseReturnValue:
    """Choose a file and what is to become of it; the imports of late."""
    form = ImportForm()
    if form.validate_on_submit() and form.upload is not None:
        begun = imports.begin(
            form.upload,
            existing=Existing(form.existing.data),
            belongings=form.belongings,
            sends_welcome=bool("sends_welcome" in form and form.sends_welcome.data),
            actor=current_user.actor,
        )
        return redirect(url_for("readers.show_import", import_id=begun.id), 303)
    page = render_template("readers/import.html", form=form, recent=imports.recent())
    return page, 422 if form.errors else 200


@blueprint.get("/readers/import/template")
@requires(Permission.MANAGE_READERS)
def import_template() -> ResponseReturnValue:
    """An empty file with the account's columns."""
    labels = {fields.column_of(one): one.label for one in fields.all_fields()}
    headers = {"Content-Disposition": 'attachment; filename="readers-template.csv"'}
    return Response(csv_files.template(labels), mimetype="text/csv", headers=headers)


@blueprint.route("/readers/import/<uuid:import_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def show_import(import_id: uuid.UUID) -> ResponseReturnValue:
    """Where an import stands: being checked, ready to start, under way, over. The page asks again by itself."""
    found, form = _import_or_404(import_id), BaseForm()
    if form.validate_on_submit():
        try:
            imports.start(import_id, actor=current_user.actor)
        except NotNow:
            flash(OVER, "warning")
        except LookupError:
            abort(404)
        return redirect(url_for("readers.show_import", import_id=import_id), 303)
    problems, next_after = imports.problems(import_id, _number("after"))
    return render_template(
        "readers/_import.html" if request.headers.get("HX-Request") == "true" else "readers/show_import.html",
        form=form,
        found=found,
        problems=problems,
        next_after=next_after,
        is_turned=bool(_number("after")),
        sample=imports.sample(import_id) if found.stage == "checked" else [],
        labels={fields.column_of(one): one.label for one in fields.all_fields()},
    )


@blueprint.route("/readers/import/<uuid:import_id>/stop", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def stop_import(import_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then import no more of it."""
    found, form = _import_or_404(import_id), BaseForm()
    if form.validate_on_submit():
        try:
            imports.stop(import_id, actor=current_user.actor)
        except NotNow:
            flash(OVER, "warning")
        except LookupError:
            abort(404)
        else:
            flash("The import is stopped.", "success")
        return redirect(url_for("readers.show_import", import_id=import_id), 303)
    return render_template("readers/stop_import.html", form=form, found=found)


def _import_or_404(import_id: uuid.UUID) -> ReaderImport:
    found = imports.find(import_id)
    if found is None:
        abort(404)
    return found


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
