"""Merge fields: a tenant's Markdown with ``{{ first_name }}`` becomes the text and the HTML of an e-mail.

There is no template engine behind it: names from a fixed list are replaced once, by text, after the Markdown has been
rendered, so that a value is never read as Markdown, HTML or another field. A link's address may be a field that is a
link, as a whole; such a field that stands in the text is a link by itself.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from kbadmin.outbox.plain_text import plain_text

MOST_CHARACTERS = 20_000
MOST_NESTED = 15  # What is deeper than 20, the parser leaves out.

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
_FIELD = re.compile(r"\{\{\s*(\w{1,60})\s*\}\}")
_NONCE = f"field{secrets.token_hex(12)}n"  # Nobody who writes a text can know it.
_MARK = re.compile(rf"{_NONCE}([0-9a-f]+)z")  # With the name in hexadecimal digits: none of them ends it too early.
_TAGS = {"a", "blockquote", "br", "code", "em", "h2", "h3", "hr", "li", "ol", "p", "pre", "strong", "ul"}
#: Mail programs know no style sheets.
_STYLES = {
    "p": "margin:0 0 16px",
    "h2": "font-size:20px;line-height:28px;margin:0 0 12px",
    "h3": "font-size:17px;line-height:24px;margin:0 0 8px",
    "ul": "margin:0 0 16px;padding-left:20px",
    "ol": "margin:0 0 16px;padding-left:20px",
    "blockquote": "margin:0 0 16px;padding-left:12px;border-left:3px solid #dfe3e8",
    "pre": "margin:0 0 16px;padding:10px;background:#f4f6f8;white-space:pre-wrap",
    "hr": "border:0;border-top:1px solid #dfe3e8;margin:24px 0",
    "a": "color:#0a4c99;word-break:break-word",
}
_BUTTON = (
    "display:inline-block;padding:10px 18px;background:#0a4c99;color:#ffffff;border-radius:6px;"
    "text-decoration:none;font-weight:600"
)
_OPENING = re.compile(rf"<({'|'.join(_STYLES)})(?=[ >])")
_ALONE = re.compile(r'(<p style="[^"]*">)<a style="[^"]*"( href="[^"]*"[^>]*>[^<]*</a></p>)')


@dataclass(frozen=True)
class MergeField:
    """A name that a tenant may write in braces, what it stands for, and what a preview shows for it."""

    name: str
    label: str
    sample: str
    is_link: bool = False


@dataclass(frozen=True)
class Merged:
    """A body, twice."""

    text: str
    html: Markup


def names_in(text: str) -> list[str]:
    """The names in braces, in their order."""
    return [found[1] for found in _FIELD.finditer(text)]


def problems(text: str, fields: Sequence[MergeField], *, required: Collection[str] = ()) -> list[str]:
    """What is wrong with a tenant's text, in sentences for whoever wrote it."""
    known = {field.name: field for field in fields}
    listed = ", ".join("{{" + name + "}}" for name in known)
    said = [
        f"There is no field {{{{{name}}}}}. Use one of these: {listed}."
        for name in dict.fromkeys(names_in(text))
        if name not in known
    ]
    if len(text) > MOST_CHARACTERS:
        return [*said, f"Shorten the text to {MOST_CHARACTERS:,} characters."]
    tokens = _parsed(text, known)
    seen = {_name(digits) for digits in _MARK.findall(plain_text(tokens))}  # What a title of a link says, few see.
    said += [f"Add {{{{{name}}}}}: without it the reader cannot go on." for name in required if name not in seen]
    if any(token.level >= MOST_NESTED for token in tokens):
        said.append("Lists or quotes stand in each other more than 15 deep. Take some of them out.")
    if any(not _fits(str(token.attrs["href"]), known) for token in _links(tokens)):
        said.append("As the address of a link only a whole field that is a link may be used.")
    return said


def line(text: str, values: Mapping[str, str]) -> str:
    """A subject: one line, each field replaced once."""
    return " ".join(_FIELD.sub(lambda found: values.get(found[1], found[0]), text).split())


def body(text: str, fields: Sequence[MergeField], values: Mapping[str, str]) -> Merged:
    """Markdown with fields as text and as HTML for a mail program, which :func:`problems` had nothing to say of."""
    known = {field.name: field for field in fields if field.name in values}
    tokens = _parsed(text, known)
    cleaned = nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    styled = _OPENING.sub(lambda found: f'<{found[1]} style="{_STYLES[found[1]]}"', cleaned)
    styled = _ALONE.sub(rf'\1<a style="{_BUTTON}"\2', styled)
    return Merged(
        _MARK.sub(lambda found: values[_name(found[1])], plain_text(tokens)),
        Markup(_MARK.sub(lambda found: escape(values[_name(found[1])]), styled)),  # noqa: S704 - Cleaned, values escaped.
    )


def _parsed(text: str, known: Mapping[str, MergeField]) -> list[Token]:
    """Tokens with marks where known fields stand; headings one level lower, bare links as links."""
    marked = _FIELD.sub(lambda found: _mark(found[1]) if found[1] in known else found[0], text)
    tokens = _MARKDOWN.parse(marked)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h2" if token.tag in ("h1", "h2") else "h3"
        if token.children:
            token.children = list(_with_links(token.children, known))
    return tokens


def _mark(name: str) -> str:
    return f"{_NONCE}{name.encode().hex()}z"


def _name(digits: str) -> str:
    return bytes.fromhex(digits).decode()


def _with_links(children: Sequence[Token], known: Mapping[str, MergeField]) -> Iterator[Token]:
    """A field that is a link and stands in the text becomes one."""
    inside = 0
    for child in children:
        inside += (child.type == "link_open") - (child.type == "link_close")
        if child.type != "text" or inside:
            yield child
            continue
        for number, piece in enumerate(_MARK.split(child.content)):
            if not number % 2:
                yield Token("text", "", 0, content=piece)
                continue
            mark = Token("text", "", 0, content=_mark(_name(piece)))
            if not known[_name(piece)].is_link:
                yield mark
                continue
            yield Token("link_open", "a", 1, attrs={"href": mark.content})
            yield mark
            yield Token("link_close", "a", -1)


def _links(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (child for child in token.children or [] if child.type == "link_open")


def _fits(address: str, known: Mapping[str, MergeField]) -> bool:
    """Whether an address holds no field, or is one that is a link."""
    whole = _MARK.fullmatch(address)
    return known[_name(whole[1])].is_link if whole else not _MARK.search(address) and "%7B%7B" not in address
