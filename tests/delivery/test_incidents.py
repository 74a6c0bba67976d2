"""A service that stops is told once to everybody who may look after it, and once when it works again."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.demo.troubles import Trouble
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.smtp.models import SmtpService
from tests.databases import both_databases
from tests.delivery.mail_waiting import (
    id_of,
    incidents,
    letters,
    queue,
    readers,
    row_of,
    statuses,
    stop_clock_now,
    work,
)
from tests.factories import Worker, add_person, inside, open_account, signed_in
from tests.smtp.rows import change
from tests.smtp.services import authorize, create_oauth_service, create_password_service
from tests.world import MAILBOX, MAILBOX_PASSWORD


@pytest.fixture
def settings(settings, world):
    """The platform has a sender of its own: the relay, which knows no troubles."""
    return replace(settings, system_smtp_url=f"smtp://localhost:{world.relay.port}?from={quote('kb@example.com')}")


@pytest.fixture
def clock(clock):
    stop_clock_now()
    return clock


@pytest.fixture
def page(owner_browser, world):
    return create_password_service(owner_browser, world, **{"Messages Per Minute": ""})


def stopped(app, account, world, worker, page, *recipients):
    """Bring the service to a stop with mail in its queue."""
    world.troubles.give(MAILBOX, Trouble.SMTP_AUTH_OFF_MAILBOX)
    queue(app, account, id_of(page), *(recipients or readers(3)))
    work(worker, 2)
    assert row_of(app, account, id_of(page)).state == "paused"


def in_letters(world, subject):
    return [one for one in world.mailbox.messages() if one.parsed["Subject"] == subject]


@both_databases
def test_everybody_who_may_act_is_told_once_and_nobody_else(app, account, world, worker, clock, page):
    it = add_person(app, account, "none", manages_smtp=True)
    add_person(app, account, "editor")
    add_person(app, open_account(app, "Globex"), "owner")
    stopped(app, account, world, worker, page)

    work(worker, 3)

    told = in_letters(world, "Sending has stopped: Password mail")
    assert sorted(one.parsed["To"].addresses[0].addr_spec for one in told) == sorted([account.owner.email, it.email])
    assert len(incidents(app, account)) == 1


def test_the_letter_says_what_happened_who_must_act_what_waits_and_where(app, account, world, worker, clock, page):
    stopped(app, account, world, worker, page)
    work(worker)

    [told] = in_letters(world, "Sending has stopped: Password mail")
    text = told.parsed.get_body(("plain",)).get_content()
    assert "Authenticated SMTP" in text
    assert "Who must act: Your IT administrator" in text
    assert "3 messages wait for it." in text
    assert f"http://localhost{page.path}" in text
    assert f"Set-CASMailbox -Identity {MAILBOX}" in text
    assert "**" not in text
    assert "`" not in text
    html = told.parsed.get_body(("html",)).get_content()
    for secret in (MAILBOX_PASSWORD, "aka.ms/smtp_auth_disabled", "535 5.7.139"):
        assert secret not in text
        assert secret not in html


@both_databases
def test_mail_that_is_accepted_after_the_cause_is_gone_ends_it_with_one_more_letter(
    app, account, owner_browser, world, worker, clock, page
):
    stopped(app, account, world, worker, page)
    world.troubles.end()
    clock.advance(minutes=5)
    owner_browser.open(page.path).press("Resume")
    work(worker, 4)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 3}
    assert letters(app, account) == [
        (account.owner.email, "Sending has stopped: Password mail"),
        (account.owner.email, "Sending works again: Password mail"),
    ]
    [incident] = incidents(app, account)
    assert incident.ended_at == incident.resumed_at  # The clock is stopped.


def test_an_incident_of_a_few_seconds_ends_with_the_first_mail_after_it(
    app, account, owner_browser, world, worker, clock, page
):
    queue(app, account, id_of(page), *readers(1, "early"))
    work(worker, 2)
    clock.advance(seconds=1)
    stopped(app, account, world, worker, page)
    world.troubles.end()
    clock.advance(seconds=1)
    owner_browser.open(page.path).press("Resume")
    work(worker, 4)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 4}
    assert [subject for _, subject in letters(app, account)][1:] == ["Sending works again: Password mail"]


def test_a_service_that_is_paused_again_before_mail_was_accepted_tells_nobody_twice(
    app, account, owner_browser, world, worker, clock, page
):
    stopped(app, account, world, worker, page)
    for _ in range(3):
        clock.advance(minutes=1)
        owner_browser.open(page.path).press("Resume")
        work(worker, 2)
        assert row_of(app, account, id_of(page)).state == "paused"

    assert len(letters(app, account)) == 1
    assert len(incidents(app, account)) == 1


def test_a_message_that_another_connection_got_through_does_not_end_it(
    app, account, owner_browser, world, worker, clock, page
):
    stopped(app, account, world, worker, page)
    with inside(app, account), unit_of_work():
        service = db.session.get(SmtpService, id_of(page))
        service.last_accepted_at = service.paused_at
    clock.advance(minutes=1)
    owner_browser.open(page.path).press("Resume")
    worker.sweep()

    assert incidents(app, account)[0].ended_at is None


def test_a_later_stop_is_a_new_incident(app, account, owner_browser, world, worker, clock, page):
    stopped(app, account, world, worker, page)
    world.troubles.end()
    clock.advance(minutes=5)
    owner_browser.open(page.path).press("Resume")
    work(worker, 2)
    clock.advance(hours=5)
    stopped(app, account, world, worker, page, *readers(2, "later"))
    work(worker)

    subjects = [subject for _, subject in letters(app, account)]
    assert subjects.count("Sending has stopped: Password mail") == 2
    assert subjects.count("Sending works again: Password mail") == 1


@pytest.mark.parametrize("deed", ["Disable", "Delete"])
def test_the_incident_of_a_service_that_is_switched_off_ends_silently(
    app, account, owner_browser, world, worker, clock, page, deed
):
    with inside(app, account):
        change(paused_at=house_clock.now(), pause_reason="535 5.7.139")
    work(worker)
    owner_browser.open(f"{page.path}/{deed.lower()}").press(deed)
    work(worker, 2)

    assert incidents(app, account)[0].ended_at is not None
    assert [subject for _, subject in letters(app, account)] == ["Sending has stopped: Password mail"]


def test_difficulties_are_told_when_they_last_for_more_than_an_hour(app, account, world, worker, clock, page):
    world.mail.stop()
    try:
        queue(app, account, id_of(page), *readers(1))
        work(worker, 2)
        assert row_of(app, account, id_of(page)).state == "degraded"
        assert letters(app, account) == []
        clock.advance(minutes=61)
        work(worker, 2)
    finally:
        world.mail.start()

    assert letters(app, account) == [(account.owner.email, "Sending is difficult: Password mail")]


def test_without_a_sender_of_the_platform_the_bell_alone_tells(make_app, settings, world, clock):
    app = make_app(replace(settings, system_smtp_url=None))
    account = open_account(app)
    browser = signed_in(app, account.owner)
    worker, page = Worker(app), create_password_service(browser, world)
    stopped(app, account, world, worker, page)
    work(worker)

    assert letters(app, account) == []
    shown = browser.open("/notices")
    assert "Password mail" in shown.text
    assert "Who must act: Your IT administrator" in shown.text


def test_the_bell_counts_what_needs_attention_and_home_shows_it(
    app, account, owner_browser, browser_as, world, worker, clock, page
):
    assert "Nothing needs your attention." in owner_browser.open("/notices").text
    assert "What needs attention" not in owner_browser.open("/").soup.main.get_text()
    stopped(app, account, world, worker, page)
    work(worker)

    home = owner_browser.open("/")
    assert "What needs attention: 1" in home.links
    assert "Password mail" in home.soup.main.get_text()
    shown = home.click("What needs attention: 1")
    assert shown.title == "What needs attention"
    assert shown.click("Open the service for Password mail").path == page.path
    writer = browser_as("writer")
    assert "Password mail" not in writer.open("/notices").text
    assert not [words for words in writer.open("/").links if words.startswith("What needs attention")]


def test_a_dead_grant_is_told_like_any_stop_and_a_new_authorization_lets_all_mail_go(
    app, account, owner_browser, world, worker, clock
):
    page = authorize(owner_browser, create_oauth_service(owner_browser, world), world)
    world.provider.revoke_grants(MAILBOX)
    world.provider.expire_tokens()
    queue(app, account, id_of(page), *readers(4))
    work(worker, 2)
    assert row_of(app, account, id_of(page)).state == "needs_authorizing"
    assert [subject for _, subject in letters(app, account)] == ["Sending has stopped: Microsoft mail"]

    clock.advance(minutes=5)
    authorize(owner_browser, owner_browser.open(page.path), world)
    work(worker, 3)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 4}
    assert [subject for _, subject in letters(app, account)][1:] == ["Sending works again: Microsoft mail"]


def test_notices_never_leave_through_a_service(app, account, world, worker, clock, page):
    stopped(app, account, world, worker, page)
    work(worker)

    with inside(app, account):
        assert {m.smtp_service_id for m in db.session.query(OutboxMessage).filter_by(kind="notice")} == {None}
