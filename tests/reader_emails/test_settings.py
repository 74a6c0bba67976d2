"""Reader E-Mail Settings: the dropdown of services, which way mail leaves, and what happens when it is blocked."""

import uuid

import pytest

from kbadmin import clock as house_clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.outbox.models import PLATFORM, Kind, OutboxMessage, Status
from kbadmin.outbox.operations import enqueue
from kbadmin.readers import email_settings
from kbadmin.readers.email_models import WhenStopped
from tests import factories
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.reader_emails.conftest import PLATFORM as PLATFORM_ADDRESS
from tests.smtp.rows import change
from tests.users.pages import actions

PATH = "/readers/settings"


@pytest.fixture
def service(app, account, world):
    return make_service(app, account, port=world.relay.port, name="Company relay", tested_at=house_clock.now())


def choose(app, account, service_id, *, when_stopped=WhenStopped.WAIT):
    with inside(app, account), unit_of_work():
        email_settings.change(
            smtp_service_id=service_id,
            when_stopped=when_stopped,
            welcome_hours=72,
            actor=Actor(account.owner.id, "Olive"),
        )


def way(app, account):
    with inside(app, account):
        return email_settings.way()


def queue_reset(app, account, recipient="rita@example.org"):
    with inside(app, account), unit_of_work():
        found = email_settings.way()
        enqueue(
            kind=Kind.READER_RESET, recipient=recipient, subject="Reset", text="link\n", html="<p>link</p>",
            deduplication_key=f"reset {recipient}", smtp_service_id=found.smtp_service_id, sender=found.sender,
        )  # fmt: skip


def messages(app, account):
    """Status and lane of each message; what owners are told of a service that stopped is left out."""
    with inside(app, account):
        query = db.session.query(OutboxMessage).filter(OutboxMessage.kind != Kind.NOTICE).order_by(OutboxMessage.id)
        return [(row.status, row.lane_id) for row in query]


def senders(world, *, subject="Reset"):
    """Who the letters in the mailbox are from, by their envelopes."""
    return [mail.mail_from for mail in world.mailbox.messages() if mail.subject == subject]


# --- Choosing


@both_databases
def test_a_service_is_chosen_by_its_friendly_name(app, account, owner_browser, service):
    page = owner_browser.open(PATH)
    assert page.form("Save").value("Custom SMTP") == "Platform sender"
    assert PLATFORM_ADDRESS in page.text
    page = page.form("Save").select("Custom SMTP", "Company relay").press()
    assert page.messages == ["Reader e-mail settings saved."]
    assert page.form("Save").value("Custom SMTP") == "Company relay"
    assert "kb@example.com" in page.text
    assert way(app, account).smtp_service_id == service
    assert actions(owner_browser)[0] == "Reader e-mail settings changed: Reader e-mails"
    assert "platform sender → Company relay" in owner_browser.open("/audit-log").text


def test_services_that_cannot_be_used_are_shown_with_the_reason(app, account, owner_browser, service, world):
    def another(name, **values):
        return make_service(app, account, port=world.relay.port, name=name, **values)

    now = house_clock.now()
    another("Idle", disabled_at=now)
    another("Stopped", paused_at=now, tested_at=now)
    another("New")
    another("Locked", authentication="password", username="x")
    options = {
        option.get_text(strip=True): option.has_attr("disabled")
        for option in owner_browser.open(PATH).soup.select("select[name=smtp_service_id] option")
    }
    assert options == {
        "Platform sender": False,
        "Company relay": False,
        "Idle (disabled)": True,
        "Locked (needs authorizing)": True,
        "New (not tested yet)": False,
        "Stopped (paused)": False,
    }


@pytest.mark.parametrize(
    "values", [{"disabled_at": house_clock.now()}, {"authentication": "password", "username": "x"}]
)
def test_one_that_cannot_be_used_is_not_taken_from_a_forged_form(app, account, owner_browser, world, values):
    blocked = make_service(app, account, port=world.relay.port, name="Blocked", **values)
    form = owner_browser.open(PATH).form("Save")
    [option] = form.form.findall(f".//option[@value='{blocked}']")
    option.attrib.pop("disabled")
    page = form.select("Custom SMTP", page_option(form, "Blocked")).press(status=422)
    assert page.errors == ["This service cannot be used now. Choose another one."]
    assert way(app, account).smtp_service_id is None


def page_option(form, name):
    return next(option for option in form.options("Custom SMTP") if option.startswith(name))


@pytest.mark.parametrize("forged", [str(uuid.UUID(int=7)), "not-an-id"])
def test_what_is_no_service_of_the_account_is_refused(app, account, owner_browser, world, forged):
    theirs = make_service(
        app, factories.open_account(app, "Globex"), port=world.relay.port, tested_at=house_clock.now()
    )
    for value in (forged, str(theirs)):
        form = owner_browser.open(PATH).form("Save")
        option = form.named("smtp_service_id").find(".//option")
        option.set("value", value)
        option.set("selected", "")
        assert form.press(status=422).errors
    assert way(app, account).smtp_service_id is None


def test_saving_keeps_a_service_that_was_blocked_since(app, account, owner_browser, service):
    choose(app, account, service)
    with inside(app, account):
        change(service, disabled_at=house_clock.now())
    page = owner_browser.open(PATH)
    assert page.form("Save").value("Custom SMTP") == "Company relay (disabled)"
    page = page.form("Save").fill("Welcome Links Work For", "24").press()
    assert page.messages == ["Reader e-mail settings saved."]
    assert page.form("Save").value("Custom SMTP") == "Company relay (disabled)"


