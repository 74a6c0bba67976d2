"""What must be true of every page, whatever it shows. The browser of the tests asks on each response.

lxml reads a page in a millisecond, and everything is asked in one walk: thousands of pages are checked in a run.
"""

from collections import Counter

import lxml.html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from kbadmin.headers import LETTER_POLICY

_UNLABELLED = ("hidden", "submit", "button", "image")
_FIELDS = ("input", "select", "textarea")
_REFERENCES = ("aria-describedby", "aria-labelledby", "aria-controls", "for")


def check_headers(response: TestResponse) -> None:
    """Security headers are on every response, errors and redirects included."""
    policy = response.headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy, "no Content-Security-Policy"
    assert "unsafe" not in policy or policy == LETTER_POLICY, "the policy allows inline scripts or styles"
    assert response.headers.get("X-Content-Type-Options") == "nosniff"
    if not response.request.path.startswith("/static/"):
        check_caching(response)


def check_caching(response: TestResponse) -> None:
    """Pages are not cached, but those of the portal that are the same for everybody: they hand out no cookie."""
    caching = response.headers.get("Cache-Control", "")
    if "no-store" in caching:
        return
    assert response.request.path.startswith("/kb/"), "pages are not cached"
    assert caching.startswith("public, max-age="), caching
    assert "Set-Cookie" not in response.headers, "a cookie of one person would be kept for all"
    assert "Cookie" in response.headers.get("Vary", ""), "whoever signs in sees another page"


def is_whole(html: str) -> bool:
    """Whether this is a page, not a part of one."""
    return "<html" in html


def tree_of(html: str) -> HtmlElement:
    """A page, or a part of one, as a tree."""
    return lxml.html.document_fromstring(html) if is_whole(html) else lxml.html.fragment_fromstring(html, "div")


def check_page(page: HtmlElement) -> None:
    """A whole page: language, one heading, and a title that begins with it; and what is true of its parts."""
    assert page.get("lang"), "the page does not say its language"
    headings = list(page.iter("h1"))
    assert len(headings) == 1, f"a page has one h1, this one has {len(headings)}"
    heading, title = _words(headings[0]), " ".join((page.findtext(".//title") or "").split())
    assert heading, "the heading is empty"
    assert title.startswith(heading), f"the title «{title}» does not begin with the heading «{heading}»"
    _check(page, knows_all_ids=True)


def check_fragment(part: HtmlElement) -> None:
    """A part of a page: labels, ids, tokens, nothing inline."""
    _check(part, knows_all_ids=False)


def _check(root: HtmlElement, *, knows_all_ids: bool) -> None:
    elements = list(root.iter("*"))
    ids = Counter(found.attrib["id"] for found in elements if "id" in found.attrib)
    twice = sorted(name for name, count in ids.items() if count > 1)
    assert not twice, f"ids that stand twice: {twice}"
    labelled = {found.get("for") for found in elements if found.tag == "label" and _words(found)}
    for found in elements:
        if knows_all_ids:
            _check_references(found, ids)
        _check_nothing_inline(found)
        if found.tag in _FIELDS and found.get("type") not in _UNLABELLED:
            _check_label(found, labelled)
        elif found.tag == "button":
            assert _words(found) or found.get("aria-label"), f"a button without words: {found.attrib}"
        elif found.tag == "form" and found.get("method", "get").lower() != "get":
            has_token = any(field.get("name") == "csrf_token" for field in found.iter("input"))
            # Unsubscribing: the token in its address is what gives the right.
            assert has_token or found.get("data-right") == "address", f"no csrf_token: {found.get('action')}"


def _check_references(found: HtmlElement, ids: Counter[str]) -> None:
    for attribute in _REFERENCES:
        for name in found.get(attribute, "").split():
            assert name in ids, f"{attribute}={name!r} points to nothing"


def _check_nothing_inline(found: HtmlElement) -> None:
    attributes = found.attrib
    assert "style" not in attributes, f"an inline style on <{found.tag}>"
    events = [name for name in attributes if name.startswith("on")]
    assert not events, f"event attributes on <{found.tag}>: {events}"
    assert found.tag != "style", "an inline style sheet"
    assert found.tag != "script" or attributes.get("src"), "an inline script"


def _check_label(field: HtmlElement, labelled: set[str | None]) -> None:
    named = field.get("aria-label") or field.get("aria-labelledby") or (field.get("id") or "") in labelled
    assert named or any(above.tag == "label" for above in field.iterancestors()), (
        f"a field without a label: {field.get('name')}"
    )


def _words(found: HtmlElement) -> str:
    return " ".join(" ".join(found.itertext()).split())
