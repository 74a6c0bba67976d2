"""The pages of digest runs: the list from the newest, one run whose figures add up, and the way into the log."""

import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from kbadmin import clock as house_clock
from kbadmin.access import Role
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import roles
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.models import Status
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from tests.databases import both_databases
from tests.delivery.log_rows import put
from tests.factories import add_person, counting, inside, open_account, signed_in
from tests.knowledge_bases.conftest import knowledge_base, make_knowledge_base
from tests.smtp.conftest import _world, world
from tests.subscriptions.readership import Readership

__all__ = ["_world", "knowledge_base", "make_knowledge_base", "world"]


@pytest.fixture
def settings(settings, world):
    return world.seen_from(settings)


@pytest.fixture
def path(knowledge_base):
    return f"/knowledge-bases/{knowledge_base}/digests"


def make_runs(app, account, knowledge_base, count=1, **values):
    """Runs, one an hour; answers their ids, oldest first."""
    with inside(app, account), unit_of_work():
        start = house_clock.now() - timedelta(days=30)
        rows = [
            DigestRun(
                knowledge_base_id=knowledge_base, slot=str(uuid.uuid4()), due_at=start + timedelta(hours=number),
                until_at=start + timedelta(hours=number), **({"kind": RunKind.SCHEDULED, "stage": "done"} | values),
            )
            for number in range(count)
        ]  # fmt: skip
        db.session.add_all(rows)
        db.session.flush()
        return [row.id for row in rows]


@contextmanager
def asked(app):
    """The statements that the database is sent meanwhile."""
    found = []

    def one_more(_connection, _cursor, statement, *_):
        found.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", one_more)
        try:
            yield found
        finally:
            event.remove(db.engine, "before_cursor_execute", one_more)


def shown(page):
    return [link["href"].rpartition("/")[2] for link in page.soup.select("th[data-label=When] a")]


@both_databases
def test_runs_are_listed_from_the_newest_with_a_constant_number_of_queries(
    app, account, browser_as, knowledge_base, path
):
    editor = browser_as("editor")
    assert "No digest yet" in editor.open(path).text
    ids = make_runs(app, account, knowledge_base)
    with counting(app) as few:
        editor.open(path)
    ids += make_runs(app, account, knowledge_base, 59)
    with counting(app) as many:
        first = editor.open(path)
    assert few.total == many.total
    second = first.click("Older")
    assert len(shown(first) + shown(second)) == 60
    assert {*shown(first), *shown(second)} == {str(one) for one in ids}
    assert shown(second.click("Newer")) == shown(first)
    assert ("Newer" in first.links, "Older" in second.links) == (False, False)


@both_databases
def test_the_figures_of_a_run_add_up_and_lead_into_the_log(app, account, browser_as, knowledge_base, path):
    skipped = {"nothing_new": 3, "suppressed": 1}
    (run_id,) = make_runs(
        app, account, knowledge_base, planned=12, skipped=skipped, stage=RunStage.QUEUED, begun_by="Olive"
    )
    for status, count in [(Status.ACCEPTED, 4), (Status.FAILED, 2), (Status.QUEUED, 1), (Status.HELD, 1)]:
        put(app, account, count, status=status, run_id=run_id, knowledge_base_id=knowledge_base)
    editor = browser_as("editor")
    page = editor.open(f"{path}/{run_id}")
    cells = {
        row.th.get_text(strip=True): row.td.get_text(" ", strip=True).split()[0] for row in page.soup.select("tbody tr")
    }
    assert cells == {
        "Accepted by the server": "4", "Waiting": "1", "Failed": "2", "Held": "1", "Skipped": "4", "Planned": "12",
    }  # fmt: skip
    assert "Nothing was new of what they subscribed to: 3" in page.text
    assert "Come to an end: 11 of 12 subscribers" in page.text
    assert "hx-get" in str(page.soup.select_one("#digest"))
    log = page.click("2 in the delivery log")
    assert "Of one digest only." in log.text
    assert len(log.soup.select("tbody tr")) == 2
    assert editor.fragment(f"{path}/{run_id}").soup.select_one("#digest")
    editor.open(f"{path}/{uuid.uuid4()}", status=404)


