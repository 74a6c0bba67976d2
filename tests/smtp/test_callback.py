"""The way back from the provider: whatever is wrong with it, no code is redeemed and nothing changes."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from kbadmin.access import Role
from kbadmin.database import db, unit_of_work
from kbadmin.smtp.authorization import CALLBACK
from kbadmin.users.models import Membership
from tests.factories import add_person, inside, open_account, signed_in
from tests.smtp.rows import only_service
from tests.smtp.services import create_oauth_service
from tests.world import MAILBOX

FAILED = "Authorization failed: "
INCOMPLETE = FAILED + "The way back from Microsoft was incomplete, so nothing was changed."
UNKNOWN = FAILED + "This way back from Microsoft belongs to no authorization of ours, so nothing was changed."
USED = FAILED + "This way back from Microsoft was used already, so it was not used again."
EXPIRED = FAILED + "More than ten minutes passed at Microsoft, so this authorization no longer counts."
FOREIGN = FAILED + "This authorization was begun by somebody else or in another session, so nothing was changed."
NO_CODE = FAILED + "Microsoft sent you back without a code, so there is nothing to sign in with."
CHANGED = FAILED + (
    "The service's settings were changed while you were at Microsoft, so this authorization does not fit them."
)
ISSUER = FAILED + "The answer named another provider than the one you were sent to, so it was thrown away."
ROLE = FAILED + "You may no longer manage SMTP services in this account, so nothing was changed."


@pytest.fixture
def page(owner_browser, world):
    return create_oauth_service(owner_browser, world)


@pytest.fixture
def way_back(world, page):
    """A way back that would succeed, as (name, value) pairs."""
    there = page.press("Authorize").location
    world.provider.token_calls.clear()
    return parse_qsl(urlsplit(world.provider.sign_in(there, MAILBOX)).query)


def come_back(browser, pairs, **options):
    return browser.open(f"{CALLBACK}?{urlencode(pairs)}", **options)


def without(pairs, *names):
    return [(name, value) for name, value in pairs if name not in names]


def nothing_happened(app, account, world):
    """No code was redeemed, and the service has no token."""
    with inside(app, account):
        service = only_service()
        tokens = (service.access_token_sealed, service.refresh_token_sealed)
    return list(world.provider.token_calls) == [] and tokens == (None, None)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda pairs: without(pairs, "state"), INCOMPLETE),
        (lambda pairs: [*without(pairs, "state"), ("state", "")], UNKNOWN),
        (lambda pairs: [*without(pairs, "state"), ("state", "x" * 43)], UNKNOWN),
        (lambda pairs: [*without(pairs, "state"), ("state", "x" * 10_000)], UNKNOWN),
        (lambda pairs: [*pairs, ("state", dict(pairs)["state"])], UNKNOWN),
        (lambda pairs: [*pairs, ("state", "another")], UNKNOWN),
        (lambda pairs: without(pairs, "code"), NO_CODE),
        (lambda pairs: [*without(pairs, "code"), ("code", "")], NO_CODE),
        (lambda pairs: [*pairs, ("code", "another")], NO_CODE),
        (lambda pairs: [*without(pairs, "code"), ("code", "x" * 5000)], NO_CODE),
        (lambda pairs: [*pairs, ("iss", "https://login.evil.example/common/v2.0")], ISSUER),
        (lambda pairs: [*pairs, ("iss", "")], ISSUER),
    ],
)  # fmt: skip
def test_a_way_back_that_is_wrong_in_one_respect_redeems_nothing(
    app, account, owner_browser, world, way_back, wrong, sentence
):
    shown = come_back(owner_browser, wrong(way_back))

    assert shown.messages[0] == sentence
    assert nothing_happened(app, account, world)


def test_the_issuer_that_was_asked_is_accepted(owner_browser, world, way_back):
    tenant = world.directory.tenant("example.com").id

    shown = come_back(owner_browser, [*way_back, ("iss", f"{world.provider.base_url}/{tenant}/v2.0")])

    assert shown.messages == ["Authorization successful"]


def test_a_doubled_state_is_used_up_as_well(owner_browser, world, way_back):
    come_back(owner_browser, [*way_back, ("state", "another")])
    world.provider.token_calls.clear()

    shown = come_back(owner_browser, way_back)

    assert len(world.provider.token_calls) == 0
    assert "Authorization successful" not in shown.text


def test_a_state_counts_once_even_if_the_first_answer_was_an_error(app, account, owner_browser, world, way_back):
    come_back(owner_browser, [("error", "access_denied"), ("state", dict(way_back)["state"])])

    shown = come_back(owner_browser, way_back)

    assert shown.messages[0] == USED
    assert nothing_happened(app, account, world)


def test_a_double_click_redeems_the_code_once_and_leaves_the_success(owner_browser, world, way_back):
    assert come_back(owner_browser, way_back).messages == ["Authorization successful"]

    again = come_back(owner_browser, way_back)

    assert again.messages[0] == USED
    assert len(world.provider.token_calls) == 1
    assert f"Authorized as {MAILBOX}" in again.text
    assert "authorization-failure" not in again.html


@pytest.mark.parametrize(("minutes", "sentence"), [(11, EXPIRED), (10, EXPIRED), (9, "Authorization successful")])
def test_a_state_lives_for_ten_minutes(owner_browser, world, page, clock, minutes, sentence):
    there = page.press("Authorize").location
    back = world.provider.sign_in(there, MAILBOX)
    clock.advance(minutes=minutes)

    assert owner_browser.open(back).messages[0] == sentence
    assert len(world.provider.token_calls) == (minutes == 9)


def test_another_session_of_the_same_person_cannot_finish(app, account, world, way_back):
    shown = come_back(signed_in(app, account.owner), way_back)

    assert shown.messages[0] == FOREIGN
    assert nothing_happened(app, account, world)


def test_another_person_of_the_account_cannot_finish(app, account, browser_as, world, way_back):
    shown = come_back(browser_as("none", manages_smtp=True), way_back)

    assert shown.messages[0] == FOREIGN
    assert nothing_happened(app, account, world)


def test_another_account_cannot_finish(app, account, owner_browser, world, way_back):
    shown = come_back(signed_in(app, open_account(app, "Globex").owner), way_back)

    assert shown.messages[0] == FOREIGN
    assert "Microsoft mail" not in shown.text
    assert nothing_happened(app, account, world)
    assert come_back(owner_browser, way_back).messages[0] == USED


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app, account, browser, world, way_back):
    shown = come_back(browser, way_back)

    assert shown.title == "Sign in"
    assert "Sign in, then authorize the service again." in shown.messages
    assert nothing_happened(app, account, world)


def test_whoever_lost_the_role_meanwhile_changes_nothing(app, account, world):
    person = add_person(app, account, "editor", manages_smtp=True)
    browser = signed_in(app, person)
    back = world.provider.sign_in(create_oauth_service(browser, world).press("Authorize").location, MAILBOX)
    with inside(app, account), unit_of_work():
        membership = db.session.get(Membership, person.membership_id)
        membership.role, membership.manages_smtp = Role.EDITOR, False

    shown = browser.open(back)

    assert shown.messages[0] == ROLE
    assert nothing_happened(app, account, world)


def test_a_service_that_was_edited_meanwhile_does_not_take_the_grant(
    app, account, owner_browser, world, page, way_back
):
    page.form("Save").fill("SMTP Host", "127.0.0.1").press(status=200)

    shown = come_back(owner_browser, way_back)

    assert shown.messages[0] == CHANGED
    assert nothing_happened(app, account, world)


def test_a_service_that_was_disabled_meanwhile_does_not_take_the_grant(
    app, account, owner_browser, world, page, way_back
):
    page.click("Disable").press("Disable")

    assert come_back(owner_browser, way_back).messages[0] == CHANGED
    assert nothing_happened(app, account, world)


def test_a_service_that_was_deleted_meanwhile_takes_nothing(app, account, owner_browser, world, page, way_back):
    page.click("Delete").press("Delete")

    shown = come_back(owner_browser, way_back)

    assert shown.messages[0] == UNKNOWN
    assert shown.title == "SMTP"
    assert nothing_happened(app, account, world)


@pytest.mark.parametrize(
    "hostile",
    [
        [("error", "<script>alert(1)</script>"), ("error_description", "AADSTS65004: <img src=x onerror=alert(1)>")],
        [("error", "access_denied"), ("error_description", "x" * 10_000), ("error_uri", "javascript:alert(1)")],
        [("error", "access_denied"), ("error_uri", "https://evil.example/?code=65004")],
        [("error", "access_denied\r\nSet-Cookie: a=b"), ("error_description", "AADSTS" + "9" * 40)],
    ],
)
def test_what_the_answer_says_is_never_markup_and_never_a_link(owner_browser, world, way_back, hostile):
    shown = come_back(owner_browser, [*hostile, ("state", dict(way_back)["state"])])

    assert shown.messages[0].startswith(FAILED)
    assert "<script>alert" not in shown.html
    assert "onerror=alert" not in shown.html
    for link in shown.soup.select("a[href]"):
        assert not link["href"].startswith("javascript:")
        assert "evil.example" not in link["href"]
    assert "x" * 500 not in shown.html
    assert list(world.provider.token_calls) == []


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
def test_only_get_comes_back(app, account, owner_browser, world, way_back, method):
    answer = owner_browser.client.open(f"{CALLBACK}?{urlencode(way_back)}", method=method)

    assert answer.status_code in (400, 405)
    assert nothing_happened(app, account, world)
    assert come_back(owner_browser, way_back).messages == ["Authorization successful"]
