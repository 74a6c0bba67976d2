"""Create SMTP Service refuses what cannot work, before any network, and gives the form back as it was filled in."""

from dataclasses import replace
from itertools import zip_longest

import pytest

from kbadmin.config import DEFAULT_PORTS, PortRanges
from kbadmin.demo.directory import READY_CLIENT_ID
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import add_person, inside, open_account, signed_in
from tests.smtp.nasty_values import GENERAL, OAUTH, OTHER_GUID, TOGETHER
from tests.smtp.rows import services_of
from tests.smtp.services import create_oauth_service, create_password_service, create_relay_service
from tests.world import CLIENT_SECRET, MAILBOX, MAILBOX_PASSWORD


@pytest.fixture
def strict(make_app, settings):
    """A browser of an owner where the operator opened neither a network nor a port of their own."""
    app = make_app(replace(settings, smtp_allowed_networks=(), smtp_allowed_ports=PortRanges.parse(DEFAULT_PORTS)))
    return signed_in(app, open_account(app).owner)


@pytest.mark.parametrize("fields", TOGETHER, ids=[next(iter(fields)) for fields in TOGETHER])
def test_a_value_that_cannot_work_is_explained_and_nothing_is_stored(strict, fields):
    form, wrong = _filled(strict), {}
    for row in zip_longest(*(values.items() for values in fields.values())):
        tried = {label: pair for label, pair in zip(fields, row, strict=True) if pair}
        for label, (value, _) in tried.items():
            form.fill(label, value)
        page = form.press(status=422)
        form = page.form("Create").fill("Client Secret", CLIENT_SECRET)
        for label, (value, words) in tried.items():
            if words not in form.error(label):
                wrong[label, value[:60]] = form.error(label)
            form.fill(label, {**GENERAL, **OAUTH}[label])
        assert "literal" not in page.text
        assert "Traceback" not in page.text
        assert page.title == "Create SMTP Service"
        assert form.chosen("Authentication") == "OAuth2"

    assert wrong == {}
    assert "No SMTP service yet" in strict.open("/smtp").text


def test_a_refused_form_comes_back_as_it_was_filled_in_but_for_its_secrets(strict):
    form = _filled(strict).fill("Port", "22").fill("Send From Name", 'Help & "more"')

    form.fill("Password", MAILBOX_PASSWORD)
    form = form.select("Connection Security", "TLS from the start (usual on port 465)").press(status=422).form("Create")

    assert {label: form.value(label) for label in GENERAL} == {
        **GENERAL, "Port": "22", "Send From Name": "Help & \"more\""
    }  # fmt: skip
    assert (form.value("Login Email"), form.value("Client ID")) == (MAILBOX, READY_CLIENT_ID)
    assert form.value("Connection Security") == "TLS from the start (usual on port 465)"
    assert (form.value("Client Secret"), form.value("Password")) == ("", "")
    assert CLIENT_SECRET not in form.page.html
    assert MAILBOX_PASSWORD not in form.page.html
    assert "not allowed. Mail may leave through 25, 465, 587" in form.error("Port")


def _filled(browser: Browser):
    form = browser.open("/smtp/new").form("Create")
    for label, value in {**GENERAL, **OAUTH}.items():
        form.fill(label, value)
    return form.choose("OAuth2")


def test_a_host_in_the_letters_of_its_country_is_stored_as_the_internet_writes_it(strict):
    form = strict.open("/smtp/new").form("Create")
    for label, value in {**GENERAL, "SMTP Host": " Smtp.BÜCHER.example. "}.items():
        form.fill(label, value)

    page = form.choose("Unauthenticated").press()

    assert page.form("Save").value("SMTP Host") == "smtp.xn--bcher-kva.example"


def test_white_space_around_what_was_pasted_is_dropped(app, account, owner_browser, world):
    create_oauth_service(
        owner_browser, world, name="  Mail ", **{
            "SMTP Host": " localhost\t", "Port": f" {world.mail.port} ", "Send From Address": f" {MAILBOX}\n",
            "Client ID": f"\t{READY_CLIENT_ID.upper()} ", "Client Secret": f" {CLIENT_SECRET}\n",
            "Tenant ID": " example.COM ", "Login Email": f" {MAILBOX} ", "Reply To Address": "  ",
        },
    )  # fmt: skip

    with inside(app, account):
        [service] = services_of()
        assert (service.friendly_name, service.host, service.port) == ("Mail", "localhost", world.mail.port)
        assert (service.client_id, service.tenant_id) == (READY_CLIENT_ID, "example.com")
        assert service.client_secret.reveal() == CLIENT_SECRET
        assert service.reply_to_address is None


@pytest.mark.parametrize(
    "name", ["mail café", "MAIL CAFÉ", "Mail Cafe\u0301", "Mail\u00a0Café", "Ｍail Café", " Mail Café "]
)
def test_two_services_cannot_have_names_that_look_the_same(owner_browser, world, name):
    create_relay_service(owner_browser, world, name="Mail Café")

    again = create_relay_service(owner_browser, world, name=name)

    assert again.status == 422
    assert "has this name already" in again.form("Create").error("Friendly Name")


def test_accounts_may_use_the_same_name(app, two_accounts, world):
    for account in two_accounts:
        assert create_relay_service(signed_in(app, account.owner), world, name="Mail").title == "Edit SMTP Service"


