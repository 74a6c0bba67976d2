"""A service that stops in the middle of its mail: what people are told, what they do, and that all of it arrives.

Nothing is patched: real workers, a real mail server, and an identity provider and a mailbox that are made to fail, and
to work again, on their own pages by whoever is from IT.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import expect

from kbadmin.config import Settings
from kbadmin.demo.mailbox import MailboxMessage
from kbadmin.outbox.models import Status
from tests.conftest import Clock
from tests.databases import both_databases_in_a_browser
from tests.delivery.mail_waiting import statuses
from tests.delivery.outbox import counts_of, queue_digests
from tests.factories import OpenedAccount
from tests.journeys.test_smtp_services import create_oauth2, general, open_create
from tests.journeys.visitor import Visitor
from tests.world import MAILBOX, MAILBOX_PASSWORD, World

pytestmark = pytest.mark.browser

BURST = 5  # of 25 a minute, Microsoft's limit; the others wait until the clock goes on.
STOPPED, WORKS = "Sending has stopped", "Sending works again"


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    """The platform has a sender of its own, a relay that knows nobody."""
    return replace(settings, system_smtp_url=f"smtp://localhost:{world.relay.port}?from=platform@example.net")


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """The app registrations are as they were, afterwards."""
    kept = list(world.directory.registrations)
    yield world
    world.directory.registrations[:] = kept


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """Stopped on this day, so that browsers agree with it."""
    clock.set_to(datetime.now(UTC))
    return clock


@pytest.fixture
def it(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody from IT, who acts at Microsoft."""
    return new_visitor()


@both_databases_in_a_browser
def test_a_secret_that_expires_pauses_and_a_new_one_lets_everything_arrive(app, account, clock, owner, it, world):
    page = create_oauth2(owner, world).press("Authorize").consent().expect_text("Authorization successful").page.url
    queue_digests(app, account, service_id(page), 16)
    owner.wait_until(lambda: len(digests(world)) >= BURST, "The first digests did not arrive.")

    it.open(world.provider.base_url).press("Expire all access tokens")
    it.page.get_by_role("button", name="Let its secrets expire").first.click()
    world.mail.hang_up()

    reload_until(owner, clock, page, "Paused")
    owner.wait_until(lambda: Status.SENDING not in statuses(app, account, service_id(page)), "One stayed behind.")
    waiting = statuses(app, account, service_id(page))[Status.QUEUED]
    assert waiting == 16 - BURST
    reload_until(owner, clock, page, f"{waiting} messages wait.")
    header = owner.page.get_by_role("region", name="State")
    for told in ("since", "The client secret has expired.", "nothing is lost", f"{waiting} messages wait."):
        expect(header).to_contain_text(told)
    expect(header).to_contain_text("Who must act: Your IT administrator")
    card = owner.page.get_by_role("region", name="The provider refused")
    expect(card).to_contain_text("Certificates & secrets")
    expect(card).to_contain_text("Update OAuth2 Settings")
    expect_told_everywhere(owner, "Microsoft mail", "The client secret has expired.")
    expect_in_log(owner, waiting, "Microsoft mail is paused", "The client secret has expired.")
    [letter] = letters_once_there(owner, account, world, STOPPED)
    assert "The client secret has expired." in letter.text
    assert "Update OAuth2 Settings" in letter.text
    assert page in letter.text

    it.page.get_by_role("button", name="New client secret").first.click()
    value = it.page.locator("#secret-value-1-1").inner_text()
    owner.open(page)
    header.get_by_role("link", name="Update OAuth2 Settings").click()
    owner.expect_title("Update OAuth2 Settings").fill(**{"Client Secret": value}).press("Save")
    owner.expect_title("Edit SMTP Service").expect_text("Saved.")

    expect_all_arrived(app, account, clock, owner, world, 16)
    expect_well_again(owner, clock, page, "Microsoft mail")
    letters_once_there(owner, account, world, WORKS)
    assert len(letters(account, world, STOPPED)) == 1


@both_databases_in_a_browser
def test_smtp_auth_switched_off_pauses_and_resume_lets_everything_arrive(
    app, account, clock, owner, it, world, mailbox_site
):
    open_create(owner).choose("Username/Password").fill(**general(world.mail.port, "Company mail"))
    owner.fill(Username=MAILBOX, Password=MAILBOX_PASSWORD).press("Create").expect_title("Edit SMTP Service")
    page = owner.page.url
    queue_digests(app, account, service_id(page), 10, prefix="early")
    owner.wait_until(lambda: len(digests(world)) == 10, "The first digests did not arrive.")

    set_trouble(it, mailbox_site, "Authenticated SMTP is off for this mailbox")
    world.mail.hang_up()
    queue_digests(app, account, service_id(page), 30)

    reload_until(owner, clock, page, "Paused")
    header = owner.page.get_by_role("region", name="State")
    for told in ("since", "Authenticated SMTP", "nothing is lost", "30 messages wait.", "Your IT administrator"):
        expect(header).to_contain_text(told)
    card = owner.page.get_by_role("region", name="Why it stopped")
    expect(card).to_contain_text(f"Set-CASMailbox -Identity {MAILBOX}")
    expect_told_everywhere(owner, "Company mail", "Authenticated SMTP")
    expect_in_log(owner, 30, "Company mail is paused", "Authenticated SMTP is switched off")
    [letter] = letters_once_there(owner, account, world, STOPPED)
    assert "30 messages wait for it." in letter.text

    owner.open(page).press("Resume").expect_text("Sending goes on")
    reload_until(owner, clock, page, "Paused")
    assert len(digests(world)) == 10
    assert len(letters(account, world, STOPPED)) == 1

    set_trouble(it, mailbox_site, "Works")
    owner.open(page).press("Resume").expect_text("Sending goes on")

    expect_all_arrived(app, account, clock, owner, world, 40)
    expect_well_again(owner, clock, page, "Company mail")
    letters_once_there(owner, account, world, WORKS)
    assert len(letters(account, world, STOPPED)) == 1


