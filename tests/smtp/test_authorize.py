"""Authorize, whatever the provider does: one clear sentence, a card, no token, and the earlier grant as it was."""

import socket
import threading

import pytest

from kbadmin.demo.directory import EXPIRED_CLIENT_ID, SINGLE_TENANT_CLIENT_ID
from kbadmin.demo.identity_provider import OnItsOwnPage
from kbadmin.demo.misbehaviours import Misbehaviour
from kbadmin.encryption import Secret
from kbadmin.smtp.oauth_client import ProviderSession
from tests.factories import inside
from tests.smtp.ready import state_of
from tests.smtp.rows import only_service
from tests.smtp.services import authorize, create_oauth_service, patience_with, send_test
from tests.world import CLIENT_SECRET, MAILBOX

LINK = "https://login.microsoftonline.com/error?code="
SENTENCES = {
    Misbehaviour.DECLINED: LINK + "65004",
    Misbehaviour.ADMIN_APPROVAL: LINK + "90094",
    Misbehaviour.WRONG_SECRET: LINK + "7000215",
    Misbehaviour.EXPIRED_SECRET: LINK + "7000222",
    Misbehaviour.MFA_REQUIRED: LINK + "50076",
    Misbehaviour.REVOKED: LINK + "50173",
    Misbehaviour.SERVER_ERROR: "Microsoft's sign-in service answered with an error of its own.",
    Misbehaviour.HTML: "The answer did not look like Microsoft's, so it was thrown away.",
    Misbehaviour.SLOW: "Microsoft's sign-in service took too long to answer.",
    Misbehaviour.NO_ANSWER: "Microsoft's sign-in service could not be reached from here.",
    Misbehaviour.REDIRECT: "The answer pointed to another address, which was not followed, "
    "so that the client secret goes nowhere else.",
    Misbehaviour.HUGE: "The answer was far larger than Microsoft's are, so it was thrown away.",
    Misbehaviour.NO_REFRESH_TOKEN: "Microsoft gave an access for one hour only, without the means to renew it.",
    Misbehaviour.BAD_SIGNATURE: "We could not verify who signed in at Microsoft, so nothing was changed.",
    Misbehaviour.WRONG_NONCE: "We could not verify who signed in at Microsoft, so nothing was changed.",
    Misbehaviour.WRONG_AUDIENCE: "We could not verify who signed in at Microsoft, so nothing was changed.",
}
CARDS = {
    Misbehaviour.DECLINED: "declined",
    Misbehaviour.ADMIN_APPROVAL: "approv",
    Misbehaviour.WRONG_SECRET: "Secret ID",
    Misbehaviour.EXPIRED_SECRET: "expired",
    Misbehaviour.MFA_REQUIRED: "factor",
    Misbehaviour.REDIRECT: "operator",
}


def grant_of(app, account):
    """What the service can send with now: tokens, who signed in, when."""
    with inside(app, account):
        service = only_service()
        tokens = [secret and secret.reveal() for secret in (service.access_token, service.refresh_token)]
        return (*tokens, service.identity_username, service.authorized_at)


def authorize_again(browser, page, world):
    """Press Authorize again on the page of a service that is authorized."""
    there = browser.open(page.path).press("Authorize again").location
    return browser.open(world.provider.sign_in(there, MAILBOX))


def card_of(page):
    return page.soup.find("section", attrs={"aria-labelledby": "authorization-failure-title"})


@pytest.fixture
def created(owner_browser, world):
    owner_browser.must_not_show(CLIENT_SECRET)
    return create_oauth_service(owner_browser, world)


def test_every_misbehaviour_is_tried():
    assert set(SENTENCES) == set(Misbehaviour)


@pytest.mark.parametrize("how", Misbehaviour)
def test_a_provider_that_goes_wrong_leaves_a_sentence_a_card_and_no_token(
    app, account, owner_browser, world, created, how
):
    world.provider.misbehave(how)

    with patience_with(app, how):
        page = authorize(owner_browser, created, world)

    assert page.path == created.path
    assert page.messages[0] == f"Authorization failed: {SENTENCES[how]}"
    assert grant_of(app, account) == (None, None, None, None)
    assert state_of(page) == "Needs authorizing"
    assert list(world.provider.elsewhere_bodies) == []
    card = card_of(page)
    assert "Who must act:" in card.get_text()
    assert CARDS.get(how, "") in card.get_text()
    assert card.select("ol.explanation-do li")
    assert "UTC" in card.select_one("details").get_text()
    assert page.soup.select_one("button[form=authorize]").get("disabled") is None


@pytest.mark.parametrize("how", [*Misbehaviour])
def test_an_earlier_grant_survives_a_provider_that_goes_wrong(app, account, owner_browser, world, created, how):
    authorize(owner_browser, created, world)
    before = grant_of(app, account)

    world.provider.misbehave(how)
    with patience_with(app, how):
        page = authorize_again(owner_browser, created, world)

    assert page.messages[0].startswith("Authorization failed: ")
    assert "The earlier authorization still works: mail goes on." in card_of(page).get_text()
    assert grant_of(app, account) == before
    assert all(before)
    assert list(world.provider.elsewhere_bodies) == []


