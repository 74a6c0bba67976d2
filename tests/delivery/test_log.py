"""The delivery log: every message with its state and why, found by filters, one account only, never its content."""

import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import event

from kbadmin.database import db, unit_of_work
from kbadmin.delivery import log_filters, log_queries
from kbadmin.delivery.log_filters import Wanted
from kbadmin.delivery.models import LaneHour
from kbadmin.outbox.models import PLATFORM, Kind, Status
from kbadmin.smtp.models import SmtpService
from tests.databases import both_databases
from tests.delivery.log_rows import lane_row, put, put_many, recipients, statuses, suppress
from tests.delivery.outbox import make_service
from tests.factories import add_person, inside, signed_in
from tests.portal.library import Library

TO_READER = "reader@example.org"


def cards(page) -> dict[str, str]:
    return {
        card.select_one(".count-card-label").get_text(strip=True): card.select_one(".count-card-number").get_text()
        for card in page.soup.select(".count-card")
    }


def test_a_fresh_log_says_what_it_is_for(owner_browser):
    assert "Nothing sent yet" in owner_browser.open("/deliveries").text


@both_databases
def test_every_message_is_seen_once_on_the_way_down_and_up(app, account, owner_browser):
    put(app, account, 120)
    first = owner_browser.open("/deliveries")
    second = first.click("Older")
    third = second.click("Older")
    down = recipients(first) + recipients(second) + recipients(third)
    assert len(down) == len(set(down)) == 120
    assert ("Newer" in first.links, "Older" in third.links) == (False, False)
    assert recipients(third.click("Newer")) == recipients(second)
    top = third.click("Newer").click("Newer")
    assert recipients(top) == recipients(first)
    assert "Newer" not in top.links


@both_databases
def test_messages_are_found_by_state_kind_service_and_recipient(app, account, owner_browser):
    service_id = make_service(app, account, port=25)
    put(app, account, recipient="anna@example.org", status=Status.FAILED, smtp_service_id=service_id)
    put(app, account, recipient="Bert@example.org", status=Status.ACCEPTED, kind=Kind.DIGEST)
    put(app, account, recipient="berta@example.org", status=Status.QUEUED)

    def found(**chosen):
        form = owner_browser.open("/deliveries").form("Filter")
        for label, option in chosen.items():
            form.fill(label, option) if label == "Recipient" else form.select(label.replace("_", " "), option)
        return sorted(recipients(form.press()))

    assert found(State="Failed") == ["anna@example.org"]
    assert found(State="Accepted by the server") == ["Bert@example.org"]
    assert found(Kind="Digest") == ["Bert@example.org"]
    assert found(SMTP_service="Relay") == ["anna@example.org"]
    assert found(SMTP_service="Platform sender") == ["Bert@example.org", "berta@example.org"]
    assert found(Recipient="bert") == ["berta@example.org"]
    assert found(Recipient="BERTA@EXAMPLE.ORG") == ["berta@example.org"]
    assert found(Recipient="Bert@example.org") == ["Bert@example.org"]
    assert found(Recipient="ann", State="Failed", Kind="Welcome") == ["anna@example.org"]
    assert found(Recipient="ann", State="Queued") == []
    assert "Nothing found" in owner_browser.open("/deliveries?state=cancelled").text


@both_databases
def test_days_are_those_of_the_accounts_zone(app, account, owner_browser):
    owner_browser.open("/account").form("Save").select("Time Zone", "Auckland").press()
    for hour in range(0, 96, 8):  # The second is half past midnight on the 3rd in Auckland.
        at = datetime(2026, 3, 2, 3, 30, tzinfo=UTC) + timedelta(hours=hour)
        put(app, account, recipient=f"at{hour}@example.org", created_at=at)
    page = owner_browser.open("/deliveries?first_day=2026-03-03&last_day=2026-03-03")
    assert recipients(page) == ["at24@example.org", "at16@example.org", "at8@example.org"]
    assert len(recipients(owner_browser.open("/deliveries?first_day=2026-03-04"))) == 8
    assert recipients(owner_browser.open("/deliveries?last_day=2026-03-02")) == ["at0@example.org"]
    assert recipients(owner_browser.open("/deliveries?first_day=2030-01-01")) == []


def test_days_in_the_wrong_order_are_said_to_be(owner_browser, app, account):
    put(app, account)
    page = owner_browser.open("/deliveries?first_day=2026-03-03&last_day=2026-03-01")
    assert page.errors == ["Choose a day that is not before From."]


