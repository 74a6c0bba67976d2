"""Another mailbox signed in than the service expects: the page asks, and nothing is active until it is answered."""

import pytest

from kbadmin import clock as house_clock
from kbadmin.demo.directory import DEMO_TENANT, Person
from tests.factories import inside, signed_in
from tests.smtp.ready import state_of
from tests.smtp.rows import flows, only_service
from tests.smtp.services import authorize, create_oauth_service, send_test
from tests.world import MAILBOX

OTHER = "newsletter@example.com"
QUESTION = f"You signed in as {OTHER} , but this service expects {MAILBOX} . Nothing is active yet."


@pytest.fixture
def page(owner_browser, world):
    return create_oauth_service(owner_browser, world)


@pytest.fixture
def asked(owner_browser, world, page):
    return authorize(owner_browser, page, world, username=OTHER)


def stored(app, account):
    with inside(app, account):
        service = only_service()
        return service.refresh_token and service.refresh_token.reveal(), service.login_email, service.identity_username


def test_the_page_asks_and_nothing_is_active(app, account, asked):
    assert asked.messages == ["Another mailbox signed in than this service expects. Choose below what to do."]
    assert QUESTION in asked.text
    assert state_of(asked) == "Needs authorizing"
    assert stored(app, account) == (None, MAILBOX, None)


def test_the_held_tokens_cannot_be_read_in_the_database(app, asked, world):
    with app.app_context():
        [flow] = flows()
        assert flow.pending_grant_sealed
        for token in world.provider.vault._refresh_tokens:
            assert token not in str(vars(flow))


def test_using_that_mailbox_changes_login_email_and_sends_as_it(app, account, owner_browser, world, worker, asked):
    page = asked.press(f"Use {OTHER}")

    assert page.messages == ["Authorization successful", f"Login Email is now {OTHER}."]
    refresh_token, login_email, identity = stored(app, account)
    assert refresh_token
    assert (login_email, identity) == (OTHER, OTHER)
    assert "accepted by the server" in send_test(owner_browser, page, worker).text
    assert world.mail.sign_ins[-1].user == OTHER


def test_signing_in_again_asks_the_provider_for_another_account(app, account, owner_browser, world, asked):
    there = asked.press("Sign in again").location

    assert "prompt=select_account" in there
    page = owner_browser.open(world.provider.sign_in(there, MAILBOX))
    assert page.messages == ["Authorization successful"]
    assert stored(app, account)[1:] == (MAILBOX, MAILBOX)


def test_forgetting_it_leaves_nothing(app, account, asked):
    page = asked.press("Forget it")

    assert page.messages == ["The sign-in was forgotten. Nothing was changed."]
    assert QUESTION not in page.text
    assert stored(app, account) == (None, MAILBOX, None)
    with app.app_context():
        assert [flow.pending_grant_sealed for flow in flows()] == [None]


def test_an_earlier_grant_stays_while_the_page_asks(app, account, owner_browser, world, page):
    authorize(owner_browser, page, world)
    before = stored(app, account)

    there = owner_browser.open(page.path).press("Authorize again").location
    asked = owner_browser.open(world.provider.sign_in(there, OTHER))

    assert QUESTION in asked.text
    assert stored(app, account) == before
    asked.press("Forget it")
    assert stored(app, account) == before


def test_the_question_lasts_for_ten_minutes(app, account, owner_browser, world, page, clock, worker):
    house_clock.set_to(house_clock.now())
    asked = authorize(owner_browser, page, world, username=OTHER)
    clock.advance(minutes=10)

    answered = asked.press(f"Use {OTHER}")

    assert answered.messages == [
        "That took longer than ten minutes, so the sign-in was forgotten. Authorize again."
    ]  # fmt: skip
    assert QUESTION not in answered.text
    assert stored(app, account) == (None, MAILBOX, None)
    worker.sweep()
    with app.app_context():
        assert [flow.pending_grant_sealed for flow in flows()] == [None]


def test_another_session_neither_sees_nor_answers_the_question(app, account, asked):
    elsewhere = signed_in(app, account.owner)
    page = elsewhere.open(asked.path)
    assert QUESTION not in page.text

    token = page.soup.select_one("input[name=csrf_token]")["value"]
    elsewhere.post(f"{asked.path}/identity", {"csrf_token": token, "use": "signed-in"})

    assert stored(app, account) == (None, MAILBOX, None)


def test_a_question_does_not_outlive_a_change_of_the_service(app, account, owner_browser, asked):
    asked.form("Save").fill("SMTP Host", "127.0.0.1").press(status=200)

    assert QUESTION not in owner_browser.open(asked.path).text


def sign_in_as(browser, world, person, **fields):
    """Create a service and authorize it as somebody whom the directory does not know yet."""
    world.directory.people.insert(0, person)
    try:
        return authorize(browser, create_oauth_service(browser, world, **fields), world, username=person.username)
    finally:
        world.directory.people.remove(person)


@pytest.mark.parametrize(("login", "username"), [("Support@Example.com", MAILBOX), (MAILBOX, "SUPPORT@example.COM")])
def test_the_same_mailbox_in_other_letters_is_no_question(owner_browser, world, login, username):
    person = Person(username, "Support", DEMO_TENANT, "1a5c8e07")

    page = sign_in_as(owner_browser, world, person, **{"Login Email": login})

    assert page.messages == ["Authorization successful"]


@pytest.mark.parametrize(("tenant", "sentence"), [(DEMO_TENANT, "Authorization successful"), ("", "Another mailbox")])
def test_an_address_that_only_a_directory_vouches_for_counts_in_the_services_own(
    owner_browser, world, tenant, sentence
):
    person = Person("support@tenant.onmicrosoft.example", "Support", DEMO_TENANT, "1a5c8e07", MAILBOX)

    page = sign_in_as(owner_browser, world, person, **{"Tenant ID": tenant})

    assert page.messages[0].startswith(sentence)


@pytest.mark.parametrize("username", ["support@example.org", "sam@example.net"])
def test_a_mailbox_of_another_organization_is_a_question_too(owner_browser, world, username):
    page = create_oauth_service(owner_browser, world)
    form = page.click("Update OAuth2 Settings").form("Save")
    page = form.select("Who May Sign In", form.options("Who May Sign In")[1]).press(status=200)

    asked = authorize(owner_browser, page, world, username=username)

    assert f"You signed in as {username} " in asked.text