def test_the_earlier_grant_still_sends(owner_browser, world, worker, created):
    authorize(owner_browser, created, world)
    world.provider.misbehave(Misbehaviour.WRONG_SECRET)
    page = authorize_again(owner_browser, created, world)

    assert "accepted by the server" in send_test(owner_browser, page, worker).text


def test_a_wrong_secret_shows_microsofts_code_as_a_link_to_open_beside_the_page(owner_browser, world):
    page = authorize(owner_browser, create_oauth_service(owner_browser, world, **{"Client Secret": "wr~ong"}), world)

    assert page.messages[0] == f"Authorization failed: {LINK}7000215"
    for link in page.soup.select("#toasts a, .banner[role] a"):
        assert (link["href"], link["target"], link["rel"]) == (LINK + "7000215", "_blank", ["noopener", "noreferrer"])
    assert page.soup.select_one("#toasts a")
    card = card_of(page).get_text()
    assert "Secret ID" in card
    assert "Value" in card
    assert "AADSTS7000215" in card


def test_a_secret_that_has_expired_is_named_as_such(owner_browser, world):
    page = create_oauth_service(owner_browser, world, **{"Client ID": EXPIRED_CLIENT_ID})
    registration = world.directory.registration(EXPIRED_CLIENT_ID)
    with_secret = page.click("Update OAuth2 Settings").form("Save")
    page = with_secret.fill("Client Secret", registration.secrets[0].value.reveal()).press(status=200)

    # The demo gives both registrations of a test the same value; what differs is when it expired.
    page = authorize(owner_browser, page, world)

    assert page.messages[0] == f"Authorization failed: {LINK}7000222"
    assert "expired" in card_of(page).get_text()


def test_a_success_switches_authorize_off_and_keeps_authorize_again(owner_browser, world, created):
    page = authorize(owner_browser, created, world)

    assert page.messages == ["Authorization successful"]
    assert page.soup.select_one("button[form=authorize]").has_attr("disabled")
    assert "Authorize again" in page.buttons
    assert f"Authorized as {MAILBOX}" in page.text
    assert card_of(page) is None


def test_authorizing_again_replaces_the_grant_only_when_it_succeeds(app, account, owner_browser, world, created):
    page = authorize(owner_browser, created, world)
    before = grant_of(app, account)

    there = page.press("Authorize again").location
    assert "prompt=select_account" in there
    assert grant_of(app, account) == before
    owner_browser.open(world.provider.sign_in(there, MAILBOX))

    assert grant_of(app, account)[1] not in (None, before[1])


def test_what_is_sent_to_the_provider_is_what_microsoft_documents(owner_browser, world, created):
    there = created.press("Authorize").location
    owner_browser.open(world.provider.sign_in(there, MAILBOX))

    assert "/organizations/oauth2/v2.0/authorize?" in there
    for part in ("code_challenge_method=S256", "response_mode=query", "nonce=", "state=", "login_hint=support%40"):
        assert part in there
    assert "SMTP.Send" in there
    assert CLIENT_SECRET not in there
    [call] = world.provider.token_calls
    assert call.form["grant_type"] == "authorization_code"
    assert len(call.form["code_verifier"]) >= 43


@pytest.mark.parametrize(("tenant", "code"), [("no-such-company.example", 90002), ("", 50194)])
def test_a_mistake_that_stays_on_microsofts_page_is_explained_by_the_box(owner_browser, world, tenant, code):
    fields = {"Tenant ID": tenant} if tenant else {"Client ID": SINGLE_TENANT_CLIENT_ID}
    page = create_oauth_service(owner_browser, world, **fields)
    with pytest.raises(OnItsOwnPage, match=f"AADSTS{code}"):
        authorize(owner_browser, page, world)

    box = owner_browser.open(page.path).click("Microsoft showed me a code")
    answer = box.form("Explain").fill("Code or message from Microsoft", f"AADSTS{code}: and more words").press()

    assert f"AADSTS{code}" in answer.text
    assert "Who must act" in answer.text
    assert "Tenant ID" in answer.text
    assert answer.links[f"{LINK}{code}"] == f"{LINK}{code}"


def test_the_box_says_when_there_is_no_code(owner_browser, created):
    for text in ("<script>alert(1)</script>", "no code here", "AADSTS12", "x" * 5000):
        page = owner_browser.open(f"{created.path}/error-code?error_code={text}", status=422)

        assert page.form("Explain").error("Code or message from Microsoft")
        assert "<script>alert" not in page.html


def test_proxies_of_the_environment_are_not_used(owner_browser, world, created, monkeypatch):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.05)
        stop = threading.Event()

        def listen():
            while not stop.is_set():
                try:
                    asked.append(proxy.accept()[0])
                except TimeoutError:
                    continue

        listener = threading.Thread(target=listen)
        listener.start()
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        page = authorize(owner_browser, created, world)
        stop.set()
        listener.join()

    assert page.messages == ["Authorization successful"]
    assert asked == []


def test_an_extra_authority_for_mail_servers_does_not_vouch_for_the_provider(settings):
    with ProviderSession(settings, client_id="x", client_secret=Secret("x"), scope="x") as session:
        assert settings.smtp_ca_file is not None
        assert session.verify is True