@pytest.mark.parametrize("value", ["admin", "", None])
def test_a_kind_of_authentication_that_does_not_exist_is_refused(owner_browser, value):
    page = _forged(owner_browser, {"authentication": value} if value is not None else {}, without=["authentication"])

    assert page.status == 422
    assert "No SMTP service yet" in owner_browser.open("/smtp").text


@pytest.mark.parametrize(
    ("name", "values"),
    [("authentication", ["unauthenticated", "oauth2"]), ("host", ["localhost", "127.0.0.1"]), ("port", ["587", "25"]),
     ("friendly_name", ["Mail", "Post"]), ("security", ["starttls", "none"])],
)  # fmt: skip
def test_a_value_sent_twice_is_refused(owner_browser, name, values):
    page = _forged(owner_browser, {name: values})

    assert page.status == 422
    assert "sent twice" in page.text
    assert "No SMTP service yet" in owner_browser.open("/smtp").text


def test_fields_that_the_form_does_not_have_change_nothing(app, account, two_accounts, owner_browser):
    stranger = two_accounts[1]
    extra = {
        "id": OTHER_GUID, "account_id": str(stranger.id), "status": "authorized", "state": "ready",
        "tested_at": "2026-01-01", "access_token": "x",
        "refresh_token": "x", "refresh_token_sealed": "x",
        "password_sealed": "x",
        "authorized_by": "me", "identity_username": "x@example.com", "configuration_version": "9", "disabled_at": "1",
        "created_by": "nobody", "deleted_at": "x",
    }  # fmt: skip

    assert _forged(owner_browser, extra).title == "Edit SMTP Service"

    with inside(app, account):
        [service] = services_of()
        assert str(service.id) != OTHER_GUID
        assert service.state == "untested"
        assert service.configuration_version == 1
        assert not any([service.refresh_token_sealed, service.access_token_sealed, service.password_sealed])
        assert service.created_by != "nobody"
        assert service.identity_username is None
    with inside(app, stranger):
        assert services_of() == []


def _forged(browser: Browser, values: dict, *, without: list[str] = ()):
    fields = browser.open("/smtp/new").form("Create")._fields()
    sent = {name: value for name, value in fields if name not in without}
    plain = {"friendly_name": "Mail", "host": "localhost", "port": "587", "send_from_address": MAILBOX}
    page = browser._send("POST", "/smtp/new", data={**sent, **plain, **values})
    assert page.status in (200, 422)
    return page


def test_an_unauthenticated_service_does_not_keep_a_password_and_says_so(app, account, owner_browser, world):
    page = create_relay_service(owner_browser, world, Username="me", Password=MAILBOX_PASSWORD)

    assert any("The password was not stored" in message for message in page.messages)
    assert MAILBOX_PASSWORD not in page.html
    with inside(app, account):
        [service] = services_of()
        assert service.password_sealed is None
        assert service.username is None


@pytest.mark.parametrize("kind", ["Username/Password", "OAuth2"])
def test_a_password_or_token_cannot_be_sent_without_tls(owner_browser, kind):
    form = owner_browser.open("/smtp/new").form("Create")
    for label, value in {**GENERAL, **OAUTH, "Username": "me", "Password": MAILBOX_PASSWORD}.items():
        form.fill(label, value)

    page = form.select("Connection Security", "None (unauthenticated relays only)").choose(kind).press(status=422)

    assert "never sent without TLS" in page.text
    assert MAILBOX_PASSWORD not in page.html
    assert CLIENT_SECRET not in page.html


def test_a_connection_without_encryption_is_allowed_with_a_warning(owner_browser):
    form = owner_browser.open("/smtp/new").form("Create")
    for label, value in {**GENERAL, "Port": "25"}.items():
        form.fill(label, value)

    page = form.select("Connection Security", "None (unauthenticated relays only)").choose("Unauthenticated").press()

    assert any("not encrypted" in message for message in page.messages)


def test_a_missing_password_is_asked_for(owner_browser, world):
    page = create_password_service(owner_browser, world, Password="")

    assert page.status == 422
    assert page.form("Create").error("Password") == "Enter the password."


@pytest.mark.parametrize("name", ["😀 Hilfe", '"quotes", and; <angles>', "مرحبا", "  "])
def test_a_name_of_any_letters_reaches_the_reader_as_it_was_typed(owner_browser, world, worker, name):
    page = create_relay_service(owner_browser, world, **{"Send From Name": name})
    page.click("Send Test Email").form("Send Email").press()
    worker.drain()

    [message] = world.mailbox.messages()
    assert message.parsed["From"].addresses[0].display_name == name.strip()


@both_databases
def test_a_name_that_grows_when_it_is_compared_is_still_a_name(owner_browser, world):
    assert create_relay_service(owner_browser, world, name="ﷺ" * 120).title == "Edit SMTP Service"


def test_an_address_that_names_no_service_finds_none(owner_browser):
    for address in ("1", "' OR 1=1--", "x" * 10_000, "../users", OTHER_GUID):
        owner_browser.open(f"/smtp/{address}", status=404)
        owner_browser.open(f"/smtp/{address}/oauth2", status=404)


def test_a_writer_cannot_create_a_service(app, account):
    browser = signed_in(app, add_person(app, account, "writer"))

    browser.open("/smtp/new", status=403)
