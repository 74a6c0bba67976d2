"""Somebody in front of Chromium: opens, fills in by label, presses by name, and notes what the browser complains of."""

import re
import time
from collections.abc import Callable

from axe_playwright_python.base import AXE_SCRIPT as AXE
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Response, expect

from tests.factories import Person
from tests.world import MAILBOX

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: Milliseconds that a page may take; more than any pause of a busy machine.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


class Visitor:
    """One browser context with one page. ``complaints`` holds console errors, CSP violations and script errors."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context, self.base_url = context, base_url
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._note)
        self.page.on("response", self._note_crash)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def open(self, path: str = "/") -> "Visitor":
        """Go to a path of the product, or to a whole address."""
        self.page.goto(path if path.startswith("http") else self.base_url + path)
        return self

    def sign_in(self, person: Person) -> "Visitor":
        """By the sign-in page."""
        self.open("/sign-in").fill(**{"E-mail Address": person.email, "Password": person.password})
        self.press("Sign in")
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
        return self

    def fill(self, **fields: str) -> "Visitor":
        """Type into fields, by their labels."""
        for label, text in fields.items():
            self.field(label).fill(text)
        return self

    def field(self, label: str) -> Locator:
        """The field with this label, marks aside."""
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}( \*| \(optional\))?$"))

    def choose(self, label: str) -> "Visitor":
        """Choose a radio button by its label."""
        self.page.get_by_role("radio", name=label, exact=True).check()
        return self

    def press(self, name: str) -> "Visitor":
        """Press a button, and wait for the page it leads to."""
        self.button(name).click()
        self.page.wait_for_load_state()
        return self

    def button(self, name: str) -> Locator:
        """A button by its words."""
        return self.page.get_by_role("button", name=name, exact=True)

    def follow(self, name: str) -> "Visitor":
        """Follow a link, and wait for its page."""
        self.link(name).click()
        self.page.wait_for_load_state()
        return self

    def link(self, name: str) -> Locator:
        """A link of the page proper, by its words."""
        return self.page.locator("#main").get_by_role("link", name=name, exact=True)

    def consent(self, mailbox: str = MAILBOX) -> "Visitor":
        """Sign in at the identity provider and accept, on its own pages."""
        return self.choose(mailbox).press("Next").press("Accept")

    def expect_title(self, title: str) -> "Visitor":
        """Wait until the page with this heading is there."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)
        return self

    def expect_text(self, text: str) -> "Visitor":
        """Wait until the page says so."""
        expect(self.page.locator("#main")).to_contain_text(text)
        return self

    @property
    def toast(self) -> Locator:
        """The toasts, lower left."""
        return self.page.locator("#toasts [data-toast]:visible")

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate(OVERFLOW))

    def axe_violations(self) -> list[str]:
        """What axe finds on the page as it stands, one line each."""
        self.page.evaluate(AXE)
        found = self.page.evaluate("axe.run({resultTypes: ['violations']}).then(results => results.violations)")
        return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]

    def wait_until(self, condition: Callable[[], bool], why: str) -> None:
        """Wait for something outside the browser, such as a message in the mailbox."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not condition():
            assert time.monotonic() < deadline, why
            self.page.wait_for_timeout(100)

    def _note_crash(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.url}: {response.status}")

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium logs an error for the page itself when that is an error page, which is no fault of the page.
        is_the_page = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in ("error", "warning") and not is_the_page:
            self.complaints.append(f"{self.page.url}: {message.text}")
