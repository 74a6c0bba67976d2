"""The list of SMTP services, and what is done to a whole service: duplicate, disable, enable, delete."""

from kbadmin.smtp.usages import USAGE_FINDERS, Usage, report_usages_with
from tests.factories import inside, open_account, signed_in
from tests.smtp.ready import ready_oauth, state_of
from tests.smtp.rows import services_of
from tests.smtp.services import create_password_service, create_relay_service


def test_an_empty_list_says_what_to_do(owner_browser):
    page = owner_browser.open("/smtp")

    assert "No SMTP service yet" in page.text
    assert page.click("Configure New Service").title == "Create SMTP Service"


def test_the_list_shows_kind_sender_and_state_by_name(app, account, owner_browser, world):
    ready_oauth(app, account, owner_browser, world)
    create_relay_service(owner_browser, world, name="alpha relay")

    rows = [row.get_text(" ", strip=True) for row in owner_browser.open("/smtp").soup.select("tbody tr")]

    assert len(rows) == 2
    assert rows[0].startswith("alpha relay Unauthenticated support@example.com Untested Never")
    assert rows[1].startswith("Microsoft mail OAuth2, Microsoft support@example.com Ready Never")


def test_names_on_the_list_are_text(owner_browser, world):
    create_relay_service(owner_browser, world, name="<img src=x onerror=alert(1)>")

    page = owner_browser.open("/smtp")
    assert "<img src=x" in page.text
    assert page.soup.find("img", src="x") is None


def test_a_copy_has_the_settings_and_no_secret(app, account, owner_browser, world):
    page = ready_oauth(app, account, owner_browser, world)

    copy = page.click("Duplicate").press("Duplicate")

    assert copy.form("Save").value("Friendly Name") == "Microsoft mail (copy)"
    assert state_of(copy) == "Needs authorizing"
    assert "Its client secret is missing" in copy.text
    with inside(app, account):
        original, copied = services_of()
        for name in ("host", "port", "security", "authentication", "client_id", "login_email", "send_from_address"):
            assert getattr(copied, name) == getattr(original, name)
        for name in ("password", "client_secret", "access_token", "refresh_token"):
            assert getattr(copied, f"{name}_sealed") is None
        assert (copied.identity_username, copied.authorized_at, copied.tested_at) == (None, None, None)


def test_a_copy_needs_a_name_of_its_own(owner_browser, world):
    page = create_relay_service(owner_browser, world, name="Relay")

    refused = page.click("Duplicate").form("Duplicate").fill("Friendly Name", "RELAY").press(status=422)

    assert "has this name already" in refused.form("Duplicate").error("Friendly Name")


def test_a_disabled_service_keeps_everything_and_comes_back_as_it_was(app, account, owner_browser, world):
    page = ready_oauth(app, account, owner_browser, world)

    off = page.click("Disable").press("Disable")
    assert state_of(off) == "Disabled"
    assert off.soup.select_one("button[form=authorize]").has_attr("disabled")

    assert state_of(off.press("Enable")) == "Ready"


def test_deleting_overwrites_the_secrets_and_frees_the_name(app, account, owner_browser, world):
    page = create_password_service(owner_browser, world, name="Mail")

    page.click("Delete").press("Delete")

    owner_browser.open(page.path, status=404)
    assert "No SMTP service yet" in owner_browser.open("/smtp").text
    with inside(app, account):
        [tombstone] = services_of()
        assert (tombstone.password_sealed, tombstone.friendly_name_key) == (None, None)
    assert create_relay_service(owner_browser, world, name="Mail").title == "Edit SMTP Service"


def test_a_service_in_use_says_where_and_stays(owner_browser, world):
    page = create_relay_service(owner_browser, world)
    report_usages_with(lambda _: [Usage("Digests of the Handbook", "/handbook")])
    try:
        asked = page.click("Delete")
        assert asked.links["Digests of the Handbook"] == "/handbook"
        token = asked.soup.select_one("input[name=csrf_token]")["value"]
        refused = owner_browser.post(f"{page.path}/delete", {"csrf_token": token}, status=409)
        assert "is in use and cannot be deleted" in refused.text
    finally:
        USAGE_FINDERS.pop()
    assert owner_browser.open(page.path).title == "Edit SMTP Service"


def test_another_account_finds_nothing(app, owner_browser, world):
    page = create_relay_service(owner_browser, world)

    stranger = signed_in(app, open_account(app, "Globex").owner)

    for path in ("", "/oauth2", "/duplicate", "/disable", "/delete", "/guide", "/error-code", "/test-email"):
        stranger.open(page.path + path, status=404)
    assert "Relay" not in stranger.open("/smtp").text
