"""The pictures of a knowledge base: upload one, and copy the Markdown that shows it."""

import contextlib
import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.file import FileField
from wtforms import Field, ValidationError

from kbadmin.access import Permission, requires
from kbadmin.articles import pictures
from kbadmin.articles.blueprint import blueprint
from kbadmin.forms import BaseForm, takes_uploads
from kbadmin.knowledge_bases.blueprint import knowledge_base_or_404
from kbadmin.knowledge_bases.pictures import MOST_UPLOADED, NotAPicture, Picture, read


class PictureForm(BaseForm):
    """A picture to upload."""

    picture = FileField("Picture", description="PNG, JPEG, WebP or GIF, at most 8 MiB. Large ones are made smaller.")
    opened: Picture | None = None

    def validate_picture(self, field: Field) -> None:
        """Open what was chosen; nothing else is a picture."""
        if not field.data or not getattr(field.data, "filename", ""):
            raise ValidationError("Choose a picture.")
        with contextlib.closing(field.data):
            uploaded = field.data.read(MOST_UPLOADED + 1)
        try:
            self.opened = read(uploaded)
        except NotAPicture as error:
            raise ValidationError(str(error)) from None


@blueprint.route("/pictures", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
@takes_uploads(MOST_UPLOADED)
def list_pictures(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Those there are, the newest first, and a form for another one."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    form = PictureForm()
    if form.validate_on_submit() and form.opened is not None:
        called = (form.picture.data.filename or "")[:100]
        kept = pictures.upload(knowledge_base_id, form.opened, called=called, actor=current_user.actor)
        flash("The picture is kept. Copy its line into the text of an article.", "success")
        here = url_for("articles.list_pictures", knowledge_base_id=knowledge_base_id, _anchor=f"picture-{kept.id}")
        return redirect(here, 303)
    page = pictures.page(
        knowledge_base_id,
        older_than=request.args.get("older_than", type=uuid.UUID),
        newer_than=request.args.get("newer_than", type=uuid.UUID),
    )
    shown = render_template("articles/pictures.html", knowledge_base=knowledge_base, form=form, page=page)
    return shown, 422 if form.errors else 200
