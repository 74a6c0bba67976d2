"""What a knowledge base looks like: its colour as a style sheet, its pictures, the text of an article as markup."""

import re

from flask import Response, g, make_response, render_template, request, url_for
from markupsafe import Markup

from kbadmin import headers
from kbadmin.articles import markup
from kbadmin.articles.models import Article
from kbadmin.knowledge_bases.models import Attachment, KnowledgeBase

USUAL_COLOUR = "#0a4c99"
PAGE_SECONDS = 60
FILE_SECONDS = 60 * 60
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def page(template: str, **values: object) -> Response:
    """A page of a knowledge base. Strangers' pages are the same for all of them, and may be kept for a minute."""
    response = make_response(render_template(template, **values))
    if g.visit.signed_in:
        headers.keep_private()
        return response
    return _kept(response, PAGE_SECONDS)


def style_sheet(knowledge_base: KnowledgeBase) -> Response:
    """The colour, as the one variable that the portal's sheet asks for: a page must not hold styles itself."""
    colour = knowledge_base.colour if _COLOUR.fullmatch(knowledge_base.colour) else USUAL_COLOUR
    response = Response(f":root {{ --portal-colour: {colour}; }}\n", mimetype="text/css")
    return _kept(response, FILE_SECONDS)


def picture(kept: Attachment, *, is_private: bool = False) -> Response:
    """A picture as it was written when it was kept."""
    response = Response(kept.content, mimetype=kept.media_type)
    if is_private:
        headers.keep_private()
        return response
    return _kept(response, FILE_SECONDS)


def text_of(article: Article) -> Markup:
    """What an article says, with its pictures at the portal's addresses."""
    return markup.shown(
        article.html, lambda picture_id: url_for("portal.image", image_id=picture_id, article=article.slug)
    )


def _kept(response: Response, seconds: int) -> Response:
    headers.allow_caching(seconds=seconds)
    response.vary.add("Cookie")
    response.add_etag()
    response.make_conditional(request)
    return response
