"""Access tokens are renewed ahead, once at a time, kept before they are used, and given up only when they must be."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.demo.directory import READY_CLIENT_ID, ClientSecret
from kbadmin.demo.mail_server import MailServer
from kbadmin.demo.misbehaviours import Misbehaviour
from kbadmin.demo.refusals import Refused
from kbadmin.demo.token_vault import TokenVault
from kbadmin.encryption import Secret
from kbadmin.smtp import access_token
from kbadmin.smtp.access_token import TokenUnavailable
from tests.databases import both_databases
from tests.factories import inside
from tests.smtp.ready import ready_oauth, state_of
from tests.smtp.rows import change, only_service
from tests.smtp.services import authorize, create_oauth_service, patience_with, send_test
from tests.world import CLIENT_SECRET

NEW_SECRET = "renewed~secret.of-the-registration"


@pytest.fixture
def page(app, account, owner_browser, world):
    page = ready_oauth(app, account, owner_browser, world)
    world.provider.token_calls.clear()
    return page


@pytest.fixture
def secrets_of_app(world):
    """Change the registration's secrets; they are as before when the test is over."""
    before = world.directory.registration(READY_CLIENT_ID)
    yield lambda *secrets: world.directory.replace(replace(before, secrets=secrets))
    world.directory.replace(before)


def fresh(app, account, **options):
    with inside(app, account):
        return access_token.fresh(only_service().id, **options)


def expires_in(app, account, seconds):
    with inside(app, account):
        change(access_token_expires_at=house_clock.now() + timedelta(seconds=seconds))


def stored(app, account):
    with inside(app, account):
        service = only_service()
        return (
            service.access_token and service.access_token.reveal(),
            service.refresh_token and service.refresh_token.reveal(),
        )


@pytest.mark.parametrize(("seconds", "calls"), [(310, 0), (290, 1), (0, 1), (-3600, 1)])
def test_a_token_is_renewed_five_minutes_ahead(app, account, world, page, seconds, calls):
    expires_in(app, account, seconds)
    before = stored(app, account)

    token = fresh(app, account)

    assert [call.grant_type for call in world.provider.token_calls] == ["refresh_token"] * calls
    assert world.provider.validate(token.token.reveal()) == "support@example.com"
    assert (stored(app, account) != before) is bool(calls)
    assert stored(app, account)[0] == token.token.reveal()


def test_the_renewed_tokens_are_kept_before_the_mail_server_sees_one(app, account, owner_browser, world, worker):
    seen = []

    def validate(token):
        with inside(app, account):
            service = only_service()
            seen.append((service.access_token.reveal() == token, service.refresh_token.reveal() != first[1]))
        return world.provider.validate(token)

    with MailServer(world.mailbox, certificates=world.certificates, validate=validate) as watching:
        page = authorize(owner_browser, create_oauth_service(owner_browser, world, Port=str(watching.port)), world)
        first = stored(app, account)
        expires_in(app, account, 10)
        result = send_test(owner_browser, page, worker)

    assert "accepted by the server" in result.text
    assert seen == [(True, True)]


@both_databases
def test_eight_workers_and_three_expiries_make_three_calls(app, account, world, page):
    problems, tokens = [], []

    def work():
        try:
            tokens.append(fresh(app, account).token.reveal())
        except Exception as error:
            problems.append(error)

    for _ in range(3):
        expires_in(app, account, 10)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert problems == []
    assert len(world.provider.token_calls) == 3
    assert len(set(tokens)) == 3


def test_a_refusal_is_believed_only_after_the_row_was_read_again(app, account, world, page):
    class AnotherWasQuicker(TokenVault):
        """Refuses the token, as if another worker had used it a moment ago and stored its own."""

        def spend(self, text, *, tenant):
            with inside(app, account):
                service = only_service()
                change(
                    access_token=Secret("token-of-the-other-worker"),
                    access_token_expires_at=house_clock.now() + timedelta(hours=1),
                    token_version=service.token_version + 1,
                    refresh_leased_until=None,
                )
            raise Refused(70000)

    expires_in(app, account, 10)
    real = world.provider.server.vault
    world.provider.server.vault = AnotherWasQuicker()
    try:
        token = fresh(app, account)
    finally:
        world.provider.server.vault = real

    assert token.token.reveal() == "token-of-the-other-worker"
    assert stored(app, account)[1]


