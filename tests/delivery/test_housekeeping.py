"""How long the delivery log is kept, and what stays longer."""

from datetime import timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.accounts.models import Account
from kbadmin.database import db, unit_of_work
from kbadmin.delivery import housekeeping
from kbadmin.outbox.models import DeliveryAttempt, MessageBody, OutboxMessage, Status
from tests.databases import both_databases
from tests.delivery.log_rows import put, put_many, statuses
from tests.delivery.outbox import make_service, queue_digests
from tests.factories import inside
from tests.users.pages import actions


@both_databases
def test_settled_messages_are_forgotten_when_the_accounts_days_are_over(app, two_accounts, clock):
    acme, globex = two_accounts
    with inside(app, acme), unit_of_work():
        db.session.get(Account, acme.id).delivery_log_days = 30
    for status in Status:
        put(app, acme, recipient=f"{status}@example.org", status=status, attempts=[("fail", None)])
    put(app, globex, recipient="kept@example.org", status=Status.ACCEPTED)
    clock.advance(days=29)
    put(app, acme, recipient="young@example.org", status=Status.ACCEPTED)
    clock.advance(days=2)
    with app.app_context():
        housekeeping.keep_house()
    assert sorted(statuses(app, acme).values()) == ["accepted", "held", "queued", "sending"]
    assert "young@example.org" in statuses(app, acme)
    assert statuses(app, globex) == {"kept@example.org": "accepted"}
    with inside(app, acme):
        assert db.session.query(DeliveryAttempt).count() == 3


def test_the_round_is_made_once_an_hour(app, account, clock):
    with app.app_context():
        housekeeping.keep_house()
    put(app, account, status=Status.ACCEPTED)
    clock.advance(days=91)
    with app.app_context():
        housekeeping.keep_house()
    assert len(statuses(app, account)) == 1


def test_a_long_log_is_forgotten_bit_by_bit(app, account, clock):
    put_many(app, account, 2_300)
    with inside(app, account), unit_of_work():
        db.session.query(OutboxMessage).update({"settled_at": house_clock.now()})
    put(app, account, recipient="waits@example.org")
    clock.advance(days=100)
    reached, cursor = [], 0
    with app.app_context():
        while (cursor := housekeeping.forget(account.id, 90, cursor)) is not None:
            reached.append(cursor)
    assert len(reached) == 2
    assert statuses(app, account) == {"waits@example.org": "queued"}


def test_a_body_goes_with_the_last_message_that_needs_it(app, account, clock):
    service_id = make_service(app, account, port=25)
    queue_digests(app, account, service_id, 2)
    clock.advance(days=100)

    def bodies_left():
        with app.app_context():
            housekeeping.forget(account.id, 90)
        with inside(app, account):
            return db.session.query(MessageBody).count()

    assert bodies_left() == 1
    with inside(app, account), unit_of_work():
        gone = {"status": Status.ACCEPTED, "settled_at": house_clock.now() - timedelta(days=95)}
        db.session.query(OutboxMessage).update(gone)
    assert bodies_left() == 0
    assert statuses(app, account) == {}


def test_an_owner_says_how_long_the_log_is_kept(app, account, owner_browser):
    form = owner_browser.open("/account").form("Save")
    assert form.value("Keep the delivery log for") == "90"
    form.fill("Keep the delivery log for", "30").press()
    assert "Kept for 30 days" in owner_browser.open("/deliveries").text
    assert "delivery log days: 90 → 30" in owner_browser.open("/audit-log").text
    assert actions(owner_browser)[0] == "Account settings changed: Acme"


@pytest.mark.parametrize("days", ["", "6", "731", "x", "-7", "30.5", "٣٠"])
def test_days_that_are_none_are_refused(owner_browser, days):
    form = owner_browser.open("/account").form("Save").fill("Keep the delivery log for", days)
    assert len(form.press(status=422).errors) == 1
