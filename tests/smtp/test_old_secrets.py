"""No stored secret follows a change to another server, user or registration: a hostile host never hears one."""

import pytest

from kbadmin.demo.directory import SINGLE_TENANT_CLIENT_ID
from tests.factories import inside
from tests.fakes import hostile_smtp
from tests.smtp.ready import agree, ready_oauth, ready_with_password
from tests.smtp.rows import change
from tests.smtp.services import send_test
from tests.smtp.trust import trusting_hostile_servers
from tests.world import MAILBOX, MAILBOX_PASSWORD

TLS = "TLS from the start (usual on port 465)"


@pytest.fixture
def settings(settings, world, tmp_path):
    return trusting_hostile_servers(settings, world, tmp_path)


@pytest.fixture
def oauth(app, account, owner_browser, world):
    return ready_oauth(app, account, owner_browser, world)


@pytest.fixture
def with_password(app, account, owner_browser, world):
    return ready_with_password(app, account, owner_browser, world)


@pytest.mark.parametrize("path", ["port", "host and port", "security", "authentication", "copy"])
def test_a_password_never_follows_a_change_to_another_server(owner_browser, world, worker, with_password, path):
    with _sink(implicit_tls=path == "security") as sink:
        world.mail.sign_ins.clear()
        page = with_password
        if path == "copy":
            page = page.click("Duplicate").press("Duplicate")
        form = page.form("Save").fill("Port", str(sink.port))
        if path == "host and port":
            form.fill("SMTP Host", "127.0.0.1")
        if path == "security":
            form.select("Connection Security", TLS)
        if path == "authentication":
            form.choose("OAuth2")
        asked = form.press()
        saved = agree(asked) if "accept_dropping" in asked.html else asked
        _try_to_send(owner_browser, only_path(saved), worker)

        assert sink.credentials == []
        assert world.mail.sign_ins == []
        assert MAILBOX_PASSWORD.encode() not in bytes(sink.received)


@pytest.mark.parametrize("path", ["port", "login email", "security"])
def test_a_token_never_follows_a_change_to_another_server(owner_browser, world, worker, oauth, path):
    with _sink(implicit_tls=path == "security") as sink:
        world.mail.sign_ins.clear()
        if path == "login email":
            form = oauth.click("Update OAuth2 Settings").form("Save").fill("Login Email", "newsletter@example.com")
        else:
            form = oauth.form("Save").fill("Port", str(sink.port))
        if path == "security":
            form.select("Connection Security", TLS)
        agree(form.press(status=422))
        _try_to_send(owner_browser, oauth.path, worker)

        assert sink.credentials == []
        assert world.mail.sign_ins == []


def test_a_client_secret_never_goes_to_another_registration(owner_browser, world, oauth):
    world.provider.token_calls.clear()
    form = oauth.click("Update OAuth2 Settings").form("Save").fill("Client ID", SINGLE_TENANT_CLIENT_ID)
    saved = agree(form.press(status=422))

    refused = saved.press("Authorize")

    assert refused.title == "Update OAuth2 Settings"
    assert "cannot be authorized now" in refused.messages[0]
    assert list(world.provider.token_calls) == []


@pytest.mark.parametrize("kind", ["password", "token"])
def test_a_row_that_somebody_edited_in_the_database_sends_no_secret(
    app, account, owner_browser, world, worker, kind, request
):
    page = request.getfixturevalue("oauth" if kind == "token" else "with_password")
    with _sink() as sink:
        with inside(app, account):
            change(port=sink.port)

        result = send_test(owner_browser, page, worker)

        assert sink.credentials == []
        assert "The test e-mail was not sent" in result.text


def only_path(page):
    return page.path.partition("?")[0].removesuffix("/oauth2")


def _sink(*, implicit_tls=False):
    """A good server that takes any of our credentials, and remembers them."""
    accepts = {"username": MAILBOX, "password": MAILBOX_PASSWORD, "access_token": ""}
    return hostile_smtp.server("good_implicit_tls" if implicit_tls else "good", **accepts)


def _try_to_send(browser, path, worker):
    page = browser.open(f"{path}/test-email").form("Send Email").press(status=422)
    assert "This service is not complete." in page.messages[0]
    worker.drain()