@pytest.mark.parametrize("typed", ["", "0", "721", "a day", "٧٢"])
def test_hours_are_whole_and_few(owner_browser, typed):
    page = owner_browser.open(PATH).form("Save").fill("Welcome Links Work For", typed).press(status=422)
    assert "from 1 to 720" in page.errors[0]
    assert page.form("Save").value("Welcome Links Work For") == typed


def test_a_chosen_service_cannot_be_deleted_and_says_where_it_is_used(app, account, owner_browser, service):
    choose(app, account, service)
    page = owner_browser.open(f"/smtp/{service}/delete")
    assert "Reader e-mails" in page.links


@pytest.mark.parametrize(("role", "grants", "status"), [("editor", {}, 403), ("none", {"manages_readers": True}, 200)])
def test_those_who_manage_readers_choose_and_see_no_server(browser_as, app, account, service, role, grants, status):
    choose(app, account, service)
    browser = browser_as(role, **grants)
    browser.must_not_show("localhost:")
    page = browser.open(PATH, status=status)
    browser.open(f"{PATH}/test-email", status=status)
    if status == 200:
        assert "Company relay" in page.text


# --- Testing


def test_a_test_e_mail_goes_through_the_chosen_service(app, account, browser_as, service, worker, world):
    choose(app, account, service)
    browser = browser_as("none", manages_readers=True)
    form = browser.open(PATH).click("Send Test Email").form("Send Email")
    page = form.fill("Test recipient email address", account.owner.email).press()
    assert "Sending…" in page.text
    worker.drain()
    assert "Test e-mail accepted by the server" in browser.open(page.path).text
    assert [mail.mail_from for mail in world.mailbox.messages()] == ["kb@example.com"]


def test_a_failed_test_sends_those_without_the_right_to_somebody_who_has_it(app, account, browser_as, worker, world):
    nowhere = make_service(app, account, port=1, name="Nowhere", tested_at=house_clock.now())
    choose(app, account, nowhere)
    browser = browser_as("none", manages_readers=True)
    page = browser.open(f"{PATH}/test-email").form("Send Email").press()
    worker.drain()
    page = browser.open(page.path)
    assert "Ask somebody who manages SMTP services to open Nowhere" in page.text
    assert "127.0.0.1" not in page.text


def test_without_a_chosen_service_there_is_nothing_to_test(owner_browser):
    page = owner_browser.open(f"{PATH}/test-email")
    assert page.messages == ["Choose a service and save, then send a test e-mail through it."]


# --- When the way is blocked


@both_databases
def test_mail_waits_for_a_paused_service_if_that_is_wanted(app, account, owner_browser, service, worker, world):
    choose(app, account, service)
    with inside(app, account):
        change(service, paused_at=house_clock.now(), pause_reason="The password was refused.")
    assert way(app, account).waits
    assert "Reader e-mails wait in the queue until Company relay can send again." in owner_browser.open(PATH).text
    queue_reset(app, account)
    worker.sweep()
    worker.drain()
    assert messages(app, account) == [(Status.QUEUED, service)]
    with inside(app, account):
        change(service, paused_at=None, pause_reason=None)
    worker.sweep()
    worker.drain()
    assert messages(app, account) == [(Status.ACCEPTED, service)]
    assert senders(world) == ["kb@example.com"]


@both_databases
def test_mail_takes_the_platforms_way_if_that_is_wanted(app, account, service, worker, world):
    choose(app, account, service, when_stopped=WhenStopped.PLATFORM)
    queue_reset(app, account, "before@example.org")
    with inside(app, account):
        change(service, paused_at=house_clock.now(), pause_reason="The password was refused.")
    queue_reset(app, account, "after@example.org")
    for _ in range(2):
        worker.sweep()
        worker.drain()
    assert messages(app, account) == [(Status.ACCEPTED, PLATFORM)] * 2
    assert senders(world) == [PLATFORM_ADDRESS] * 2
    letters = [mail for mail in world.mailbox.messages() if mail.subject == "Reset"]
    assert all(f"From: kbadmin <{PLATFORM_ADDRESS}>" in mail.source for mail in letters)


def test_rerouting_touches_no_digest_and_no_other_account(app, account, service, worker, world):
    other = factories.open_account(app, "Globex")
    theirs = make_service(app, other, port=world.relay.port, tested_at=house_clock.now())
    choose(app, other, theirs)
    choose(app, account, service, when_stopped=WhenStopped.PLATFORM)
    queue_reset(app, other)
    with inside(app, account), unit_of_work():
        found = email_settings.way()
        enqueue(
            kind=Kind.DIGEST, recipient="d@example.org", subject="News", text="n\n", html="<p>n</p>",
            deduplication_key="digest", smtp_service_id=service, sender=found.sender,
        )  # fmt: skip
    for owner, stopped in ((account, service), (other, theirs)):
        with inside(app, owner):
            change(stopped, paused_at=house_clock.now())
    for _ in range(2):
        worker.sweep()
        worker.drain()
    assert messages(app, account) == [(Status.QUEUED, service)]
    assert messages(app, other) == [(Status.QUEUED, theirs)]


class TestWithoutPlatformSender:
    """An installation that cannot send by itself."""

    @pytest.fixture
    def platform_url(self):
        return None

    def test_the_page_says_that_nothing_can_be_sent(self, app, account, owner_browser):
        assert "Nothing can be sent to readers" in owner_browser.open(PATH).text
        assert way(app, account) is None

    def test_falling_back_to_nothing_is_waiting(self, app, account, service):
        choose(app, account, service, when_stopped=WhenStopped.PLATFORM)
        with inside(app, account):
            change(service, disabled_at=house_clock.now())
        found = way(app, account)
        assert (found.smtp_service_id, found.waits) == (service, True)
