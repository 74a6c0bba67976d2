"""The same journey where scripts do not run: every form, menu and page works on its own."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from kbadmin.demo.directory import READY_CLIENT_ID
from tests.factories import OpenedAccount
from tests.journeys.visitor import Visitor
from tests.world import CLIENT_SECRET, MAILBOX, World

pytestmark = pytest.mark.browser


@pytest.fixture
def plain(new_visitor: Callable[..., Visitor], account: OpenedAccount) -> Visitor:
    """An owner with a phone on which scripts are off."""
    phone = new_visitor(java_script_enabled=False, viewport={"width": 390, "height": 800})
    return phone.sign_in(account.owner)


def test_the_whole_journey_needs_no_scripts(plain, world: World):
    plain.page.locator(".profile-menu summary").click()
    plain.page.get_by_role("navigation", name="Profile menu").get_by_role("link", name="SMTP").click()
    plain.follow("Configure New Service").choose("OAuth2")
    plain.fill(**{"Friendly Name": "Microsoft mail", "SMTP Host": "localhost", "Port": str(world.mail.port)})
    plain.fill(**{"Send From Address": MAILBOX, "Login Email": MAILBOX})
    plain.fill(**{"Client ID": READY_CLIENT_ID, "Client Secret": CLIENT_SECRET})
    plain.press("Create").expect_text("You need to authorize this SMTP service before you can use it.")

    plain.press("Authorize").consent().expect_text("Authorization successful")

    plain.page.locator(".button-row").get_by_role("link", name="Send Test Email").click()
    plain.press("Send Email").expect_title("Test E-Mail")
    plain.expect_text("Test e-mail accepted by the server")  # The page asks again by itself.
    assert len(world.mailbox.messages()) == 1


def test_menus_open_on_a_phone(plain):
    for menu, name in ((".phone-menu", "Main menu"), (".profile-menu", "Profile menu")):
        panel = plain.page.locator(menu).get_by_role("navigation", name=name)
        expect(panel).to_be_hidden()
        plain.page.locator(f"{menu} summary").click()
        expect(panel).to_be_visible()
        box = panel.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        plain.page.locator(f"{menu} summary").click()


def test_nothing_stands_there_that_only_a_script_could_do(plain):
    plain.open("/smtp/new")
    expect(plain.page.locator("[data-copy]")).to_be_hidden()
    expect(plain.page.locator(".theme-switch")).to_be_hidden()
    for label in ("Username", "Login Email", "Client ID"):
        expect(plain.field(label)).to_be_visible()
        expect(plain.field(label)).to_be_enabled()