def test_the_cards_count_each_state_and_lead_to_it(app, account, owner_browser):
    put(app, account, 3, status=Status.QUEUED)
    put(app, account, 2, status=Status.FAILED)
    put(app, account, status=Status.HELD)
    service_id = make_service(app, account, port=25)
    with inside(app, account), unit_of_work():
        from_lane = {"lane_id": PLATFORM, "account_id": account.id}
        db.session.execute(lane_row(PLATFORM))
        now = int(datetime.now(UTC).timestamp()) // 3600
        db.session.add_all(
            [
                LaneHour(**from_lane, hour=now, recipients=1200),
                LaneHour(**from_lane, hour=now - 30, recipients=7),
            ]
        )
    page = owner_browser.open("/deliveries")
    assert service_id
    assert cards(page) == {
        "Waiting": "3", "Being sent": "0", "Given to servers": "1,200", "Failed": "2", "Held": "1",
    }  # fmt: skip
    assert len(recipients(owner_browser.open(page.links["2 Failed"]))) == 2
    home = owner_browser.open("/")
    assert cards(home) == cards(page)
    assert len(recipients(owner_browser.open(home.links["1 Held"]))) == 1


def test_home_says_how_deliveries_stand_to_those_who_may_see_them(app, account, owner_browser, browser_as):
    assert cards(owner_browser.open("/")) == {}
    library = Library(app, account)
    ours, others = library.knowledge_base("Help"), library.knowledge_base("Other")
    for knowledge_base_id in (ours, others, None):
        put(app, account, status=Status.FAILED, knowledge_base_id=knowledge_base_id)
    assert cards(owner_browser.open("/"))["Failed"] == "3"
    assert cards(browser_as("editor").open("/")) == {"Waiting": "0", "Being sent": "0", "Failed": "2", "Held": "0"}
    assert cards(browser_as("writer").open("/")) == cards(browser_as("none", manages_smtp=True).open("/")) == {}


def test_a_long_count_stops_at_a_thousand():
    assert log_queries.Count(1_000).words == "1,000"
    assert log_queries.Count(1_001).words == "1,000+"


def test_a_waiting_message_says_why(app, account, owner_browser, clock):
    paused = make_service(app, account, port=25, name="Digests")
    full = make_service(app, account, port=26, name="Small", recipients_per_day=1)
    with inside(app, account), unit_of_work():
        db.session.get(SmtpService, paused).paused_at = datetime.now(UTC)
        db.session.execute(lane_row(full))
        hour = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()) // 3600
        db.session.add(LaneHour(lane_id=full, account_id=account.id, hour=hour, recipients=1))
    put(app, account, smtp_service_id=paused, recipient="a@example.org")
    put(app, account, smtp_service_id=full, recipient="b@example.org")
    later = datetime(2026, 3, 2, 12, tzinfo=UTC)
    due = make_service(app, account, port=27, name="Open")
    put(app, account, smtp_service_id=due, recipient="c@example.org", not_before_at=later)
    put(app, account, smtp_service_id=due, recipient="d@example.org")
    put(app, account, recipient="e@example.org")
    page = owner_browser.open("/deliveries")
    said = [hint.get_text(" ", strip=True) for hint in page.soup.select("td[data-label=State] .form-hint")]
    assert said == [
        "This site has no platform sender: its operator sets one up",
        "Due: leaves in its turn",
        "Deferred until 2 March 2026, 12:00 UTC",
        "The limit of 1 recipients in 24 hours is reached",
        "Digests is paused",
    ]
    assert page.links["Digests is paused"] == f"/smtp/{paused}"


def test_a_message_shows_what_happened_and_why_but_never_its_content(app, account, owner_browser, clock):
    service_id = make_service(app, account, port=25)
    again = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    attempts = [("retry", again), ("fail_recipient", None)]
    owner_browser.must_not_show("secret-link")
    [found] = put(
        app, account, recipient=TO_READER, status=Status.FAILED, smtp_service_id=service_id, attempts=attempts
    )
    page = owner_browser.open("/deliveries").click(TO_READER)
    assert page.path == f"/deliveries/{found}"
    for told in (
        "550 5.1.1 User unknown", "Next try: 2 March 2026, 09:05 UTC", "the server refuses this address",
        "Who must act", "Details for IT", "Relay",
    ):  # fmt: skip
        assert told in page.text
    assert "delivered" not in page.text.lower()


def test_an_accepted_message_says_accepted_by_the_server(app, account, owner_browser):
    [found] = put(app, account, status=Status.ACCEPTED, content=None, last_reply="250 OK queued as 7")
    text = owner_browser.open(f"/deliveries/{found}").text
    assert "Accepted by the server" in text
    assert "250 OK queued as 7" in text
    assert "delivered" not in text.lower()


@both_databases
def test_another_accounts_messages_are_not_there(app, two_accounts):
    acme, globex = two_accounts
    [theirs] = put(app, globex, recipient="theirs@example.org", status=Status.FAILED)
    [address] = suppress(app, globex, "theirs@example.org")
    put(app, acme, recipient="ours@example.org", status=Status.FAILED)
    browser = signed_in(app, acme.owner)
    assert recipients(browser.open("/deliveries")) == ["ours@example.org"]
    assert recipients(browser.open(f"/deliveries?older={theirs}")) == ["ours@example.org"]
    assert "theirs" not in browser.open("/deliveries/export").html
    assert "theirs" not in browser.open("/deliveries/suppressed").text
    for path in (str(theirs), f"{theirs}/send-again", f"{theirs}/cancel", f"suppressed/{address}/clear"):
        browser.open(f"/deliveries/{path}", status=404)
    browser.open("/deliveries/send-again").press("Send 1 message again")
    assert statuses(app, globex) == {"theirs@example.org": "failed"}
    assert statuses(app, acme) == {"ours@example.org": "queued"}


