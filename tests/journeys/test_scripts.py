"""What scripts add to forms: only the chosen kind's fields, presets, Copy, a warning before typed text is lost."""

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.smtp.services import create_relay_service

pytestmark = pytest.mark.browser


@pytest.fixture
def create_page(owner: Visitor) -> Visitor:
    return owner.open("/smtp/new")


def test_only_the_fields_of_the_chosen_kind_show(create_page):
    shown_for = {"Unauthenticated": set(), "Username/Password": {"Username", "Password"}}
    shown_for["OAuth2"] = {"Provider", "Login Email", "Client ID", "Client Secret", "Tenant ID"}
    for kind, labels in shown_for.items():
        create_page.choose(kind)
        for label in set().union(*shown_for.values()):
            assert create_page.field(label).is_visible() == (label in labels), f"{label} with {kind}"
            assert create_page.field(label).is_enabled() == (label in labels), f"{label} with {kind}"


def test_choosing_microsoft_fills_in_its_server(create_page):
    create_page.choose("Unauthenticated").fill(**{"SMTP Host": "", "Port": ""})

    create_page.choose("OAuth2")

    expect(create_page.field("SMTP Host")).to_have_value("smtp.office365.com")
    expect(create_page.field("Port")).to_have_value("587")
    expect(create_page.field("Connection Security")).to_have_value("starttls")


def test_a_host_that_was_typed_is_never_overwritten(create_page):
    create_page.choose("Unauthenticated").fill(**{"SMTP Host": "relay.example.com", "Port": "2525"})

    create_page.choose("OAuth2").choose("Username/Password").choose("OAuth2")

    expect(create_page.field("SMTP Host")).to_have_value("relay.example.com")
    expect(create_page.field("Port")).to_have_value("2525")


def test_copy_puts_the_redirect_uri_on_the_clipboard(create_page):
    create_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(create_page.page.locator("#copy-redirect-uri")).to_have_text(
        f"{create_page.base_url}/oauth2/custom-smtp-token"
    )

    create_page.button("Copy Redirect URI").press("Enter")

    expect(create_page.page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    copied = create_page.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{create_page.base_url}/oauth2/custom-smtp-token"


def test_leaving_with_unsaved_changes_is_asked_first(create_page):
    asked = []
    create_page.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    create_page.page.get_by_role("link", name="Back").click()
    create_page.expect_title("SMTP").open("/smtp/new")
    assert asked == []

    create_page.field("Friendly Name").press_sequentially("Half typed")
    create_page.page.get_by_role("link", name="Back").click()
    create_page.wait_until(lambda: asked == ["beforeunload"], "nobody asked")
    expect(create_page.field("Friendly Name")).to_have_value("Half typed")


def test_saving_is_not_asked(owner, app, world, owner_browser):
    owner.page.on("dialog", lambda dialog: pytest.fail("asked about saved changes"))
    path = create_relay_service(owner_browser, world).path
    owner.open(path).field("Send From Name").press_sequentially("Acme")

    owner.press("Save").expect_text("Saved.")


def test_a_toast_is_closed_by_its_button(owner, world, owner_browser):
    path = create_relay_service(owner_browser, world).path
    owner.open(path).press("Save")
    expect(owner.toast).to_have_text("Saved.")

    owner.button("Close message").click()

    expect(owner.toast).to_have_count(0)
    owner.expect_text("Saved.")
