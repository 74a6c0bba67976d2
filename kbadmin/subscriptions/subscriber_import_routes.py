"""The pages of an import of subscribers: upload, preview, progress, report."""

import uuid
from contextlib import closing

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.file import FileField
from wtforms import Field, StringField, ValidationError

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm, OneLine, Required, takes_uploads
from kbadmin.readers.csv_files import MOST_BYTES, BadFile, Sheet
from kbadmin.subscriptions import subscriber_files, subscriber_imports
from kbadmin.subscriptions.blueprint import blueprint, edited_or_404
from kbadmin.subscriptions.subscriber_import_models import Stage
from kbadmin.subscriptions.subscriber_imports import NotNow


class ImportForm(BaseForm):
    """A file, and what the consent of those in it rests on."""

    file = FileField("File", description="CSV, at most 5,000 rows, with a first line that names the columns.")
    note = StringField(
        "How They Agreed",
        [Required("Say how and when these people agreed, such as: signed up at the fair in March."), OneLine(300)],
        description="For rows without a note of their own.",
    )
    sheet: Sheet | None = None

    def validate_file(self, field: Field) -> None:
        """Look through the file, if one was chosen."""
        chosen = field.data
        if not chosen or not getattr(chosen, "filename", ""):
            raise ValidationError("Choose the file with your subscribers.")
        with closing(chosen):
            content = chosen.read(MOST_BYTES + 1)
        try:
            self.sheet = subscriber_files.open_file(content)
        except BadFile as error:
            raise ValidationError(str(error)) from None

    @property
    def file_name(self) -> str:
        """What the file was called, as pages can show it."""
        name = getattr(self.file.data, "filename", "") or ""
        return "".join(letter for letter in name if letter.isprintable())[:200] or "subscribers.csv"


@blueprint.route("/subscribers/import", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
@takes_uploads(MOST_BYTES)
def import_subscribers(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Choose a file; the imports of late."""
    knowledge_base, form = edited_or_404(knowledge_base_id), ImportForm()
    if form.validate_on_submit() and form.sheet is not None:
        checked = subscriber_files.check(knowledge_base, form.sheet, note=form.note.data or "")
        kept = subscriber_imports.keep(knowledge_base, checked, file_name=form.file_name, actor=current_user.actor)
        return _to(knowledge_base_id, kept.id)
    page = render_template(
        "subscriptions/import.html",
        knowledge_base=knowledge_base,
        form=form,
        recent=subscriber_imports.recent(knowledge_base_id),
    )
    return page, 422 if form.errors else 200


@blueprint.get("/subscribers/import/template")
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def subscriber_template(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """An empty file with the columns."""
    edited_or_404(knowledge_base_id)
    headers = {"Content-Disposition": 'attachment; filename="subscribers-template.csv"'}
    return Response(subscriber_files.template(), mimetype="text/csv", headers=headers)


@blueprint.route("/subscribers/import/<uuid:subscriber_import_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def show_import(knowledge_base_id: uuid.UUID, subscriber_import_id: uuid.UUID) -> ResponseReturnValue:
    """What would happen, how far it is, what happened; the page asks again by itself."""
    knowledge_base, form = edited_or_404(knowledge_base_id), BaseForm()
    if form.validate_on_submit():
        try:
            subscriber_imports.start(knowledge_base_id, subscriber_import_id, actor=current_user.actor)
        except NotNow:
            flash("That has been decided already. See where the import stands.", "warning")
        except LookupError:
            abort(404)
        return _to(knowledge_base_id, subscriber_import_id)
    found = subscriber_imports.find(knowledge_base_id, subscriber_import_id)
    if found is None:
        abort(404)
    is_part = request.headers.get("HX-Request") == "true"
    return render_template(
        "subscriptions/_import.html" if is_part else "subscriptions/show_import.html",
        knowledge_base=knowledge_base,
        found=found,
        form=form,
        is_moving=found.stage == Stage.RUNNING,
    )


def _to(knowledge_base_id: uuid.UUID, import_id: uuid.UUID) -> ResponseReturnValue:
    there = url_for("subscriptions.show_import", knowledge_base_id=knowledge_base_id, subscriber_import_id=import_id)
    return redirect(there, 303)
