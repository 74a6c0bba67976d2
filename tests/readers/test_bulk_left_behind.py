"""Deeds for many readers that are interrupted: gone on with, or shown with how many were met and how to go on."""

import json

import pytest
from sqlalchemy import func, select

from kbadmin import clock as kbadmin_clock
from kbadmin import engine
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers import belonging, email_settings, groups, listeners
from kbadmin.readers.bulk_models import ReaderBulkDeed
from kbadmin.readers.listeners import Listener
from kbadmin.readers.models import Reader
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside, open_account, signed_in
from tests.reader_emails.test_settings import choose
from tests.readers.people import OLIVE, add, add_group, add_many
from tests.readers.test_bulk import EVERYBODY, FOUND, ask, statuses
from tests.users.pages import actions


@pytest.fixture
def unlucky():
    """``unlucky(True)``: whoever disables readers meets somebody who breaks; an exception says how."""
    breaks = [False]

    def disabled(_ids):
        if breaks[0]:
            raise ConnectionError("the machine went down") if breaks[0] is True else breaks[0]

    made = Listener(lambda _: None, lambda _reader, _old: None, disabled, lambda _: None)
    listeners.LISTENERS.append(made)
    yield lambda now: breaks.__setitem__(0, now)
    listeners.LISTENERS.remove(made)


def left_over(app, account):
    with inside(app, account):
        return db.session.scalar(select(func.count()).select_from(ReaderBulkDeed))


def sweep(worker, clock):
    clock.advance(seconds=30)
    worker.sweep()
    worker.drain()


