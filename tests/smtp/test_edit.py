"""A change of settings keeps, drops and asks exactly what it should, and no secret follows it to another server."""

import pytest

from kbadmin.demo.directory import DEMO_TENANT, READY_CLIENT_ID, SINGLE_TENANT_CLIENT_ID
from tests.factories import inside
from tests.smtp.nasty_values import OTHER_GUID
from tests.smtp.ready import agree, ready_oauth, ready_with_password, state_of
from tests.smtp.rows import only_service
from tests.smtp.services import (
    create_relay_service,
    send_test,
)
from tests.world import CLIENT_SECRET, MAILBOX_PASSWORD

NEW_SECRET = "another~secret.of-the-same-app"
TLS = "TLS from the start (usual on port 465)"


@pytest.fixture
def oauth(app, account, owner_browser, world):
    return ready_oauth(app, account, owner_browser, world)


@pytest.fixture
def with_password(app, account, owner_browser, world):
    return ready_with_password(app, account, owner_browser, world)


def kept(app, account):
    """Which secrets are stored: of password, client secret, tokens."""
    with inside(app, account):
        service = only_service()
        return (
            service.password_sealed is not None,
            service.client_secret_sealed is not None,
            service.refresh_token_sealed is not None,
        )


@pytest.mark.parametrize(
    ("label", "value"), [("SMTP Host", "127.0.0.1"), ("Port", "2525"), ("Connection Security", TLS), ("Username", "x")]
)
def test_a_password_goes_when_its_server_or_user_changes(app, account, with_password, label, value):
    form = with_password.form("Save")
    (form.select if label == "Connection Security" else form.fill)(label, value)

    asked = form.press(status=422)
    assert "Saving will drop the password" in asked.text
    assert f"Changed: {label}." in asked.text
    assert asked.form("Save").value(label) == value
    assert kept(app, account) == (True, False, False)

    saved = agree(asked)
    assert saved.messages[0] == "Saved."
    assert saved.messages[1] == (
        f"Dropped: the password, because {label} changed. Enter the password again before the service can send."
    )
    assert kept(app, account) == (False, False, False)
    assert state_of(saved) == "Needs authorizing"
    assert "Its password was dropped by a change" in saved.text


@pytest.mark.parametrize(
    ("label", "value"), [("SMTP Host", "127.0.0.1"), ("Port", "2525"), ("Connection Security", TLS)]
)
def test_an_authorization_goes_when_the_server_changes_and_the_client_secret_stays(app, account, oauth, label, value):
    form = oauth.form("Save")
    (form.select if label == "Connection Security" else form.fill)(label, value)

    asked = form.press(status=422)
    assert "Saving will drop the authorization" in asked.text
    assert kept(app, account) == (False, True, True)

    saved = agree(asked)
    assert "Authorize the service again before it can send." in saved.messages[1]
    assert kept(app, account) == (False, True, False)
    assert state_of(saved) == "Needs authorizing"
    assert "You need to authorize this SMTP service before you can use it." in saved.text


@pytest.mark.parametrize(
    ("label", "value", "secret_goes"),
    [
        ("Login Email", "newsletter@example.com", False),
        ("Who May Sign In", "Work and school accounts, and personal accounts", False),
        ("Tenant ID", DEMO_TENANT, True),
        ("Client ID", SINGLE_TENANT_CLIENT_ID, True),
        ("Microsoft Cloud", None, True),
    ],
)
def test_the_oauth2_settings_drop_what_belongs_to_the_old_registration(app, account, oauth, label, value, secret_goes):
    form = oauth.click("Update OAuth2 Settings").form("Save")
    if label in ("Who May Sign In", "Microsoft Cloud"):
        form.select(label, next(words for words in form.options(label) if words != form.value(label)))
    else:
        form.fill(label, value)

    asked = form.press(status=422)
    dropped = "the client secret and the authorization" if secret_goes else "the authorization"
    assert f"Saving will drop {dropped} Changed:" in asked.text
    assert kept(app, account) == (False, True, True)

    saved = agree(asked)
    assert any(message.startswith(f"Dropped: {dropped}") for message in saved.messages)
    assert kept(app, account) == (False, not secret_goes, False)
    assert state_of(saved) == "Needs authorizing"
    assert ("Its client secret is missing" in saved.text) is secret_goes


