"""Welcomes to many: to whoever may sign in, in the background, nobody twice; and those that failed, until seen to."""

import dataclasses

import pytest
from sqlalchemy import func, select, update

from kbadmin.database import db, new_id, unit_of_work
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.readers import bulk, listing
from kbadmin.readers.bulk_models import ReaderBulkDeed
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.models import Reader
from kbadmin.readers.welcomes import NobodySends
from tests.databases import both_databases
from tests.factories import inside, open_account
from tests.portal.test_passwords import SENDER
from tests.readers.people import OLIVE, add, add_many, names
from tests.readers.test_bulk import FOUND, ask
from tests.readers.test_list import _plans

EVERYBODY = "Continue with everybody"


@pytest.fixture
def app(settings, make_app):
    """An installation whose platform can send mail."""
    return make_app(dataclasses.replace(settings, system_smtp_url=SENDER))


@pytest.fixture
def three(app, account):
    """Two who may sign in, and one who may not."""
    add(app, account, "carl@example.org", "Carl", status="disabled")
    return [add(app, account, f"{name.lower()}@example.org", name) for name in ("Anna", "Bert")]


def welcomed(app, account):
    """Who was sent how many welcomes."""
    with inside(app, account):
        query = select(OutboxMessage.recipient, func.count()).group_by(OutboxMessage.recipient)
        return dict(map(tuple, db.session.execute(query)))


def fail(app, account, *recipients, status=Status.FAILED):
    with inside(app, account), unit_of_work():
        chosen = update(OutboxMessage).where(OutboxMessage.recipient.in_(recipients))
        db.session.execute(chosen.values(status=status.value))


def test_those_ticked_are_welcomed_as_far_as_they_may_sign_in(app, account, owner_browser, three):
    page = ask(owner_browser, "Send a welcome", "Anna", "Bert", "Carl")
    assert page.title == "Send Welcomes"
    assert "2 readers" in page.text
    assert "That is 2 messages, as fast as the server takes them." in page.text
    assert "Left out: 1 reader who may not sign in." in page.text
    assert page.press("Send").messages == [
        "Welcomes to 2 readers are on their way. Left out: 1 reader who may not sign in."
    ]
    assert welcomed(app, account) == {"anna@example.org": 1, "bert@example.org": 1}
    assert "Nobody of them may sign in" in ask(owner_browser, "Send a welcome", "Carl").text


def test_many_are_welcomed_in_the_background_and_nobody_twice(app, account, owner_browser, worker):
    add_many(app, account, 60)
    add(app, account, "off@example.org", status="disabled")
    add(app, open_account(app, "Globex"), "theirs@example.org")
    page = ask(owner_browser, "Send a welcome", button=EVERYBODY).press("Send")
    [said] = page.messages
    assert said.startswith("Welcomes to 50 readers are on their way. The other 10 follow in the background,")
    assert said.endswith("Left out: 1 reader who may not sign in.")
    worker.drain()
    found = welcomed(app, account)
    assert len(found) == 60
    assert set(found.values()) == {1}
    with inside(app, account), unit_of_work():  # As though the first of them had been forgotten.
        first = db.session.scalar(select(Reader.id).order_by(Reader.id))
        began_at = db.session.scalar(select(func.min(Reader.welcomed_at)))
        order = Order(Deed.WELCOME, listing.Wanted(), new_id(), began_at=began_at)
        again = ReaderBulkDeed(wanted=order.as_json(), after=first, number=1)
        db.session.add(again)
        db.session.flush()
        deed_id = str(again.id)
    for _ in range(2):
        with app.app_context():
            bulk.go_on_with_readers(str(account.id), deed_id)
    worker.drain()
    assert welcomed(app, account) == found


def test_where_nobody_can_send_the_page_says_what_to_do(settings, make_app, account, owner_browser, three):
    owner_browser.client.application = other = make_app(settings)
    owner_browser.app = other
    page = ask(owner_browser, "Send a welcome", "Anna")
    assert "Nobody can send" in page.text
    assert page.click("Open Settings").path == "/readers/settings"
    with inside(other, account), unit_of_work():
        order = Order(Deed.WELCOME, listing.Wanted(), new_id())
        with pytest.raises(NobodySends):
            bulk.do(order, actor=OLIVE, facts={})


@both_databases
def test_failed_welcomes_are_marked_found_and_seen_to(app, account, owner_browser, three):
    ask(owner_browser, "Send a welcome", button=EVERYBODY).press("Send")
    assert "Welcome failed" not in [
        badge.get_text(strip=True) for badge in owner_browser.open("/readers").soup.select(".state")
    ]
    fail(app, account, "anna@example.org")
    fail(app, account, "bert@example.org", status=Status.HELD)
    page = owner_browser.open("/notices")
    assert "2 welcomes failed" in page.text
    page = page.click("Show the readers for Welcomes")
    assert names(page) == ["Anna", "Bert"]
    assert [row.select(".state-danger")[0].get_text(strip=True) for row in page.soup.select("tbody tr")] == [
        "Welcome failed"
    ] * 2
    page = ask(owner_browser, "Clear failed welcomes", "Anna").press("Clear")
    assert page.messages == ["Warnings of 1 reader cleared."]
    assert "1 welcome failed" in owner_browser.open("/notices").text
    page = ask(owner_browser, "Send a welcome", path="/readers?welcome=failed", button=FOUND)
    assert "welcome “Welcome failed”" in page.text
    assert page.press("Send").messages == ["Welcomes to 1 reader are on their way."]
    assert names(owner_browser.open("/readers?welcome=failed")) == []
    assert "failed" not in owner_browser.open("/notices").text
    assert welcomed(app, account) == {"anna@example.org": 1, "bert@example.org": 2}


@both_databases
def test_who_was_not_reached_is_looked_up_from_the_few_messages_that_failed(app, account, database_kind):
    add_many(app, account, 3_000)
    with inside(app, account):
        plans = _plans(database_kind, lambda: listing.page(listing.Wanted(welcome_failed=True)))
    assert any("ix_readers_welcomed" in plan for plan in plans), plans
