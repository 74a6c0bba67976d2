"""The admin-consent link: forwarded to somebody without an account here, and recognised when they come back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from kbadmin.smtp.authorization import CALLBACK
from tests.browser import Browser
from tests.factories import inside, signed_in
from tests.smtp.rows import only_service
from tests.smtp.services import create_oauth_service

NOTE = "Somebody returned from the admin-consent page"


@pytest.fixture
def page(owner_browser, world):
    return create_oauth_service(owner_browser, world)


@pytest.fixture
def link(page):
    return page.click("Admin-consent link").press("Make the link").soup.find(id="consent-link").get_text().strip()


def test_the_link_asks_microsoft_for_the_one_permission_and_shows_no_secret(world, link):
    asked = {name: value[0] for name, value in parse_qs(urlsplit(link).query).items()}

    assert urlsplit(link).path == "/organizations/v2.0/adminconsent"
    assert asked["scope"] == "https://outlook.office.com/SMTP.Send"
    assert asked["redirect_uri"].endswith(CALLBACK)
    assert "secret" not in link


def test_a_link_is_made_by_a_button_and_not_by_looking(page):
    assert "Forward this link" not in page.click("Admin-consent link").text


def test_the_administrator_is_thanked_and_the_service_notes_it(app, owner_browser, page, link, browser):
    state = parse_qs(urlsplit(link).query)["state"][0]

    thanks = browser.open(f"{CALLBACK}?admin_consent=True&tenant=somebody-elses&scope=x&state={state}")

    assert thanks.title == "Thank you"
    assert "not verified" in owner_browser.open(page.path).text
    assert NOTE in owner_browser.open(page.path).text


@pytest.mark.parametrize("state", ["", "consent-", "consent-forged", "consent-" + "x" * 5000, "'"])
def test_a_forged_return_gets_the_same_page_and_changes_nothing(owner_browser, browser, page, link, state):
    thanks = browser.open(f"{CALLBACK}?admin_consent=True&tenant=x&state={state}")

    assert thanks.title == "Thank you"
    assert NOTE not in owner_browser.open(page.path).text


def test_a_refusal_is_said_and_not_noted(owner_browser, browser, page, link):
    state = parse_qs(urlsplit(link).query)["state"][0]

    answer = browser.open(f"{CALLBACK}?error=access_denied&error_description=%3Cscript%3E&state={state}")

    assert answer.title == "Not approved"
    assert "<script>" not in answer.html.replace("<script src", "").replace("<script defer", "")
    assert NOTE not in owner_browser.open(page.path).text


def test_the_return_authorizes_nothing(app, account, world, browser, page, link):
    state = parse_qs(urlsplit(link).query)["state"][0]

    browser.open(f"{CALLBACK}?admin_consent=True&code=a-code&state={state}")

    with inside(app, account):
        assert only_service().refresh_token_sealed is None
    assert list(world.provider.token_calls) == []


def test_a_link_is_forgotten_after_seven_days(app, account, world, clock):
    owner = signed_in(app, account.owner)
    page = create_oauth_service(owner, world)
    link = page.click("Admin-consent link").press("Make the link").soup.find(id="consent-link").get_text().strip()
    state = parse_qs(urlsplit(link).query)["state"][0]
    clock.advance(days=7, minutes=1)

    Browser(app).open(f"{CALLBACK}?admin_consent=True&state={state}")

    assert NOTE not in signed_in(app, account.owner).open(page.path).text
