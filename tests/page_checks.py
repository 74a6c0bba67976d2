"""What must be true of every page, whatever it shows. The browser of the tests asks on each response."""

from bs4 import BeautifulSoup, Tag
from werkzeug.test import TestResponse

_UNLABELLED = ("hidden", "submit", "button", "image")


def check_headers(response: TestResponse) -> None:
    """Security headers are on every response, errors and redirects included."""
    policy = response.headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy, "no Content-Security-Policy"
    assert "unsafe" not in policy, "the policy allows inline scripts or styles"
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


def check_page(soup: BeautifulSoup) -> None:
    """A whole page: language, one heading, and a title that begins with it."""
    assert soup.html is not None
    assert soup.html.get("lang"), "the page does not say its language"
    headings = soup.find_all("h1")
    assert len(headings) == 1, f"a page has one h1, this one has {len(headings)}"
    heading = " ".join(headings[0].get_text(" ").split())
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    assert heading, "the heading is empty"
    assert title.startswith(heading), f"the title «{title}» does not begin with the heading «{heading}»"
    check_fragment(soup)


def check_fragment(soup: BeautifulSoup) -> None:
    """A page or a part of one: labels, ids, tokens, nothing inline."""
    ids = [str(found["id"]) for found in soup.select("[id]")]
    twice = {name for name in ids if ids.count(name) > 1}
    assert not twice, f"ids that stand twice: {sorted(twice)}"
    for found in soup.find_all(True):
        _check_references(found, set(ids) if soup.html else None)
        _check_nothing_inline(found)
    for found in soup.select("input, select, textarea"):
        if found.get("type") not in _UNLABELLED:
            _check_label(soup, found)
    for button in soup.find_all("button"):
        assert button.get_text(strip=True) or button.get("aria-label"), f"a button without words: {button}"
    for form in soup.find_all("form"):
        assert str(form.get("method", "get")).lower() == "get" or form.select("input[name=csrf_token]"), (
            f"a form without csrf_token: {form.get('action')}"
        )


def _check_references(found: Tag, ids: set[str] | None) -> None:
    for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
        value = found.get(attribute)
        names = value if isinstance(value, list) else str(value or "").split()
        for name in names:
            assert ids is None or name in ids, f"{attribute}={name!r} points to nothing"


def _check_nothing_inline(found: Tag) -> None:
    assert not found.has_attr("style"), f"an inline style on <{found.name}>"
    events = [name for name in found.attrs if name.startswith("on")]
    assert not events, f"event attributes on <{found.name}>: {events}"
    assert found.name != "style", "an inline style sheet"
    assert found.name != "script" or found.get("src"), "an inline script"


def _check_label(soup: BeautifulSoup, field: Tag) -> None:
    named = field.get("aria-label") or field.get("aria-labelledby") or field.find_parent("label")
    label = soup.select_one(f"label[for='{field.get('id')}']") if field.get("id") else None
    assert named or (label and label.get_text(strip=True)), f"a field without a label: {field.get('name')}"
