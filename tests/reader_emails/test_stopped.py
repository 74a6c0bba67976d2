"""A service that is taken out of use while readers wait for mail: it waits or goes another way, and people are told."""

import uuid

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.demo.troubles import Trouble
from kbadmin.outbox.models import PLATFORM, Status
from kbadmin.readers import emails
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.models import Reader
from tests import factories
from tests.databases import both_databases
from tests.delivery.mail_waiting import work
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.portal.library import Library
from tests.reader_emails.conftest import PLATFORM as PLATFORM_ADDRESS
from tests.reader_emails.test_settings import choose, messages
from tests.smtp.rows import change
from tests.smtp.services import create_password_service
from tests.users.pages import actions
from tests.world import MAILBOX


@pytest.fixture
def service(app, account, world):
    return make_service(app, account, port=world.relay.port, name="Company relay", tested_at=house_clock.now())


@pytest.fixture
def reader(app, account):
    """Somebody with a password, and a knowledge base to read."""
    library = Library(app, account)
    library.knowledge_base("Help")
    return library.reader()


def ask_for_both(browser, reader):
    """A welcome and a reset for the same reader; answers what the page says of each."""
    page = browser.open(f"/readers/{reader.id}")
    return [page.press(button).messages[0] for button in ("Send Welcome", "Send Reset Link")]


def attention(browser):
    return browser.open("/notices").text.replace(" ,", ",")


@both_databases
def test_mail_waits_for_a_disabled_service_and_those_who_manage_readers_are_told(
    app, account, owner_browser, browser_as, service, reader, worker, world
):
    choose(app, account, service)
    manager = browser_as("none", manages_readers=True)
    page = owner_browser.open(f"/smtp/{service}/disable")
    assert "Reader e-mails" in page.links
    page.press("Disable")

    assert all("waits in the queue" in said for said in ask_for_both(owner_browser, reader))
    work(worker, 3)

    assert messages(app, account) == [(Status.QUEUED, service)] * 2
    assert world.mailbox.messages() == []
    for browser in (owner_browser, manager):
        told = attention(browser)
        assert "They wait for Company relay, which is disabled: 2 in the queue now." in told
        assert browser.open("/notices").soup.select_one(".bell-count").get_text(strip=True) == "1"
    assert "Reader e-mails wait in the queue" in manager.open("/readers/settings").text

    owner_browser.open(f"/smtp/{service}").press("Enable")
    work(worker, 3)

    assert messages(app, account) == [(Status.ACCEPTED, service)] * 2
    assert [mail.mail_from for mail in world.mailbox.messages()] == ["kb@example.com"] * 2
    assert "Nothing needs your attention." in attention(manager)
    assert "SMTP service disabled: Company relay" in actions(owner_browser)


def test_mail_of_a_disabled_service_leaves_the_platforms_way_if_that_is_wanted(
    app, account, owner_browser, service, reader, worker, world
):
    choose(app, account, service, when_stopped=WhenStopped.PLATFORM)
    ask_for_both(owner_browser, reader)
    owner_browser.open(f"/smtp/{service}/disable").press("Disable")
    work(worker, 3)

    assert messages(app, account) == [(Status.ACCEPTED, PLATFORM)] * 2
    assert [mail.mail_from for mail in world.mailbox.messages()] == [PLATFORM_ADDRESS] * 2
    assert "Nothing needs your attention." in attention(owner_browser)


@both_databases
def test_whoever_sees_the_service_stop_is_told_once_and_how_much_waits(
    app, account, browser_as, world, worker, reader, clock
):
    owner = factories.signed_in(app, account.owner)
    manager = browser_as("none", manages_readers=True)
    page = create_password_service(owner, world)
    service = uuid.UUID(page.path.rpartition("/")[2])
    owner.open(f"{page.path}/test-email").form("Send Email").press()
    work(worker, 1)
    choose(app, account, service)
    world.troubles.give(MAILBOX, Trouble.SMTP_AUTH_OFF_MAILBOX)
    ask_for_both(owner, reader)
    work(worker, 2)

    told = owner.open("/notices")
    assert told.soup.select_one(".bell-count").get_text(strip=True) == "1"
    assert "messages wait for it." in told.text
    assert "Reader e-mails" not in [title.get_text(strip=True) for title in told.soup.select("main h2")]
    assert "They wait for Password mail, which is paused: 2 in the queue now." in attention(manager)


@pytest.mark.parametrize("how", [WhenStopped.WAIT, WhenStopped.PLATFORM])
def test_mail_of_a_service_that_lost_its_password_waits_or_goes_the_platforms_way_and_people_are_told(
    app, account, owner_browser, service, reader, worker, world, how
):
    choose(app, account, service, when_stopped=how)
    ask_for_both(owner_browser, reader)
    with inside(app, account):
        change(service, authentication="password", username="kb", password_sealed=None)
    work(worker, 3)
    if how is WhenStopped.WAIT:
        assert messages(app, account) == [(Status.QUEUED, service)] * 2
        assert "They wait for Company relay, which needs authorizing: 2 in the queue now." in attention(owner_browser)
    else:
        assert messages(app, account) == [(Status.ACCEPTED, PLATFORM)] * 2
        assert "They wait for" not in attention(owner_browser)


def test_the_notice_of_a_changed_password_leaves_the_platforms_way_too(
    app, account, owner_browser, service, reader, worker, world
):
    choose(app, account, service, when_stopped=WhenStopped.PLATFORM)
    with inside(app, account), unit_of_work():
        emails.tell_password_changed(db.session.get_one(Reader, reader.id))
    owner_browser.open(f"/smtp/{service}/disable").press("Disable")
    work(worker, 3)
    assert messages(app, account) == [(Status.ACCEPTED, PLATFORM)]


def test_a_reset_that_waited_too_long_is_not_sent_and_the_log_says_so(
    app, account, owner_browser, service, reader, worker, world, clock
):
    owner_browser = factories.signed_in(app, account.owner)  # At the time of the stopped clock.
    choose(app, account, service)
    owner_browser.open(f"/smtp/{service}/disable").press("Disable")
    ask_for_both(owner_browser, reader)
    clock.advance(minutes=61)
    owner_browser.open(f"/smtp/{service}").press("Enable")
    work(worker, 3)

    assert sorted(status for status, _ in messages(app, account)) == [Status.ACCEPTED, Status.EXPIRED]
    assert len(world.mailbox.messages()) == 1


def test_an_account_is_not_told_of_anothers_service(app, account, service):
    other = factories.open_account(app, "Globex")
    choose(app, account, service)
    with inside(app, account):
        change(service, disabled_at=house_clock.now())
    assert "They wait for" in attention(factories.signed_in(app, account.owner))
    assert "Nothing needs your attention." in attention(factories.signed_in(app, other.owner))