@both_databases
def test_the_figures_of_ended_runs_are_kept_and_their_messages_not_counted(
    app, account, owner_browser, knowledge_base, path
):
    skipped = {"nothing_new": 3}
    done = {"planned": 12, "skipped": skipped, "tallies": {"sent": 7, "failed": 2}}
    (run_id,) = make_runs(app, account, knowledge_base, stage=RunStage.DONE, **done)
    make_runs(app, account, knowledge_base, 3, stage=RunStage.EMPTY)
    make_runs(app, account, knowledge_base, 3, stage=RunStage.SKIPPED)
    put(app, account, 7, status=Status.ACCEPTED, run_id=run_id, knowledge_base_id=knowledge_base)
    put(app, account, 2, status=Status.FAILED, run_id=run_id, knowledge_base_id=knowledge_base)
    with asked(app) as statements:
        listed, one = owner_browser.open(path), owner_browser.open(f"{path}/{run_id}")
    assert "12 subscribers: 7 accepted by the server, 2 failed, 3 skipped" in listed.text
    assert "2 in the delivery log" in one.text
    assert statements
    assert not [one for one in statements if "run_id" in one and "outbox_messages" in one]
    (open_id,) = make_runs(app, account, knowledge_base, stage=RunStage.QUEUED, planned=1)
    put(app, account, status=Status.QUEUED, run_id=open_id, knowledge_base_id=knowledge_base)
    with asked(app) as statements:
        assert "1 subscriber: 1 waiting" in owner_browser.open(path).text
    assert len([one for one in statements if "run_id" in one and "outbox_messages" in one]) == 1


def test_a_run_that_was_not_sent_says_why(app, account, owner_browser, knowledge_base, path):
    reason = "The service was disabled."
    (run_id,) = make_runs(app, account, knowledge_base, stage=RunStage.SKIPPED, reason=reason)
    make_runs(app, account, knowledge_base, stage=RunStage.EMPTY)
    page = owner_browser.open(path)
    assert "Nothing was new for anybody, so nothing was sent." in page.text
    assert "It was not sent. The service was disabled." in page.text
    assert "It was not sent. The service was disabled." in owner_browser.open(f"{path}/{run_id}").text


def test_nothing_is_sent_by_hand_while_subscriptions_are_off(owner_browser, path):
    page = owner_browser.open(f"{path}/send-now")
    assert "Subscriptions are off." in page.text
    assert "Sign out" in page.buttons
    assert len(page.buttons) == 1


def test_a_digest_is_sent_by_hand_after_the_page_has_said_what_and_to_whom(app, account, browser_as, world, worker):
    readership = Readership(app, account, port=world.relay.port, audience=Audience.PUBLIC, is_public=True)
    here = f"/knowledge-bases/{readership.id}/digests"
    editor = browser_as("editor")
    assert "Nobody is subscribed yet." in editor.open(f"{here}/send-now").text
    readership.subscriber("rita@example.org", since=house_clock.now() - timedelta(hours=1))
    readership.subscriber("late@example.org", since=house_clock.now() + timedelta(hours=1))
    readership.news("The light is red")
    page = editor.open(here).click("Send Now")
    assert "1 subscriber gets a digest at once, through Relay" in page.text
    assert "The light is red" in page.text
    assert "For 1 other subscriber nothing is new" in page.text
    page = page.press("Send to 1 Subscriber")
    assert page.messages == ["The digest is being sent."]
    for _ in range(3):
        worker.drain()
        worker.sweep()
    page = editor.open(page.path)
    assert "Every message has come to an end." in page.text
    assert "What it told of" in page.text
    assert "The light is red" in page.links
    assert [mail.recipients for mail in world.mailbox.messages()] == [("rita@example.org",)]
    assert "Nothing is new for any of 2 subscribers." in editor.open(f"{here}/send-now").text


def test_the_list_says_when_the_next_one_is_due(app, account, clock):
    readership = Readership(app, account, minute=10 * 60)
    here = f"/knowledge-bases/{readership.id}/digests"
    browser = signed_in(app, account.owner)
    page = browser.open(here)
    assert "Next digest: Monday, 2 March 2026, 10:00" in page.text
    assert page.soup.select_one(".main-menu-entry.active").get_text(strip=True) == "Knowledge bases"
    browser.open(f"/knowledge-bases/{readership.id}/settings/subscriptions").press("Pause")
    assert "Next digest" not in browser.open(here).text


def test_home_says_when_the_next_digests_are_due_to_those_who_edit_there(app, account, clock):
    mine, other = Readership(app, account, minute=10 * 60), open_account(app, "Globex")
    emil, elsewhere = add_person(app, account, "editor"), mine.knowledge_base("Elsewhere")
    with inside(app, account), unit_of_work():
        roles.narrow(emil.membership_id, {elsewhere: Role.EDITOR}, actor=Actor(None, "test"))
    said = "next digest Monday, 2 March 2026, 10:00 UTC"
    home = signed_in(app, account.owner).open("/")
    assert said in home.text
    assert home.click("Help").title == "Digests of Help"
    for person in (emil, add_person(app, account, "writer"), other.owner):
        assert "next digest" not in signed_in(app, person).open("/").text
