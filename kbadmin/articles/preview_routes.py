"""What an article will look like: its pictures in the admin, and the preview of what is not saved yet."""

import uuid
from functools import partial

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from kbadmin.access import Permission, requires
from kbadmin.articles import markup, pictures
from kbadmin.articles.blueprint import blueprint
from kbadmin.articles.forms import article_form
from kbadmin.articles.markdown import TooMuch
from kbadmin.forms import takes_uploads
from kbadmin.knowledge_bases.blueprint import knowledge_base_or_404


def shown_here(knowledge_base_id: uuid.UUID, kept: str) -> Markup:
    """The HTML of an article with its pictures as the admin serves them."""
    return markup.shown(kept, partial(_address_here, knowledge_base_id))


@blueprint.post("/articles/preview")
@requires(Permission.WRITE_ARTICLES)
@takes_uploads(markup.MOST_BYTES)
def preview(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """What stands in the form as readers would see it; nothing is saved. Scripts get a part of a page."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    form = article_form(knowledge_base)
    problem, rendered = "", markup.Rendered("", "")
    try:
        rendered = markup.render(form.body.data or "")
    except TooMuch as error:
        problem = str(error)
    template = "articles/_preview.html" if "HX-Request" in request.headers else "articles/preview.html"
    page = render_template(
        template,
        knowledge_base=knowledge_base,
        form=form,
        content=shown_here(knowledge_base_id, rendered.html),
        left_out=rendered.left_out,
        missing=pictures.missing(knowledge_base_id, markup.pictures_in(rendered.html)),
        problem=problem,
    )
    return page, 422 if problem else 200


def _address_here(knowledge_base_id: uuid.UUID, picture_id: uuid.UUID) -> str:
    return url_for("knowledge_bases.picture", knowledge_base_id=knowledge_base_id, picture_id=picture_id)