@pytest.mark.parametrize(
    "how",
    [
        Misbehaviour.SERVER_ERROR,
        Misbehaviour.HTML,
        Misbehaviour.SLOW,
        Misbehaviour.NO_ANSWER,
        Misbehaviour.REDIRECT,
        Misbehaviour.HUGE,
    ],
)
def test_a_trouble_that_may_pass_keeps_grant_and_state(app, account, owner_browser, world, page, how):
    expires_in(app, account, 10)
    before = stored(app, account)
    world.provider.misbehave(how)

    with patience_with(app, how), pytest.raises(TokenUnavailable) as unavailable:
        fresh(app, account)

    assert unavailable.value.is_transient
    assert stored(app, account) == before
    assert state_of(owner_browser.open(page.path)) == "Ready"
    assert list(world.provider.elsewhere_bodies) == []
    world.provider.behave()
    assert fresh(app, account)


def test_a_secret_that_expired_pauses_the_service_with_its_reason(
    app, account, owner_browser, world, worker, page, secrets_of_app
):
    secrets_of_app(ClientSecret("old", Secret(CLIENT_SECRET), house_clock.now() - timedelta(days=1)))
    expires_in(app, account, 10)
    before = stored(app, account)

    result = send_test(owner_browser, page, worker)

    assert "There is no access token to sign in with." in result.text
    shown = owner_browser.open(page.path)
    assert state_of(shown) == "Paused"
    assert "AADSTS7000222" in shown.text
    assert stored(app, account) == before


@both_databases
def test_a_replaced_secret_is_tried_at_once_and_the_service_resumes(
    app, account, owner_browser, world, worker, page, secrets_of_app
):
    secrets_of_app(ClientSecret("new", Secret(NEW_SECRET), house_clock.now() + timedelta(days=9)))
    expires_in(app, account, 10)
    with pytest.raises(TokenUnavailable):
        fresh(app, account)
    assert state_of(owner_browser.open(page.path)) == "Paused"
    world.provider.token_calls.clear()

    form = owner_browser.open(page.path).click("Update OAuth2 Settings").form("Save")
    form.fill("Client Secret", NEW_SECRET).press(status=200)
    worker.drain()

    assert [call.form["client_secret"] for call in world.provider.token_calls] == [NEW_SECRET]
    shown = owner_browser.open(page.path)
    assert state_of(shown) == "Ready"
    assert "authorization-failure" not in shown.html


def test_a_replaced_secret_that_is_wrong_shows_at_once(owner_browser, world, worker, page):
    form = page.click("Update OAuth2 Settings").form("Save")
    form.fill("Client Secret", "wr~ong").press(status=200)
    worker.drain()

    shown = owner_browser.open(page.path)
    assert state_of(shown) == "Paused"
    assert "AADSTS7000215" in shown.text


def test_a_grant_that_was_revoked_asks_for_authorizing_again(app, account, owner_browser, world, worker, page):
    world.provider.revoke_grants()
    expires_in(app, account, 10)

    result = send_test(owner_browser, page, worker)

    assert "Authorize" in result.text
    shown = owner_browser.open(page.path)
    assert state_of(shown) == "Needs authorizing"
    assert stored(app, account) == (None, None)
    assert shown.soup.select_one("button[form=authorize]").get("disabled") is None
    assert authorize(owner_browser, shown, world).messages == ["Authorization successful"]
    assert state_of(owner_browser.open(page.path)) == "Ready"


def test_what_is_asked_when_renewing_is_what_microsoft_demands(app, account, world, page):
    expires_in(app, account, 10)
    refresh_token = stored(app, account)[1]

    fresh(app, account)

    [call] = world.provider.token_calls
    assert call.form["refresh_token"] == refresh_token
    assert call.form["scope"] == "https://outlook.office.com/SMTP.Send offline_access openid profile"
    assert call.authorization is None