def test_an_editor_sees_nothing_of_mail_that_belongs_to_no_knowledge_base(app, account):
    [found] = put(app, account, status=Status.FAILED)
    browser = signed_in(app, add_person(app, account, "editor"))
    assert "Messages of the knowledge bases you look after" in browser.open("/deliveries").text
    assert "Deliveries" not in browser.open("/").links
    browser.open(f"/deliveries/{found}", status=404)
    browser.open("/deliveries/suppressed", status=403)
    browser.open("/deliveries/send-again", status=403)
    assert len(browser.open("/deliveries/export").html.splitlines()) == 1


@both_databases
@pytest.mark.parametrize(
    "wanted", [Wanted(), Wanted(state="failed"), Wanted(recipient=TO_READER), Wanted(state="queued", kind="digest")]
)
def test_a_page_of_the_log_takes_the_same_few_queries_however_long_it_is(app, account, wanted):
    def queries() -> int:
        sent = []
        with inside(app, account):
            db.session.connection()
            event.listen(db.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
            log_queries.page(wanted)
        return len(sent)

    put(app, account, 60, status=Status.FAILED)
    few = queries()
    put(app, account, 600, status=Status.FAILED)
    assert queries() - few in (few, 0)  # The first listener hears the second page, too.
    assert few <= 3


PLANS = {
    "everything": (Wanted(), "account_id=?"),
    "failed": (Wanted(state="failed"), "ix_outbox_messages_open (account_id=? AND status=?)"),
    "one recipient": (Wanted(recipient=TO_READER), "ix_outbox_messages_recipient (account_id=? AND recipient=?)"),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_page_is_read_from_an_index_in_its_order(app, account, name):
    wanted, index = PLANS[name]
    put(app, account, recipient=TO_READER)
    sent = []
    with inside(app, account):
        db.session.connection()
        event.listen(db.engine, "before_cursor_execute", lambda *args: sent.append(args[2:4]))
        log_queries.page(wanted)
        statement, parameters = sent[-1]
        plan = " | ".join(
            row[-1] for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "SCAN" not in plan


def test_a_rare_kind_is_looked_for_piece_by_piece(app, account, owner_browser):
    put(app, account, recipient=TO_READER, kind=Kind.NOTICE)
    put_many(app, account, log_filters.LOOKED_THROUGH + 10)
    page = owner_browser.open("/deliveries?kind=notice")
    assert "Of 5,000 messages back to" in page.text
    assert recipients(page) == []
    assert recipients(page.click("Look further back")) == [TO_READER]


@both_databases
def test_the_messages_of_one_digest_run_are_found_with_whatever_else_is_wanted(app, account, owner_browser):
    run = uuid.uuid4()
    put(app, account, 2, run_id=run, status=Status.ACCEPTED)
    put(app, account, recipient="failed@example.org", run_id=run, status=Status.FAILED)
    put(app, account, recipient="between@example.org")
    put(app, account, run_id=run, status=Status.ACCEPTED)
    put(app, account, recipient="after@example.org", status=Status.FAILED)
    page = owner_browser.open(f"/deliveries?run={run}")
    assert len(recipients(page)) == 4
    assert "Of one digest only." in page.text
    assert recipients(page.form("Filter").select("State", "Failed").press()) == ["failed@example.org"]
    assert len(recipients(page.click("Show those of others, too"))) == 6
    assert recipients(owner_browser.open(f"/deliveries?run={uuid.uuid4()}")) == []
    assert owner_browser.open("/deliveries?run=nonsense").status == 200
    assert Wanted.from_json(Wanted(run=run).as_json()).run == run


@both_databases
def test_a_recipient_is_found_in_whatever_letters_the_address_was_written(owner_browser, app, account):
    put(app, account, recipient="Robin.Smith@example.org")
    put(app, account, recipient="rob_in@example.org")
    for asked in ("robin.smith@example.org", "ROBIN.SMITH@example.org", "robin.", "Robin.Smith"):
        assert recipients(owner_browser.open(f"/deliveries?recipient={asked}")) == ["Robin.Smith@example.org"], asked
    assert recipients(owner_browser.open("/deliveries?recipient=rob_")) == ["rob_in@example.org"]


@both_databases
def test_a_beginning_that_no_letter_follows_finds_nothing(owner_browser, app, account):
    put(app, account)
    for last in ("\ud7ff", "\U0010ffff"):
        assert recipients(owner_browser.open(f"/deliveries?recipient=anna{quote(last)}")) == []