def test_a_new_client_secret_keeps_the_authorization_and_the_state(app, account, world, oauth):
    form = oauth.click("Update OAuth2 Settings").form("Save").fill("Client Secret", NEW_SECRET)

    saved = form.press(status=200)

    assert saved.messages == ["Saved."]
    assert kept(app, account) == (False, True, True)
    assert state_of(saved) == "Ready"
    assert NEW_SECRET not in saved.html


def test_names_and_addresses_change_nothing_else(app, account, oauth):
    form = oauth.form("Save").fill("Friendly Name", "Other").fill("Send From Name", "Help")

    saved = form.fill("Reply To Address", "a@example.com").fill("Send From Address", "b@example.com").press(status=200)

    assert saved.messages == ["Saved."]
    assert kept(app, account) == (False, True, True)
    assert state_of(saved) == "Ready"


def test_a_blank_password_keeps_the_one_that_is_stored(owner_browser, world, worker, with_password):
    assert "Leave blank to keep it" in with_password.text
    assert with_password.form("Save").value("Password") == ""

    saved = with_password.form("Save").fill("Friendly Name", "Renamed").press(status=200)

    assert "accepted by the server" in send_test(owner_browser, saved, worker).text


def test_what_is_typed_again_is_replaced_without_a_question(app, account, with_password):
    form = with_password.form("Save").fill("SMTP Host", "127.0.0.1").fill("Password", "the-new-servers-password")

    saved = form.press(status=200)

    assert saved.messages == ["Saved."]
    assert kept(app, account) == (True, False, False)
    assert state_of(saved) == "Untested"


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        ("Client Secret", OTHER_GUID, "looks like the Secret ID"), ("Client Secret", "••••••••", "dots"),
        ("Tenant ID", READY_CLIENT_ID, "Client ID again"), ("Tenant ID", "../../x", "Directory (tenant) ID"),
        ("Client ID", "", "Enter the Application"), ("Login Email", "a@b, c@d", "Enter one address only"),
    ],
)  # fmt: skip
def test_wrong_oauth2_settings_are_explained_and_not_saved(app, account, oauth, label, value, words):
    page = oauth.click("Update OAuth2 Settings").form("Save").fill(label, value).press(status=422)

    assert words in page.form("Save").error(label)
    assert kept(app, account) == (False, True, True)


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        ("Port", "٥٨٧", "digits"), ("SMTP Host", "http://x.example", "without http"), ("Friendly Name", "", "Enter a"),
        ("Send From Address", "a@b", "e-mail address"), ("Friendly Name", "RELAY", "has this name already"),
    ],
)  # fmt: skip
def test_wrong_settings_are_explained_and_not_saved(owner_browser, world, with_password, label, value, words):
    create_relay_service(owner_browser, world, name="Relay")

    page = with_password.form("Save").fill(label, value).press(status=422)

    assert words in page.form("Save").error(label)
    assert MAILBOX_PASSWORD not in page.html
    assert owner_browser.open(with_password.path).form("Save").value(label) != value


def test_a_relay_does_not_keep_a_password_and_says_so(app, account, owner_browser, world):
    page = create_relay_service(owner_browser, world)

    saved = page.form("Save").fill("Password", MAILBOX_PASSWORD).press(status=200)

    assert any("The password was not stored" in message for message in saved.messages)
    assert kept(app, account) == (False, False, False)


def test_secrets_are_never_shown_again(oauth, owner_browser):
    owner_browser.must_not_show(CLIENT_SECRET, MAILBOX_PASSWORD)

    for path in ("", "/oauth2", "/duplicate", "/guide", "/admin-consent", "/test-email"):
        owner_browser.open(oauth.path + path)


def test_deleting_asks_for_a_password_that_was_given_long_ago(clock, owner_browser, world, account):
    page = create_relay_service(owner_browser, world)
    clock.advance(minutes=45)

    asked = page.click("Delete").press("Delete")
    assert asked.form("Delete").error("Your Password")

    gone = asked.form("Delete").fill("Your Password", account.owner.password).press()
    assert "was deleted" in gone.text
