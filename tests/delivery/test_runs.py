"""A test e-mail's page while it waits, runs and is over; and wake-ups that are lost, doubled or die half-way."""

from datetime import timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import Outcome, TestRun
from kbadmin.outbox.models import OutboxMessage, Status
from tests.databases import both_databases
from tests.delivery.steps import ask_for_test, steps_of
from tests.factories import inside, signed_in
from tests.smtp.services import create_password_service, create_relay_service

WAITING = "Sending…"


@pytest.fixture
def page(owner_browser, world):
    return create_relay_service(owner_browser, world)


def forget_wake_ups(worker):
    while worker.engine.huey.dequeue():
        pass


def message_of(app, account):
    with inside(app, account):
        [message] = db.session.query(OutboxMessage)
        return message.status, message.content_sealed


def test_a_waiting_run_asks_again_with_scripts_and_without(owner_browser, worker, page):
    asked = ask_for_test(page)

    part = asked.soup.find(id="test-run")
    assert WAITING in asked.text
    assert part["hx-get"] == asked.path
    assert part["hx-trigger"].startswith("every ")
    assert 'http-equiv="refresh"' in asked.html.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "Failed" not in steps_of(asked).values()

    worker.drain()

    fragment = owner_browser.fragment(asked.path)
    assert fragment.soup.h1 is None
    assert fragment.soup.find(id="test-run").get("hx-get") is None
    assert set(steps_of(fragment).values()) == {"Done"}
    whole = owner_browser.open(asked.path)
    assert "http-equiv" not in whole.html
    assert "Test e-mail accepted by the server" in whole.text


@both_databases
def test_a_wake_up_that_comes_twice_sends_one_message(account, worker, page, world):
    asked = ask_for_test(page)
    again = (str(account.id), asked.path.rpartition("/")[2])
    worker.engine.enqueue("run_test", again)
    worker.engine.enqueue("run_test", again)

    assert worker.drain() >= 3
    assert len(world.mailbox.messages()) == 1


def test_a_run_that_a_worker_has_taken_is_left_to_it(app, account, worker, page, world):
    ask_for_test(page)
    with inside(app, account), unit_of_work():
        run = db.session.query(TestRun).one()
        run.outcome, run.started_at = Outcome.RUNNING, house_clock.now()

    worker.drain()

    assert world.mailbox.messages() == []


def test_a_wake_up_that_was_lost_is_found(owner_browser, worker, page, world, clock):
    clock.set_to(house_clock.now())
    asked = ask_for_test(page)
    forget_wake_ups(worker)
    worker.sweep()
    assert worker.drain() == 0
    clock.advance(seconds=4)

    worker.sweep()
    worker.drain()

    assert "accepted by the server" in owner_browser.open(asked.path).text
    assert len(world.mailbox.messages()) == 1


@both_databases
def test_a_run_whose_worker_died_is_ended_for_its_reader(app, account, owner_browser, worker, page, world):
    asked = ask_for_test(page)
    forget_wake_ups(worker)
    with inside(app, account), unit_of_work():
        [run] = db.session.query(TestRun)
        run.outcome, run.started_at = Outcome.RUNNING, house_clock.now() - timedelta(minutes=2)
        db.session.query(OutboxMessage).one().status = Status.SENDING

    worker.sweep()
    worker.drain()

    shown = owner_browser.open(asked.path)
    assert "The test e-mail was interrupted before its outcome was known." in shown.text
    assert message_of(app, account) == (Status.FAILED, None)
    assert world.mailbox.messages() == []


def test_a_test_that_waited_too_long_is_not_sent(app, account, owner_browser, worker, page, world, clock):
    clock.set_to(house_clock.now())
    asked = ask_for_test(page)
    clock.advance(minutes=11)

    worker.drain()

    assert world.mailbox.messages() == []
    assert "The test e-mail was not sent" in owner_browser.open(asked.path).text
    assert message_of(app, account) == (Status.EXPIRED, None)


@pytest.mark.parametrize("change", ["edited", "disabled"])
def test_a_service_that_changed_meanwhile_does_not_send_with_what_it_was(
    app, account, owner_browser, worker, page, world, change
):
    asked = ask_for_test(page)
    if change == "edited":
        owner_browser.open(page.path).form("Save").fill("SMTP Host", "127.0.0.1").press(status=200)
    else:
        owner_browser.open(page.path).click("Disable").press("Disable")

    worker.drain()

    assert world.mailbox.messages() == []
    assert "settings were changed before the test e-mail left" in owner_browser.open(asked.path).text
    assert message_of(app, account) == (Status.CANCELLED, None)


def test_a_message_that_was_sent_leaves_no_copy_here(app, account, worker, page):
    ask_for_test(page)
    worker.drain()

    assert message_of(app, account) == (Status.ACCEPTED, None)


def test_nobody_else_sees_a_run(app, two_accounts, world, worker, browser_as):
    mine = signed_in(app, two_accounts[0].owner)
    page = create_relay_service(mine, world)
    other_service = create_password_service(mine, world)
    asked = ask_for_test(page)
    worker.drain()
    run = asked.path.rpartition("/")[2]

    signed_in(app, two_accounts[1].owner).open(asked.path, status=404)
    browser_as("editor").open(asked.path, status=403)
    mine.open(f"{other_service.path}/test-runs/{run}", status=404)
    mine.open(f"{page.path}/test-runs/1", status=404)


def test_the_list_and_the_service_show_the_last_run(owner_browser, worker, page):
    assert "Never" in owner_browser.open("/smtp").text
    ask_for_test(page)
    assert "Running" in owner_browser.open("/smtp").text

    worker.drain()

    assert "Accepted" in owner_browser.open("/smtp").text
    assert "Ready" in owner_browser.open(page.path).text
