"""Markdown becomes HTML that may be shown: made by :mod:`kbadmin.articles.markdown`, cleaned by nh3, kept, and shown
by :func:`shown`.

HTML in the text stays text. Pictures come from the knowledge base's own attachments only, written
``![what is seen](attachment:<id>)``: where they are is decided when they are shown, as the admin and the portal have
addresses of their own.
"""

import html
import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import nh3
from markdown_it.token import Token
from markupsafe import Markup, escape

from kbadmin.articles import markdown
from kbadmin.articles.markdown import TooMuch

MOST_BYTES = 256 * 1024
MOST_NESTED = 100  # The time that cleaning takes grows with the square of the depth.

_OWN_PICTURE = re.compile(r"attachment:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
_KEPT_PICTURE = re.compile(rf'<img src="{_OWN_PICTURE.pattern}"')
_HEADING = re.compile(r"<h([2-6])>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SIDES = {"text-align:right": "is-right", "text-align:center": "is-center"}
_CLASSES = {"th": set(_SIDES.values()), "td": set(_SIDES.values())}
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel", "attachment"}


@dataclass(frozen=True)
class Rendered:
    """What was made of a text: HTML to keep, its words alone, and pictures that were left out as they are elsewhere."""

    html: str
    words: str
    left_out: tuple[str, ...] = ()


@lru_cache(maxsize=8)
def render(text: str) -> Rendered:
    """Markdown as HTML and as words. Raises :class:`TooMuch`.

    What a form has just checked is what its operation saves, so the last few are remembered.
    """
    if len(text.encode()) > MOST_BYTES:
        raise TooMuch("Shorten the text to 256 KiB, or make two articles of it.")
    tokens = markdown.parse(text)
    if _depth(tokens) > MOST_NESTED:
        raise TooMuch("Lists, quotes or marks stand in each other more than a hundred deep. Take some of them out.")
    left_out = tuple(_only_own_pictures(tokens))
    _fit_headings(tokens)
    for token in tokens:
        _fit(token)
    cleaned = nh3.clean(
        markdown.as_html(tokens),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_sensible,
        url_schemes=_SCHEMES,
        allowed_classes=_CLASSES,
        link_rel="noopener noreferrer",
    )
    return Rendered(_with_anchors(cleaned), " ".join(_words(tokens)), left_out)


def shown(kept: str, address_of: Callable[[uuid.UUID], str]) -> Markup:
    """HTML that :func:`render` made, as a page may show it; ``address_of`` says where a picture is."""

    def picture(found: re.Match[str]) -> str:
        return f'<img loading="lazy" src="{escape(address_of(uuid.UUID(found[1])))}"'

    # What may be wider than the page scrolls sideways, with the keyboard, too.
    scrollable = kept.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')
    return Markup(_KEPT_PICTURE.sub(picture, scrollable))  # noqa: S704 - Cleaned by nh3 before it was kept.


def pictures_in(kept: str) -> list[uuid.UUID]:
    """The pictures that HTML which :func:`render` made shows, each once."""
    return list(dict.fromkeys(uuid.UUID(found) for found in _KEPT_PICTURE.findall(kept)))


def kept_picture(picture_id: uuid.UUID) -> str:
    """How a picture stands in the HTML that :func:`render` made: text cannot hold it, as its «<» is escaped."""
    return f'<img src="attachment:{picture_id}"'


def _depth(tokens: Sequence[Token]) -> int:
    deepest = level = 0
    for token in tokens:
        level += token.nesting
        deepest = max(deepest, level + (_depth(token.children) if token.children else 0))
    return deepest


def _only_own_pictures(tokens: Sequence[Token]) -> Iterator[str]:
    """Make text of pictures that are elsewhere, and say where they are."""
    for token in tokens:
        for number, child in enumerate(token.children or []):
            if child.type != "image":
                continue
            source = str(child.attrs["src"])
            if own := _OWN_PICTURE.fullmatch(source):
                child.attrs["src"] = f"attachment:{own[1].lower()}"
            else:
                token.children[number] = Token("text", "", 0, content=child.content)  # type: ignore[index]
                yield source


def _fit_headings(tokens: Sequence[Token]) -> None:
    """The page's own heading is the first, and no level is left out, whatever somebody began with (WCAG 2.2, 1.3.1)."""
    above: list[int] = []  # levels as they were written, from the outermost heading to the present one
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            above = [*(one for one in above if one < level), level]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(len(above) + 1, 6)}"


def _fit(token: Token) -> None:
    """The sides of table cells are classes, as pages allow no style."""
    if token.type in ("th_open", "td_open") and (side := _SIDES.get(str(token.attrs.pop("style", "")))):
        token.attrs["class"] = side


def _only_sensible(_tag: str, attribute: str, value: str) -> str | None:
    """A picture is an attachment, and a link is none."""
    if attribute == "src":
        return value if _OWN_PICTURE.fullmatch(value) else None
    if attribute == "href" and value.lower().lstrip().startswith("attachment:"):
        return None
    return value


def _with_anchors(cleaned: str) -> str:
    """Give each heading an id of its own, so that links may lead to it."""
    used: Counter[str] = Counter()

    def anchored(found: re.Match[str]) -> str:
        wanted = f"section-{_slug(html.unescape(_TAG.sub('', found[2]))) or 'part'}"
        used[wanted] += 1
        # Two hyphens, which no slug has: the second «Step» is never taken for a heading «Step 2».
        name = wanted if used[wanted] == 1 else f"{wanted}--{used[wanted]}"
        return f'<h{found[1]} id="{name}">{found[2]}</h{found[1]}>'

    return _HEADING.sub(anchored, cleaned)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[^\w]+", "-", plain).strip("-")[:60].strip("-")


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    """The text of each block, single-spaced."""
    for token in tokens:
        if token.type == "inline":
            text = "".join(_text_of(child) for child in token.children or [])
        else:
            text = token.content if token.type in ("fence", "code_block") else ""
        if text.strip():
            yield " ".join(text.split())


def _text_of(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content
