"""Send Test Email opens over the page it is pressed on: nothing typed there is left, and every way leads back to it."""

import random

import pytest
from flask import Flask
from playwright.sync_api import Locator, expect

from kbadmin import clock
from tests.delivery.outbox import make_service
from tests.factories import OpenedAccount
from tests.journeys.test_keyboard import HAS_FOCUS, Keyboard
from tests.journeys.test_pages import LOOKS, faults
from tests.journeys.visitor import Visitor
from tests.portal.library import Library
from tests.world import World

pytestmark = pytest.mark.browser

RECIPIENT = "Test recipient email address"


@pytest.fixture
def service(app: Flask, account: OpenedAccount, world: World) -> str:
    """The page of a service that can be chosen."""
    made = make_service(app, account, port=world.relay.port, name="Company relay", tested_at=clock.now())
    return f"/smtp/{made}"


@pytest.fixture
def paths(app: Flask, account: OpenedAccount, service: str) -> dict[str, str]:
    """The three pages that have the button, or get it when the service is chosen."""
    subscriptions = f"/knowledge-bases/{Library(app, account).knowledge_base('Help')}/settings/subscriptions"
    return {"service": service, "reader e-mails": "/readers/settings", "subscriptions": subscriptions}


def button(visitor: Visitor) -> Locator:
    return visitor.page.locator("#main").get_by_role("link", name="Send Test Email").last


def dialog(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog", name="Send Test Email Using SMTP")


@pytest.mark.parametrize("where", ["service", "reader e-mails", "subscriptions"])
def test_it_asks_over_the_page_and_leads_to_the_steps(owner, paths, where):
    owner.open(paths[where])
    if where != "service":
        owner.field("Custom SMTP").select_option(label="Company relay")
        owner.press("Save")
    button(owner).click()
    expect(dialog(owner)).to_contain_text("Company relay")
    assert owner.field(RECIPIENT).evaluate(HAS_FOCUS)
    theme, width = random.choice(LOOKS)
    owner.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    owner.page.set_viewport_size({"width": width, "height": 900})
    assert list(faults(owner)) == []
    owner.press("Send Email").expect_text("Test e-mail accepted by the server")


def test_every_way_out_leads_back_to_what_was_typed(owner, service):
    owner.open(service).fill(**{"Send From Name": "Typed and not saved"})
    for leave in (
        lambda: owner.page.keyboard.press("Escape"),
        lambda: dialog(owner).get_by_role("button", name="Close").click(),
        lambda: dialog(owner).get_by_role("link", name="Back").click(),
        lambda: owner.page.mouse.click(5, 5),
    ):
        Keyboard(owner).press(button(owner))
        expect(dialog(owner)).to_be_visible()
        leave()
        expect(dialog(owner)).to_have_count(0)
        expect(owner.field("Send From Name")).to_have_value("Typed and not saved")
        assert button(owner).evaluate(HAS_FOCUS)


def test_what_is_no_address_comes_back_with_a_sentence(owner, service):
    owner.open(service)
    button(owner).click()
    owner.fill(**{RECIPIENT: "nobody"}).press("Send Email").expect_title("Send Test Email Using SMTP")
    expect(owner.field(RECIPIENT)).to_have_value("nobody")
    expect(owner.page.get_by_role("alert")).to_contain_text("@")


def test_whoever_is_signed_out_meanwhile_is_asked_to_sign_in(owner, service):
    owner.open(service)
    owner.context.clear_cookies()
    button(owner).click()
    owner.expect_title("Sign in")
    expect(dialog(owner)).to_have_count(0)
