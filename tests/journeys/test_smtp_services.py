"""From signing in to a message in the mailbox, for each kind of service; and what is said when it does not work."""

import re

import pytest
from playwright.sync_api import expect

from kbadmin.demo.directory import READY_CLIENT_ID
from tests.databases import both_databases_in_a_browser
from tests.journeys.visitor import Visitor
from tests.world import CLIENT_SECRET, MAILBOX, MAILBOX_PASSWORD, World

pytestmark = pytest.mark.browser


def open_create(visitor: Visitor) -> Visitor:
    """Profile menu, SMTP, Configure New Service."""
    visitor.page.locator(".profile-menu summary").click()
    visitor.page.get_by_role("navigation", name="Profile menu").get_by_role("link", name="SMTP").click()
    return visitor.expect_title("SMTP").follow("Configure New Service").expect_title("Create SMTP Service")


def general(port: int, name: str) -> dict[str, str]:
    return {"Friendly Name": name, "SMTP Host": "localhost", "Port": str(port), "Send From Address": MAILBOX}


def create_oauth2(visitor: Visitor, world: World, *, secret: str = CLIENT_SECRET) -> Visitor:
    open_create(visitor).choose("OAuth2").fill(**general(world.mail.port, "Microsoft mail"))
    visitor.fill(**{"Login Email": MAILBOX, "Client ID": READY_CLIENT_ID, "Client Secret": secret})
    visitor.press("Create").expect_title("Edit SMTP Service")
    return visitor.expect_text("You need to authorize this SMTP service before you can use it.")


def send_test(visitor: Visitor, world: World, mailbox_site: str) -> None:
    """Send Test Email, watch it being accepted, and find it in the Mailbox."""
    visitor.page.locator(".button-row").get_by_role("link", name="Send Test Email").click()
    expect(visitor.page.get_by_role("dialog", name="Send Test Email Using SMTP")).to_be_visible()
    visitor.press("Send Email").expect_title("Test E-Mail")
    expect(visitor.page.locator("#test-run")).to_have_attribute("data-outcome", "accepted")
    visitor.expect_text("Test e-mail accepted by the server")
    steps = visitor.page.get_by_role("list", name="Steps of the test e-mail").get_by_role("listitem")
    assert steps.count() >= 6
    assert all("Done" in text for text in steps.all_inner_texts())
    [message] = world.mailbox.messages()
    assert message.mail_from == MAILBOX
    visitor.open(mailbox_site).expect_title("Mailbox").follow(message.subject)
    expect(visitor.page.frame_locator("iframe").locator("body")).to_contain_text("It works")


@both_databases_in_a_browser
def test_an_owner_creates_authorizes_and_tests_a_microsoft_service(owner, world, mailbox_site):
    create_oauth2(owner, world)

    owner.press("Authorize").consent()

    expect(owner.toast).to_have_text("Authorization successful")
    box = owner.toast.bounding_box()
    assert box["x"] < 100
    assert box["y"] > 700
    expect(owner.button("Authorize")).to_be_disabled()
    expect(owner.button("Authorize again")).to_be_enabled()
    send_test(owner, world, mailbox_site)
    owner.open("/smtp").expect_text("Ready")


@both_databases_in_a_browser
def test_an_owner_creates_and_tests_a_password_service(owner, world, mailbox_site):
    open_create(owner).choose("Username/Password").fill(**general(world.mail.port, "Company mail"))
    owner.fill(Username=MAILBOX, Password=MAILBOX_PASSWORD).press("Create").expect_title("Edit SMTP Service")

    send_test(owner, world, mailbox_site)


@both_databases_in_a_browser
def test_an_owner_creates_and_tests_an_unauthenticated_service(owner, world, mailbox_site):
    open_create(owner).choose("Unauthenticated").fill(**general(world.relay.port, "Relay"))
    owner.press("Create").expect_title("Edit SMTP Service")

    send_test(owner, world, mailbox_site)


def test_a_wrong_secret_is_told_in_a_toast_and_explained_in_a_card(owner, world):
    create_oauth2(owner, world, secret="this-is-not.the~value-of-the-secret")

    owner.press("Authorize").consent()

    address = "https://login.microsoftonline.com/error?code=7000215"
    expect(owner.toast).to_contain_text(f"Authorization failed: {address}")
    expect(owner.toast.get_by_role("link")).to_have_attribute("href", address)
    card = owner.page.get_by_role("region", name="Authorization failed")
    expect(card).to_contain_text("Secret ID")
    expect(card).to_contain_text("Who must act")
    card.get_by_text("Details for IT", exact=True).first.click()
    expect(card.locator("pre")).to_contain_text("7000215")
    expect(owner.button("Authorize")).to_be_enabled()


def test_another_mailbox_than_expected_is_a_question(owner, world):
    create_oauth2(owner, world).press("Authorize").consent("newsletter@example.com")

    owner.expect_text(f"You signed in as newsletter@example.com, but this service expects {MAILBOX}.")
    expect(owner.page.locator(".state-header")).to_contain_text("Needs authorizing")

    owner.press("Use newsletter@example.com").expect_text("Authorization successful")
    owner.expect_text("Login Email is now newsletter@example.com.")
    expect(owner.page.locator(".state-header")).to_contain_text("Untested")


def test_the_red_step_of_a_test_is_explained(owner, world):
    world.troubles.give(MAILBOX, "smtp_auth_off_mailbox")
    create_oauth2(owner, world).press("Authorize").consent().expect_text("Authorization successful")
    owner.page.locator(".button-row").get_by_role("link", name="Send Test Email").click()

    owner.press("Send Email")

    expect(owner.page.locator("#test-run")).to_have_attribute("data-outcome", "failed")
    expect(owner.page.get_by_role("listitem").filter(has_text="Failed")).to_have_count(1)
    card = owner.page.get_by_role("region", name="What to do")
    expect(card).to_contain_text(re.compile(rf'Set-CASMailbox -Identity "?{re.escape(MAILBOX)}'))
