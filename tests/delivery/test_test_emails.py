"""Send Test Email through the demo's mail server: who may ask, how often, and what its troubles are explained with."""

from dataclasses import replace

import pytest

from kbadmin.config import Limits
from kbadmin.demo.troubles import Trouble
from tests.delivery.steps import ask_for_test, red_steps, steps_of
from tests.factories import open_account, signed_in
from tests.fakes import hostile_smtp
from tests.smtp.services import (
    authorize,
    create_oauth_service,
    create_password_service,
    create_relay_service,
    send_test,
)
from tests.world import MAILBOX


@pytest.fixture
def page(owner_browser, world):
    return authorize(owner_browser, create_oauth_service(owner_browser, world), world)


@pytest.mark.parametrize(
    ("trouble", "step", "words"),
    [
        (Trouble.SMTP_AUTH_OFF_MAILBOX, "Sign-in", f"Set-CASMailbox -Identity {MAILBOX}"),
        (Trouble.SMTP_AUTH_OFF_TENANT, "Sign-in", "SmtpClientAuthenticationDisabled"),
        (Trouble.SECURITY_DEFAULTS, "Sign-in", "ecurity defaults"),
        (Trouble.TOO_FAST, "Sender accepted", "minute"),
        (Trouble.MAILBOX_FULL, "Message accepted", "full"),
        (Trouble.TOO_MANY_CONNECTIONS, "Message accepted", "connections"),
    ],
)
def test_a_trouble_of_the_mailbox_is_explained_with_what_to_type(
    owner_browser, world, worker, page, trouble, step, words
):
    world.troubles.give(MAILBOX, trouble)
    world.provider.token_calls.clear()

    result = send_test(owner_browser, page, worker)

    assert red_steps(result) == [step]
    assert words in result.text
    assert "Who must act:" in result.text
    assert list(world.provider.token_calls) == []
    assert len(world.mail.sign_ins) == 1
    on_service = owner_browser.open(page.path)
    assert "The last test e-mail failed" in on_service.text
    assert words in on_service.text


def test_a_sender_that_the_mailbox_may_not_use_is_explained_with_both_addresses(owner_browser, world, worker, page):
    page = page.form("Save").fill("Send From Address", "help@example.com").press(status=200)
    world.troubles.give(MAILBOX, Trouble.NO_SEND_AS)

    result = send_test(owner_browser, page, worker)

    assert red_steps(result) == ["Message accepted"]
    assert f"Add-RecipientPermission help@example.com -AccessRights SendAs -Trustee {MAILBOX}" in result.text


def test_a_token_that_was_revoked_early_is_renewed_once(owner_browser, world, worker, page):
    world.provider.expire_tokens()
    world.provider.token_calls.clear()

    result = send_test(owner_browser, page, worker)

    assert "Test e-mail accepted by the server" in result.text
    assert set(steps_of(result).values()) == {"Done"}
    assert [sign_in.is_accepted for sign_in in world.mail.sign_ins] == [False, True]
    assert [call.grant_type for call in world.provider.token_calls] == ["refresh_token"]


def test_a_server_that_refuses_every_token_is_not_asked_a_third_time(owner_browser, world, worker):
    with hostile_smtp.server("good", username=MAILBOX, access_token="none-of-ours") as server:
        page = authorize(owner_browser, create_oauth_service(owner_browser, world, Port=str(server.port)), world)
        world.provider.token_calls.clear()
        result = send_test(owner_browser, page, worker)

    assert red_steps(result) == ["Sign-in"]
    assert len(server.credentials) == 2
    assert len(world.provider.token_calls) == 1


def test_an_unknown_recipient_is_red_at_the_recipient(owner_browser, world, worker, page):
    result = send_test(owner_browser, page, worker, to="nobody@example.com")

    assert red_steps(result) == ["Recipient accepted"]
    assert "nobody@example.com" in result.text


def test_the_recipient_is_oneself_unless_one_says_otherwise(owner_browser, account, world, worker, page):
    form = page.click("Send Test Email").form("Send Email")
    assert form.value("Test recipient email address") == account.owner.email

    form.press()
    worker.drain()

    [message] = world.mailbox.messages()
    assert message.parsed["To"].addresses[0].addr_spec == account.owner.email
    assert message.parsed["From"].addresses[0].addr_spec == MAILBOX


def test_only_one_plain_address_is_a_recipient(owner_browser, world, worker):
    page = create_relay_service(owner_browser, world)
    many = ", ".join(f"p{number}@example.com" for number in range(50))
    hostile = ("A <a@example.com>", "a@example.com\r\nBcc: b@example.com", many)
    for recipient in ("", "nobody", "a@example.com, b@example.com", "a@example.com;b@example.com", *hostile):
        refused = ask_for_test(page, to=recipient, status=422)
        assert refused.form("Send Email").error("Test recipient email address")

    assert worker.drain() == 0
    assert world.mailbox.messages() == []


def test_five_tests_in_ten_minutes_are_enough(owner_browser, world, worker, clock):
    page = create_relay_service(owner_browser, world)
    for _ in range(5):
        ask_for_test(page, status=200)

    refused = ask_for_test(page, status=422)

    assert "5 test e-mails were sent through this service in the last 10 minutes." in refused.messages[0]
    assert "try again" in refused.messages[0]
    clock.advance(minutes=10)
    assert ask_for_test(page, status=200).title == "Test E-Mail"


def test_another_service_has_tests_of_its_own(owner_browser, world):
    first, second = create_relay_service(owner_browser, world), create_password_service(owner_browser, world)
    for _ in range(5):
        ask_for_test(first, status=200)

    assert ask_for_test(second, status=200).title == "Test E-Mail"


def test_few_tests_a_day_go_to_people_outside_the_team(make_app, settings, world, clock):
    assert (Limits().tests_per_service, Limits().tests_window_seconds, Limits().outside_tests_per_day) == (5, 600, 20)
    app = make_app(replace(settings, limits=replace(settings.limits, outside_tests_per_day=2, tests_per_service=99)))
    account = open_account(app)
    browser = signed_in(app, account.owner)
    page = create_relay_service(browser, world)
    for _ in range(2):
        ask_for_test(page, to="somebody@example.org", status=200)

    refused = ask_for_test(page, to="another@example.org", status=422)

    assert "2 test e-mails went to people outside your team in the last 24 hours." in refused.messages[0]
    assert ask_for_test(page, to=account.owner.email, status=200).title == "Test E-Mail"
    clock.advance(hours=24)
    page.browser = signed_in(app, account.owner)
    assert ask_for_test(page, to="another@example.org", status=200).title == "Test E-Mail"


@pytest.mark.parametrize("incomplete", ["not authorized", "disabled"])
def test_a_service_that_cannot_send_is_not_tested(owner_browser, world, worker, incomplete):
    if incomplete == "disabled":
        page = create_relay_service(owner_browser, world).click("Disable").press("Disable")
    else:
        page = create_oauth_service(owner_browser, world)

    refused = ask_for_test(page, status=422)

    assert ("Enable it" if incomplete == "disabled" else "Authorize it first") in refused.messages[0]
    assert worker.drain() == 0