@both_databases
def test_a_deed_whose_worker_was_killed_is_gone_on_with(app, account, owner_browser, worker, clock):
    add_many(app, account, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    engine.of(app).forget_wakes()
    assert statuses(app, account) == {"disabled": 250, "active": 350}
    sweep(worker, clock)
    assert statuses(app, account) == {"disabled": 600}
    assert left_over(app, account) == 0
    assert "Ended early" not in owner_browser.open("/notices").text


@both_databases
def test_one_that_breaks_off_again_and_again_says_how_many_were_met_and_goes_on_when_told(
    app, account, owner_browser, worker, clock, unlucky
):
    add_many(app, account, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    unlucky(True)
    with pytest.raises(ConnectionError):
        worker.drain()
    for _ in range(5):
        with pytest.raises(ConnectionError):
            sweep(worker, clock)
    assert "Ended early" not in owner_browser.open("/notices").text
    sweep(worker, clock)
    assert actions(owner_browser)[0] == "Deed for many readers ended early"

    page = owner_browser.open("/notices").click("See what to do for Disable Readers")

    assert page.title == "Disable Readers"
    assert "250 readers disabled. 350 readers were not met." in page.text
    assert "Going on is safe" in page.text
    unlucky(False)
    path, page = page.path, page.press("Go On")
    assert page.messages == ["It goes on in the background, behind the last reader who was met."]
    worker.drain()
    assert statuses(app, account) == {"disabled": 600}
    assert left_over(app, account) == 0
    owner_browser.open(path, status=404)


@both_databases
def test_a_queue_that_others_keep_full_is_no_failure(app, account, owner_browser, worker, clock):
    add_many(app, account, 1_200)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    queue = engine.of(app).huey
    for _ in range(10):
        clock.advance(seconds=21)
        worker.sweep()
    for _ in range(10):
        queue.dequeue().execute()
        clock.advance(seconds=21)
    assert "Ended early" not in owner_browser.open("/notices").text
    worker.drain()
    assert statuses(app, account) == {"disabled": 1_200}


@both_databases
def test_a_wake_up_of_a_version_that_kept_no_rows_is_gone_on_with(app, account, owner_browser, worker):
    add_many(app, account, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    with inside(app, account), unit_of_work():
        row = db.session.scalar(select(ReaderBulkDeed))
        wanted, after = json.dumps(json.loads(row.wanted)[:6]), str(row.after)
        db.session.delete(row)
    engine.of(app).forget_wakes()
    engine.of(app).enqueue("go_on_with_readers", (str(account.id), wanted, after))
    worker.drain()
    assert statuses(app, account) == {"disabled": 600}
    assert left_over(app, account) == 0


def test_one_whose_group_went_meanwhile_can_only_be_left_as_it_is(app, account, owner_browser, worker):
    add_many(app, account, 600)
    group = add_group(app, account, "Partners")
    page = ask(owner_browser, "Add to a group", button=EVERYBODY).form("Add to the group")
    page.select("Group", "Partners").press()
    with inside(app, account), unit_of_work():
        groups.remove(group, actor=OLIVE)
    worker.drain()
    page = owner_browser.open("/notices").click("See what to do for Add Readers to a Group")
    assert "250 readers added to the group. 350 readers were not met." in page.text
    assert "The group or knowledge base was deleted meanwhile" in page.text
    assert "Go On" not in page.buttons
    page = page.press("Leave It as It Is")
    assert page.messages == ["It is left as it is. Readers who were not met stay as they were."]
    assert "Ended early" not in owner_browser.open("/notices").text


@both_databases
@pytest.mark.parametrize("gone", ["group", "knowledge base"])
def test_one_whose_filter_went_meanwhile_says_so(app, account, owner_browser, worker, make_knowledge_base, gone):
    group, knowledge_base = add_group(app, account, "Partners"), make_knowledge_base("Help")
    add_many(app, account, 600)
    with inside(app, account), unit_of_work():
        belonging.join(list(db.session.scalars(select(Reader.id))), [group])
    path = f"/readers?group={group}" if gone == "group" else f"/readers?knowledge_base={knowledge_base}"
    ask(owner_browser, "Disable", button=FOUND, path=path).press("Disable")
    with inside(app, account), unit_of_work():
        if gone == "group":
            groups.remove(group, actor=OLIVE)
        else:
            knowledge_bases.find(knowledge_base).deleted_at = kbadmin_clock.now()
    worker.drain()
    assert statuses(app, account) == {"disabled": 250, "active": 350}
    page = owner_browser.open("/notices").click("See what to do for Disable Readers")
    assert "250 readers disabled. How many others were not met cannot be told any more." in page.text
    assert "The group or knowledge base was deleted meanwhile" in page.text
    assert "Nobody else" not in page.text
    assert "Go On" not in page.buttons


@both_databases
def test_what_breaks_elsewhere_is_not_taken_for_a_target_that_went(app, account, owner_browser, worker, clock, unlucky):
    add_many(app, account, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    unlucky(KeyError("somewhere else"))
    with pytest.raises(KeyError):
        worker.drain()
    assert statuses(app, account) == {"disabled": 250, "active": 350}
    assert "Ended early" not in owner_browser.open("/notices").text
    unlucky(False)
    sweep(worker, clock)
    assert statuses(app, account) == {"disabled": 600}


@both_databases
def test_welcomes_of_a_knowledge_base_whose_service_went_wait_for_one(
    app, account, owner_browser, worker, make_knowledge_base
):
    here, other = make_knowledge_base("Help"), make_knowledge_base("Other")
    relay = make_service(app, account, port=2525, name="Relay")

    def send_through(service, *chosen):
        with inside(app, account), unit_of_work():
            for one in chosen:
                email_settings.choose_for(knowledge_bases.find(one), service, actor=OLIVE)

    send_through(relay, here, other)
    add(app, account, "nobody@example.org", reads_everything=True)  # Left out from the start.
    for number in range(70):
        opens = frozenset([other if number == 60 else here])
        add(app, account, f"a{number}@example.org", reads_everything=False, knowledge_bases=opens)
    page = ask(owner_browser, "Send a welcome", button=EVERYBODY).press("Send")
    assert "Left out: 1 reader whom nobody can write to." in page.messages[0]
    send_through(None, here)
    worker.drain()
    page = owner_browser.open("/notices").click("See what to do for Send Welcomes")
    assert "Welcomes to 51 readers are on their way. 19 readers were not met." in page.text
    send_through(relay, here)
    page.press("Go On")
    worker.drain()
    with inside(app, account):
        recipients = db.session.scalars(select(OutboxMessage.recipient)).all()
    assert len(recipients) == len(set(recipients)) == 70
    assert left_over(app, account) == 0


@both_databases
def test_welcomes_whose_service_went_meanwhile_go_on_when_there_is_one(app, account, owner_browser, worker):
    relay = make_service(app, account, port=2525)
    choose(app, account, relay)
    add_many(app, account, 60)
    ask(owner_browser, "Send a welcome", button=EVERYBODY).press("Send")
    choose(app, account, None)
    worker.drain()
    page = owner_browser.open("/notices").click("See what to do for Send Welcomes")
    assert "Welcomes to 50 readers are on their way. 10 readers were not met." in page.text
    assert "Nobody can send e-mail to them any more." in page.text
    assert page.click("Open Settings").path == "/readers/settings"
    choose(app, account, relay)
    page.press("Go On")
    worker.drain()
    with inside(app, account):
        recipients = db.session.scalars(select(OutboxMessage.recipient)).all()
    assert len(recipients) == len(set(recipients)) == 60


def test_it_is_nobody_elses(app, account, owner_browser, worker, browser_as):
    add_many(app, account, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    with inside(app, account):
        path = f"/readers/bulk/{db.session.scalar(select(ReaderBulkDeed.id))}"
    assert "250 readers disabled. 350 readers were not met." in owner_browser.open(path).text
    browser_as("editor").open(path, status=403)
    theirs = signed_in(app, open_account(app, "Globex").owner)
    theirs.open(path, status=404)
