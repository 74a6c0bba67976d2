"""A browser without scripts: opens pages, fills forms by label, presses buttons, follows redirects.

Every page it sees is checked (:mod:`tests.page_checks`): one ``h1``, labels, unique ids, tokens, headers,
and that nothing secret stands on it.
"""

import io
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from flask import Flask
from lxml.etree import XPath
from lxml.html import HtmlElement
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.page_checks import check_fragment, check_headers, check_page, is_whole, tree_of
from tests.page_forms import Form, error_text, sends, spaced, words, words_on

HERE = "http://localhost"
_SHOWN = XPath(".//text()[not(ancestor::script or ancestor::style or ancestor::template or ancestor::*[@hidden])]")


class Browser:
    """One person's browser. ``app`` is the application it talks to."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.secrets: set[str] = set()

    def must_not_show(self, *secrets: str) -> None:
        """From now on no page may contain these texts, nor may their address."""
        self.secrets.update(secrets)

    def open(self, path: str, *, status: int = 200, follow: bool = True) -> "Page":
        """Open an address, follow redirects within this site, and expect this status."""
        return self._expect(self._send("GET", path, follow=follow), {status})

    def fragment(self, path: str, *, status: int = 200) -> "Page":
        """Fetch a part of a page as htmx does."""
        return self._expect(self._send("GET", path, headers={"HX-Request": "true"}), {status})

    def post(self, path: str, data: dict[str, Any] | None = None, *, status: int = 200, follow: bool = True) -> "Page":
        """Send fields of one's own making, as a forger would; add ``csrf_token`` yourself or go without."""
        return self._expect(self._send("POST", path, data=data or {}, follow=follow), {status})

    def submit(
        self,
        path: str,
        fields: list[tuple[str, str]],
        *,
        method: str,
        status: int | None,
        follow: bool,
        files: dict[str, tuple[bytes, str]] | None = None,
    ) -> "Page":
        """Send a form as it was filled; used by :meth:`Form.press`."""
        if method == "get":
            return self._expect(self._send("GET", path, query_string=fields, follow=follow), {status or 200})
        data: dict[str, Any] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        if files:
            chosen = {name: FileStorage(io.BytesIO(content), called) for name, (content, called) in files.items()}
            boundary, body = encode_multipart(data | chosen)
            kind = f"multipart/form-data; boundary={boundary}"
            page = self._send("POST", path, data=body, content_type=kind, follow=follow)
            return self._expect(page, {status} if status else {200, 422})
        expected = {status} if status else {200, 422}
        return self._expect(self._send("POST", path, data=data, follow=follow), expected)

    def _send(self, method: str, path: str, *, follow: bool = True, **options: Any) -> "Page":
        url = urljoin(HERE, path)
        response = self.client.open(url.removeprefix(HERE) or "/", method=method, base_url=HERE, **options)
        page = Page(self, url, response)
        if not follow or not 300 <= response.status_code < 400:
            return page
        assert method == "GET" or response.status_code == 303, "a form is answered by 303 See Other"
        onward = urljoin(url, response.headers["Location"])
        if urlsplit(onward).netloc != urlsplit(HERE).netloc:
            return page  # Another site: the test looks at page.location.
        return self._send("GET", onward)

    @staticmethod
    def _expect(page: "Page", allowed: set[int]) -> "Page":
        if page.location is None:
            assert page.status in allowed, f"{page.status} {page.title!r} from {page.path}: {page.text[:600]}"
        return page


class Page:
    """What the browser shows. ``location`` is set if it leads to another site or was not followed."""

    def __init__(self, browser: Browser, url: str, response: TestResponse) -> None:
        self.browser = browser
        self.url = url
        self.path = url.removeprefix(HERE)
        self.response = response
        self.status = response.status_code
        self.location = response.headers.get("Location") if 300 <= self.status < 400 else None
        is_text = response.mimetype.startswith(("text/", "application/json"))
        # What was typed stands beside the tree, which takes no control characters: a browser sends them.
        self.typed: dict[HtmlElement, str] = {}
        self.html = response.get_data(as_text=True) if is_text else ""
        check_headers(response)
        for secret in browser.secrets:
            assert secret not in self.html, f"{self.path} shows a secret"
            assert secret not in (self.location or ""), f"{self.path} puts a secret into an address"
        if response.mimetype == "text/html" and self.location is None:
            (check_page if is_whole(self.html) else check_fragment)(self.tree)

    @cached_property
    def tree(self) -> HtmlElement:
        """The page as a tree, which its checks, its words and its forms share."""
        return tree_of(self.html)

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page as it came, in a tree that is easier to ask and dearer to make: for tests that look closely."""
        return BeautifulSoup(self.html, "lxml" if is_whole(self.html) else "html.parser")

    @property
    def title(self) -> str:
        """The heading of the page."""
        return next((words(heading) for heading in self.tree.iter("h1")), "")

    @property
    def text(self) -> str:
        """All words of the page, without scripts and hidden toasts, single-spaced."""
        return spaced(" ".join(_SHOWN(next(self.tree.iter("body"), self.tree))))

    @property
    def messages(self) -> list[str]:
        """What the page says about the last deed (flash messages)."""
        return [words(found) for found in self.tree.find_class("banner") if "role" in found.attrib]

    @property
    def errors(self) -> list[str]:
        """The sentences under the fields that are wrong."""
        return [error_text(found) for found in self.tree.find_class("invalid-feedback")]

    @property
    def links(self) -> dict[str, str]:
        """Words and addresses of the links."""
        return {words(link): link.get("href") for link in self.tree.iter("a") if "href" in link.attrib}

    @property
    def buttons(self) -> list[str]:
        """The words on the buttons that send something."""
        return [words_on(button) for button in self._buttons()]

    def _buttons(self) -> list[HtmlElement]:
        return [button for button in self.tree.findall(".//form//button") if sends(button)]

    def click(self, words: str, *, status: int = 200) -> "Page":
        """Follow the link with these words."""
        assert words in self.links, f"no link «{words}» among {sorted(self.links)}"
        return self.browser.open(urljoin(self.url, self.links[words]), status=status)

    def form(self, button: str) -> "Form":
        """The form that this button sends."""
        for found in self._buttons():
            if words_on(found) == button:
                # A button may belong to a form elsewhere on the page.
                name = found.get("form")
                forms = self.tree.iter("form") if name else found.iterancestors("form")
                return Form(self, next(form for form in forms if not name or form.get("id") == name), found)
        raise AssertionError(f"no button «{button}» among {self.buttons}")

    def press(self, button: str, *, status: int | None = None, follow: bool = True) -> "Page":
        """Press a button without filling anything in."""
        return self.form(button).press(status=status, follow=follow)
