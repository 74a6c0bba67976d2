"""What a knowledge base looks like: its colour as a style sheet, its pictures, the text of an article as markup."""

import re

from flask import Response, g, render_template, request, url_for
from markupsafe import Markup

from kbadmin import headers
from kbadmin.articles import markup
from kbadmin.articles.models import Article
from kbadmin.knowledge_bases.models import Attachment, KnowledgeBase
from kbadmin.portal import kept_pages
from kbadmin.portal.personal import MARKS
from kbadmin.portal.subscription_offers import Offered, bar_for_strangers

USUAL_COLOUR = "#0a4c99"
FILE_SECONDS = 60 * 60
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def page(template: str, *, offered: Offered | None = None, **values: object) -> Response:
    """A page of a knowledge base for whoever visits it, with what it offers to subscribe to."""
    is_strangers, messages_wait = g.visit.signed_in is None, g.visit.signed_in is not None and kept_pages.has_flashes()
    bar = bar_for_strangers(offered) if is_strangers else MARKS.bar if offered else ""
    html = render_template(template, mine=MARKS, offer=offered, bar=bar, **values)
    return kept_pages.made(html, offered=offered, has_flashes=messages_wait)


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
