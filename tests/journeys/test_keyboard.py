"""The whole journey without a pointer: Tab, Enter, Space, and the arrow keys inside a group of radio buttons."""

import pytest
from playwright.sync_api import Locator, expect

from kbadmin.demo.directory import READY_CLIENT_ID
from tests.factories import OpenedAccount, add_person
from tests.journeys.visitor import Visitor
from tests.world import CLIENT_SECRET, MAILBOX, World

pytestmark = pytest.mark.browser

HAS_FOCUS = "element => element === document.activeElement"
FOCUS_SHOWS = """() => {
  const element = document.activeElement.closest('.radio-card') ?? document.activeElement;
  const style = getComputedStyle(element);
  return parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none' || style.boxShadow !== 'none';
}"""
MANY = 120


class Keyboard:
    """Hands on the keys only. Whatever takes the focus on the way must show that it has it."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page, self.keys = visitor, visitor.page, visitor.page.keyboard

    def tab_to(self, target: Locator) -> "Keyboard":
        """Press Tab until the focus is there."""
        expect(target).to_be_visible()
        for _ in range(MANY):
            if target.evaluate(HAS_FOCUS):
                return self
            self.keys.press("Tab")
            assert self.page.evaluate("document.activeElement === document.body") or self.page.evaluate(FOCUS_SHOWS)
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, target: Locator) -> "Keyboard":
        """Tab to a button or link, press Enter, and wait for the page it leads to."""
        self.tab_to(target).keys.press("Enter")
        self.page.wait_for_load_state()
        return self

    def type(self, **fields: str) -> "Keyboard":
        """Tab to each field by its label, and replace what stands in it."""
        for label, text in fields.items():
            self.tab_to(self.visitor.field(label)).keys.press("Control+A")
            self.keys.type(text)
        return self

    def choose(self, label: str) -> "Keyboard":
        """Tab to a group of radio buttons, and go to the one with this label as browsers do."""
        wanted = self.page.get_by_role("radio", name=label, exact=True)
        group = self.page.locator(f"input[type=radio][name='{wanted.get_attribute('name')}']")
        for _ in range(MANY):
            self.keys.press("Tab")
            if any(button.evaluate(HAS_FOCUS) for button in group.all()):
                break
        for _ in range(group.count()):
            if wanted.evaluate(HAS_FOCUS):
                break
            self.keys.press("ArrowDown")
        self.keys.press("Space")
        expect(wanted).to_be_checked()
        return self


@pytest.fixture
def hands(visitor: Visitor) -> Keyboard:
    return Keyboard(visitor)


def sign_in(hands: Keyboard, account: OpenedAccount) -> None:
    hands.visitor.open("/sign-in")
    hands.type(**{"E-mail Address": account.owner.email, "Password": account.owner.password})
    hands.press(hands.visitor.button("Sign in"))
    expect(hands.page.locator(".profile-menu")).to_be_visible()


def test_the_whole_journey_needs_no_pointer(hands, account, world: World):
    visitor, page = hands.visitor, hands.page
    sign_in(hands, account)

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    assert skip.evaluate(HAS_FOCUS)
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.locator("#main").evaluate(HAS_FOCUS)

    visitor.open("/")
    hands.press(page.locator(".profile-menu summary"))
    expect(page.get_by_role("navigation", name="Profile menu")).to_be_visible()
    hands.press(page.get_by_role("navigation", name="Profile menu").get_by_role("link", name="SMTP"))
    visitor.expect_title("SMTP")
    hands.press(visitor.link("Configure New Service"))
    visitor.expect_title("Create SMTP Service")

    hands.type(**{"Friendly Name": "Microsoft mail", "SMTP Host": "localhost", "Port": str(world.mail.port)})
    hands.type(**{"Send From Address": MAILBOX}).choose("OAuth2")
    hands.type(**{"Login Email": MAILBOX, "Client ID": READY_CLIENT_ID, "Client Secret": CLIENT_SECRET})
    hands.press(visitor.button("Create"))
    visitor.expect_text("You need to authorize this SMTP service before you can use it.")

    hands.press(visitor.button("Authorize"))
    hands.choose(MAILBOX).press(visitor.button("Next")).press(visitor.button("Accept"))
    expect(visitor.toast).to_have_text("Authorization successful")

    hands.press(page.locator(".button-row").get_by_role("link", name="Send Test Email"))
    hands.press(visitor.button("Send Email"))
    visitor.expect_text("Test e-mail accepted by the server")
    assert len(world.mailbox.messages()) == 1


def test_menus_close_by_escape_and_give_the_focus_back(owner):
    summary = owner.page.locator(".profile-menu summary")
    Keyboard(owner).press(summary)
    owner.page.keyboard.press("Tab")

    owner.page.keyboard.press("Escape")

    expect(owner.page.get_by_role("navigation", name="Profile menu")).to_be_hidden()
    assert summary.evaluate(HAS_FOCUS)


def test_the_theme_is_switched_from_the_menu_and_stays(owner):
    html = owner.page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    hands = Keyboard(owner).press(owner.page.locator(".profile-menu summary"))

    hands.press(owner.page.get_by_role("button", name="Dark"))

    expect(html).to_have_attribute("data-bs-theme", "dark")
    expect(owner.page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    owner.open("/smtp")
    expect(html).to_have_attribute("data-bs-theme", "dark")


def test_the_error_summary_takes_the_focus_and_leads_to_the_fields(owner):
    owner.open("/smtp/new").choose("Username/Password").press("Create")
    summary = owner.page.locator(".error-summary")
    expect(summary).to_be_focused()
    links = summary.get_by_role("link")
    assert links.count() >= 4

    for link in links.all():
        field = owner.page.locator(link.get_attribute("href"))
        Keyboard(owner).press(link)
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        summary.focus()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_words_of_a_button_that_has_the_focus_can_be_read(app, account, owner, theme):
    add_person(app, account, "editor")
    owner.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    found = []
    for path, kind in (("/team", "danger"), ("/deliveries", "secondary"), ("/profile", "primary")):
        owner.open(path).page.keyboard.press("Tab")
        owner.page.locator(f".btn-outline-{kind}").first.focus()
        found += owner.axe_violations()
    assert found == []


def test_a_ring_around_what_has_the_focus_stands_out(owner):
    owner.page.emulate_media(reduced_motion="reduce")
    owner.open("/profile").page.keyboard.press("Tab")
    link = owner.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--kb-link')").strip()
    for name in (".form-control", ".btn-primary", ".btn-outline-primary"):
        owner.page.locator(f"main {name}").first.focus()
        ring = owner.page.evaluate("getComputedStyle(document.activeElement).outlineColor")
        assert ring == rgb(link)


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"
