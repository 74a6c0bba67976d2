"""Deeds for many readers that are interrupted: gone on with, or shown with how many were met and how to go on."""

import json

import pytest
from sqlalchemy import func, select

from kbadmin import clock as kbadmin_clock
from kbadmin import engine, installation
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers import belonging, bulk, email_settings, groups, listeners, operations
from kbadmin.readers.bulk_models import Ended, ReaderBulkDeed
from kbadmin.readers.listeners import Listener
from kbadmin.readers.models import Reader
from kbadmin.readers.operations import Belongings, Details
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside, open_account, signed_in
from tests.reader_emails.test_settings import choose
from tests.readers.people import OLIVE, add, add_group, add_many, row_of
from tests.readers.test_bulk import EVERYBODY, FOUND, ask, statuses
from tests.users.pages import actions


@pytest.fixture
def unlucky():
    """``unlucky(True)``: whoever disables readers meets somebody who breaks; or an exception, or what is done then."""
    breaks = [False]

    def disabled(_ids):
        if callable(breaks[0]):
            breaks[0]()
        elif breaks[0]:
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
    assert "For Everybody" in page.text
    unlucky(False)
    path, page = page.path, page.press("Go On")
    assert page.messages == ["It goes on in the background with those who were not met."]
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


def test_one_whose_filter_goes_while_the_last_are_looked_for_is_not_taken_for_done(
    app, account, owner_browser, worker, unlucky
):
    group = add_group(app, account, "Partners")
    add_many(app, account, 300)
    with inside(app, account), unit_of_work():
        belonging.join(list(db.session.scalars(select(Reader.id))), [group])
    ask(owner_browser, "Disable", button=FOUND, path=f"/readers?group={group}").press("Disable")
    unlucky(lambda: groups.remove(group, actor=OLIVE))
    worker.drain()
    page = owner_browser.open("/notices").click("See what to do for Disable Readers")
    assert "The group or knowledge base was deleted meanwhile" in page.text


def end_early(app, account):
    """As after too many tries; answers the path of its page."""
    with inside(app, account), unit_of_work():
        row = db.session.scalar(select(ReaderBulkDeed))
        bulk.end(row, Ended.INTERRUPTED)
        path = f"/readers/bulk/{row.id}"
    engine.of(app).forget_wakes()
    return path


def test_its_page_says_for_whom_it_is_and_with_what(app, account, owner_browser, worker):
    add_many(app, account, 600)
    group = add_group(app, account, "Partners")
    page = ask(owner_browser, "Add to a group", button=FOUND, path="/readers?q=many&status=active")
    page.form("Add to the group").select("Group", "Partners").press()
    path = end_early(app, account)
    page = owner_browser.open(path)
    assert "For All that are found with search “many”, status “Active” Group Partners" in page.text
    assert "whoever is found by this now, was there when it began and comes after the last reader" in page.text
    with inside(app, account), unit_of_work():
        groups.remove(group, actor=OLIVE)
    assert "Group deleted meanwhile" in owner_browser.open(path).text


def test_what_its_filter_names_may_be_gone_when_its_page_is_read(app, account, owner_browser, worker):
    group = add_group(app, account, "Partners")
    add_many(app, account, 600)
    with inside(app, account), unit_of_work():
        belonging.join(list(db.session.scalars(select(Reader.id))), [group])
    ask(owner_browser, "Delete", button=FOUND, path=f"/readers?group={group}").press("Delete")
    path = end_early(app, account)
    with inside(app, account), unit_of_work():
        groups.remove(group, actor=OLIVE)
    page = owner_browser.open(path)
    assert "For All that are found with group “deleted meanwhile”" in page.text
    assert page.buttons.count("Leave It as It Is") == 1
    assert "Show who is found now" not in page.text  # It would be everybody.


@both_databases
def test_a_deletion_is_begun_anew_for_whom_its_filter_finds_now(app, account, owner_browser, worker):
    add_many(app, account, 300)
    stays = add(app, account, "innocent@elsewhere.example", "Innocent")
    ask(owner_browser, "Delete", button=FOUND, path="/readers?q=many&sort=newest").press("Delete")
    path = end_early(app, account)
    with inside(app, account), unit_of_work():  # She calls herself like those who were to be deleted.
        details = Details("innocent@elsewhere.example", "Many", "Thanks", {})
        operations.change(stays, details, Belongings(), actor=OLIVE)
    page = owner_browser.open(path)
    assert "Go On" not in page.buttons
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    page = owner_browser.post(path, {"csrf_token": token})
    assert page.messages == [
        "This cannot be brought back, so it does not go on. Look who is found now, and begin anew."
    ]
    worker.drain()
    assert row_of(app, account, stays).deleted_at is None
    page = page.click("Show who is found now")
    assert "51 readers" in page.text
    assert page.path == "/readers?q=many&sort=newest"


@both_databases
def test_after_a_restore_somebody_is_asked_before_it_goes_on(app, account, owner_browser, worker, clock):
    globex = open_account(app, "Globex")
    for one in (account, globex):
        add_many(app, one, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    ask(signed_in(app, globex.owner), "Disable", button=EVERYBODY).press("Disable")
    engine.of(app).forget_wakes()
    not_paused = app.test_cli_runner().invoke(args=["outbox", "resume"])
    assert "under way" not in not_paused.output
    with app.app_context(), unit_of_work():
        installation.remember(installation.Fact.PAUSED, "was restored from a backup")
    done = app.test_cli_runner().invoke(args=["outbox", "resume"])
    assert done.exit_code == 0, done.output
    assert "2 deeds for many readers were under way. The bell asks whoever manages readers" in done.output
    engine.of(app).look_again()
    sweep(worker, clock)
    for one in (account, globex):
        assert statuses(app, one) == {"disabled": 250, "active": 350}
    page = owner_browser.open("/notices").click("See what to do for Disable Readers")
    assert "250 readers disabled. 350 readers were not met." in page.text
    assert "the database was restored from a backup" in page.text
    page.press("Go On")
    worker.drain()
    assert statuses(app, account) == {"disabled": 600}
    assert statuses(app, globex) == {"disabled": 250, "active": 350}


def test_it_is_nobody_elses(app, account, owner_browser, worker, browser_as):
    add_many(app, account, 600)
    ask(owner_browser, "Disable", button=EVERYBODY).press("Disable")
    with inside(app, account):
        path = f"/readers/bulk/{db.session.scalar(select(ReaderBulkDeed.id))}"
    assert "250 readers disabled. 350 readers were not met." in owner_browser.open(path).text
    browser_as("editor").open(path, status=403)
    theirs = signed_in(app, open_account(app, "Globex").owner)
    theirs.open(path, status=404)