def service_id(page: str) -> uuid.UUID:
    """The service whose page this is."""
    return uuid.UUID(page.rpartition("/smtp/")[2][:36])


def set_trouble(it: Visitor, mailbox_site: str, label: str) -> None:
    """On the Mailbox page, as the demo's visitors do."""
    it.open(mailbox_site).page.get_by_text("Make sending go wrong").click()
    it.page.get_by_label(MAILBOX).select_option(label)
    it.press(f"Set for {MAILBOX}")


def digests(world: World) -> list[MailboxMessage]:
    return [message for message in world.mailbox.messages(limit=100) if message.subject == "What is new"]


def letters(account: OpenedAccount, world: World, subject: str) -> list[MailboxMessage]:
    """Notices with this subject to the owner; each must have come from the platform's sender, over its relay."""
    found = [one for one in world.mailbox.messages(limit=100) if one.subject.startswith(subject)]
    for letter in found:
        assert letter.recipients == (account.owner.email,)
        assert letter.mail_from == "platform@example.net"
        assert "AUTH" not in letter.via
    return found


def letters_once_there(visitor: Visitor, account: OpenedAccount, world: World, subject: str) -> list[MailboxMessage]:
    """The one notice with this subject."""
    visitor.wait_until(lambda: bool(letters(account, world, subject)), f"Nobody wrote: {subject}")
    visitor.page.wait_for_timeout(400)  # Some more sweeps, which must not write again.
    found = letters(account, world, subject)
    assert len(found) == 1
    return found


def reload_until(visitor: Visitor, clock: Clock, address: str, state: str) -> None:
    """Look at the service's page, every ten seconds, until it is in this state."""
    deadline = time.monotonic() + 60
    word = visitor.page.locator(".state-header .state")
    while state not in visitor.open(address).page.locator(".state-header").inner_text():
        assert time.monotonic() < deadline, f"It is {word.inner_text()} and not {state}."
        clock.advance(seconds=10)
        visitor.page.wait_for_timeout(100)


def expect_told_everywhere(owner: Visitor, name: str, what: str) -> None:
    """The list, the bell, its page and the home page say that the service stopped, and why."""
    row = owner.open("/smtp").page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Paused")
    expect(row).to_contain_text(what)
    expect(row).to_contain_text("Must act: Your IT administrator")
    owner.wait_until(lambda: owner.open("/smtp").page.locator(".bell-count").count() == 1, "The bell says nothing.")
    owner.page.get_by_role("link", name=re.compile("What needs attention: ?1")).click()
    owner.expect_title("What needs attention")
    notice = owner.page.get_by_role("listitem").filter(has_text=name)
    for told in ("Paused", "since", what, "Who must act: Your IT administrator"):
        expect(notice).to_contain_text(told)
    owner.open("/").expect_text(what)


def expect_in_log(owner: Visitor, waiting: int, why: str, cause: str) -> None:
    """The delivery log counts the messages that wait, and says for each what it waits for."""
    owner.page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Deliveries").click()
    owner.expect_title("Deliveries").page.get_by_role("link", name=re.compile(rf"^{waiting} Waiting")).click()
    rows = owner.page.get_by_role("row").filter(has_text="Queued").filter(has_text="What is new")
    expect(rows).to_have_count(waiting)
    expect(rows.filter(has_text=why)).to_have_count(waiting)
    rows.first.get_by_role("link").first.click()
    owner.expect_title("Message").expect_text(why).expect_text(cause)


def expect_all_arrived(
    app: Flask, account: OpenedAccount, clock: Clock, owner: Visitor, world: World, count: int
) -> None:
    """Every digest is in the mailbox exactly once; some come with each minute that goes by."""
    while (before := len(digests(world))) < count:
        clock.advance(minutes=1)
        owner.wait_until(lambda before=before: len(digests(world)) > before, "No more digests arrive.")
    owner.wait_until(lambda: set(counts_of(app, account)) == {Status.ACCEPTED}, "Something still waits.")
    arrived = Counter(message.recipients for message in digests(world))
    assert len(arrived) == count
    assert set(arrived.values()) == {1}


def expect_well_again(owner: Visitor, clock: Clock, page: str, name: str) -> None:
    """Nothing is left of the trouble on any page."""
    reload_until(owner, clock, page, "Ready")
    owner.wait_until(lambda: owner.open("/smtp").page.locator(".bell-count").count() == 0, "The bell still rings.")
    expect(owner.page.get_by_role("row").filter(has_text=name)).to_contain_text("Ready")
    owner.page.get_by_role("link", name="What needs attention").click()
    owner.expect_title("What needs attention").expect_text("Nothing needs your attention.")
