"""What a person does to messages in the log, one or all that a filter finds, and to suppressed addresses."""

from datetime import UTC, datetime

import pytest

from kbadmin.database import db, unit_of_work
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.smtp.models import SmtpService
from tests.databases import both_databases
from tests.delivery.log_rows import put, put_many, recipients, statuses, suppress
from tests.delivery.outbox import make_service, queue_one
from tests.factories import inside
from tests.users.pages import actions

TO_READER = "reader@example.org"


@both_databases
@pytest.mark.parametrize("status", [Status.FAILED, Status.HELD, Status.CANCELLED])
def test_a_message_is_sent_again_with_a_new_lease_of_life(app, account, owner_browser, status):
    [found] = put(app, account, recipient=TO_READER, status=status, attempts=[("fail", None)])
    with inside(app, account), unit_of_work():
        db.session.query(OutboxMessage).one().attempts = 9
    page = owner_browser.open(f"/deliveries/{found}")
    page = page.click("Send again").press("Send again") if status == Status.HELD else page.press("Send again")
    assert page.messages == [f"The message to {TO_READER} waits to be sent again."]
    with inside(app, account):
        message = db.session.query(OutboxMessage).one()
        assert (message.status, message.attempts, message.settled_at) == ("queued", 0, None)
        assert message.requeued_at is not None
        assert message.content is not None
    assert actions(owner_browser)[0] == f"Message sent again: Welcome → {TO_READER}"


def test_what_was_sent_again_is_carried(app, account, owner_browser, worker, world):
    service_id = make_service(app, account, port=world.relay.port)
    queue_one(app, account, service_id, recipient=TO_READER)
    with inside(app, account), unit_of_work():
        message = db.session.query(OutboxMessage).one()
        message.status, message.settled_at, found = Status.FAILED, datetime.now(UTC), message.public_id
    owner_browser.open(f"/deliveries/{found}").press("Send again")
    worker.drain()
    assert statuses(app, account) == {TO_READER: "accepted"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"content": None}, "Its content is no longer kept"),
        ({"expires_at": datetime(2026, 3, 2, 8, tzinfo=UTC)}, "It would come too late"),
        ({"kind": Kind.TEST}, "A test e-mail is sent once"),
        ({"status": Status.ACCEPTED}, "It is in another state by now"),
    ],
)
def test_what_cannot_be_sent_again_says_why(app, account, owner_browser, clock, values, reason):
    values = {"status": Status.FAILED} | values
    [found] = put(app, account, recipient=TO_READER, **values)
    page = owner_browser.open(f"/deliveries/{found}")
    assert "Send again" not in page.buttons
    again = owner_browser.open(f"/deliveries/{found}/send-again").press("Send again")
    assert reason in again.messages[0]
    assert statuses(app, account) == {TO_READER: str(values["status"])}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.HELD])
def test_a_message_is_cancelled_after_a_question_and_can_be_brought_back(app, account, owner_browser, status):
    [found] = put(app, account, recipient=TO_READER, status=status)
    page = owner_browser.open(f"/deliveries/{found}").click("Cancel").press("Cancel message")
    assert page.messages == [f"The message to {TO_READER} is cancelled and not sent."]
    assert statuses(app, account) == {TO_READER: "cancelled"}
    page.press("Send again")
    assert statuses(app, account) == {TO_READER: "queued"}


def test_what_is_being_sent_cannot_be_cancelled(app, account, owner_browser):
    [found] = put(app, account, recipient=TO_READER, status=Status.SENDING)
    page = owner_browser.open(f"/deliveries/{found}/cancel").press("Cancel message")
    assert "another state" in page.messages[0]
    assert statuses(app, account) == {TO_READER: "sending"}


@both_databases
def test_all_waiting_messages_of_a_filter_are_cancelled(app, account, owner_browser):
    service_id = make_service(app, account, port=25)
    put(app, account, 3, smtp_service_id=service_id)
    put(app, account, recipient="other@example.org")
    put(app, account, recipient="failed@example.org", status=Status.FAILED, smtp_service_id=service_id)
    page = owner_browser.open(f"/deliveries?service={service_id}").click("Cancel all waiting")
    assert "3 messages will not be sent" in page.text
    page = page.press("Cancel 3 messages")
    assert page.messages == ["3 messages are cancelled."]
    found = statuses(app, account)
    assert sorted(found.values()) == ["cancelled"] * 3 + ["failed", "queued"]
    assert (found["other@example.org"], found["failed@example.org"]) == ("queued", "failed")
    assert "Messages cancelled" in actions(owner_browser)[0]
    assert "SMTP service: Relay" in owner_browser.open("/audit-log").text


def test_sending_all_again_says_how_long_it_takes_and_goes_on_in_the_background(app, account, owner_browser, worker):
    service_id = make_service(app, account, port=1, messages_per_minute=25, recipients_per_day=10_000)
    put_many(app, account, 2_300)
    with inside(app, account), unit_of_work():
        db.session.query(OutboxMessage).update({"lane_id": service_id, "smtp_service_id": service_id})
        db.session.get(SmtpService, service_id).disabled_at = datetime.now(UTC)
    page = owner_browser.open("/deliveries?state=failed").click("Send all failed again")
    assert "2,300 messages, about 1 h 32 min" in page.text
    page = page.press("Send 2,300 messages again")
    assert page.messages[0].startswith("1,000 messages wait to be sent again. The rest follows in the background")
    worker.drain()
    assert set(statuses(app, account).values()) == {"queued"}


def test_a_filter_that_cannot_be_read_changes_nothing(app, account, owner_browser):
    put(app, account, recipient=TO_READER)
    page = owner_browser.open("/deliveries/cancel?first_day=nonsense", status=422)
    assert "cannot be read" in page.text
    token = owner_browser.open("/profile").soup.select_one("input[name=csrf_token]")["value"]
    owner_browser.post("/deliveries/cancel?first_day=nonsense", {"csrf_token": token}, status=422)
    assert statuses(app, account) == {TO_READER: "queued"}


def test_a_service_is_in_use_while_messages_wait_for_it(app, account, owner_browser):
    service_id = make_service(app, account, port=25)
    put(app, account, 2, smtp_service_id=service_id)
    page = owner_browser.open(f"/smtp/{service_id}/delete")
    assert "2 messages wait to be sent" in page.text
    assert "Delete" not in page.buttons
    assert len(recipients(page.click("2 messages wait to be sent"))) == 2


def test_no_suppressed_address_says_what_the_list_is_for(owner_browser):
    assert "No address is suppressed" in owner_browser.open("/deliveries/suppressed").text


@both_databases
def test_suppressed_addresses_are_listed_by_name_searched_and_cleared(app, account, owner_browser):
    suppress(app, account, *(f"gone{n:02}@example.org" for n in range(60)))
    first = owner_browser.open("/deliveries/suppressed")
    second = first.click("More addresses")
    rows = [page.soup.select("th[data-label=Address]") for page in (first, second)]
    assert [len(found) for found in rows] == [50, 10]
    found = owner_browser.open("/deliveries/suppressed?q=GONE07")
    page = found.click("Clear gone07@example.org").press("Clear")
    assert page.messages == ["gone07@example.org is cleared: mail goes there again."]
    assert "Nothing found" in owner_browser.open("/deliveries/suppressed?q=gone07").text
    assert actions(owner_browser)[0] == "Suppressed address cleared: gone07@example.org"
