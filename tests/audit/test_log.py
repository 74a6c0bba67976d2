"""The audit log page: newest first, filtered, a page at a time, one account's only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from kbadmin.audit.models import AuditEntry
from kbadmin.database import db, unit_of_work
from tests import factories
from tests.browser import Browser, Page
from tests.databases import both_databases
from tests.factories import OpenedAccount, inside

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def fill(app: Flask, account: OpenedAccount, count: int, *, same_moment: bool = False, **values: str) -> None:
    """Entries number 0, 1, 2… a minute apart, or all at once."""
    with inside(app, account), unit_of_work():
        for number in range(count):
            at = START if same_moment else START + timedelta(minutes=number)
            row = {"action": "thing done", "actor": "Anna", "subject": f"number {number}"} | values
            db.session.add(AuditEntry(at=at, **row))


def subjects(page: Page) -> list[str]:
    return [strong.get_text() for strong in page.soup.select("td[data-label=What] strong")]


def test_a_fresh_log_says_what_it_is_for(owner_browser: Browser) -> None:
    assert "Nothing has happened yet" in owner_browser.open("/audit-log").text


@both_databases
@pytest.mark.parametrize("same_moment", [False, True])
def test_every_entry_is_seen_once_on_the_way_down_and_up(
    app: Flask, account: OpenedAccount, owner_browser: Browser, same_moment: bool
) -> None:
    fill(app, account, 120, same_moment=same_moment)
    first = owner_browser.open("/audit-log")
    second = first.click("Older")
    third = second.click("Older")
    down = subjects(first) + subjects(second) + subjects(third)
    assert sorted(down, key=lambda text: int(text.split()[1])) == [f"number {n}" for n in range(120)]
    if not same_moment:
        assert down[0] == "number 119"
    assert ("Newer" in first.links, "Older" in third.links) == (False, False)
    assert subjects(third.click("Newer")) == subjects(second)
    top = third.click("Newer").click("Newer")
    assert subjects(top) == subjects(first)
    assert "Newer" not in top.links


def test_actions_are_called_the_same_in_the_filter_and_in_the_list(
    app: Flask, account: OpenedAccount, owner_browser: Browser
) -> None:
    fill(app, account, 1, action="smtp service disabled")
    page = owner_browser.open("/audit-log").form("Filter").select("Action", "SMTP service disabled").press()
    assert "SMTP service disabled: number 0" in page.text


def test_entries_are_found_by_person_action_and_day(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    fill(app, account, 2)
    fill(app, account, 3, actor="Bert", action="other thing done")
    form = owner_browser.open("/audit-log").form("Filter").select("Person", "Bert")
    assert len(subjects(form.press())) == 3
    form = owner_browser.open("/audit-log").form("Filter").select("Action", "Thing done")
    assert len(subjects(form.press())) == 2
    for first, last, count in [("2026-03-02", "2026-03-02", 5), ("2026-03-03", "", 0), ("", "2026-03-01", 0)]:
        form = owner_browser.open("/audit-log").form("Filter").fill("From", first).fill("To", last)
        assert len(subjects(form.press())) == count


def test_days_are_those_of_the_accounts_zone(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    owner_browser.open("/account").form("Save").select("Time Zone", "Auckland").press()
    with inside(app, account), unit_of_work():
        db.session.add(AuditEntry(at=datetime(2026, 3, 2, 23, tzinfo=UTC), action="late", subject="late one"))
    assert subjects(owner_browser.open("/audit-log?first_day=2026-03-03&last_day=2026-03-03")) == ["late one"]
    assert subjects(owner_browser.open("/audit-log?first_day=2026-03-02&last_day=2026-03-02")) == []


def test_the_filter_stays_while_turning_pages(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    fill(app, account, 60)
    fill(app, account, 60, actor="Bert")
    page = owner_browser.open("/audit-log").form("Filter").select("Person", "Bert").press().click("Older")
    assert page.form("Filter").value("Person") == "Bert"
    assert len(subjects(page)) == 10


@both_databases
@pytest.mark.parametrize(
    "query",
    [
        "older=nonsense",
        "newer=" + "9" * 40,
        "first_day=yesterday",
        "last_day=9999-12-31",
        "first_day=0001-01-01&last_day=0001-01-01",
        "actor=%00",
        "action=" + "x" * 5000,
        "older=00000000-0000-0000-0000-000000000000",
    ],
)
def test_nonsense_in_the_address_is_harmless(
    app: Flask, account: OpenedAccount, owner_browser: Browser, query: str
) -> None:
    fill(app, account, 1)
    owner_browser.open("/account").form("Save").select("Time Zone", "Auckland").press()
    owner_browser.open(f"/audit-log?{query}")


@both_databases
def test_another_accounts_log_is_out_of_reach(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    globex = factories.open_account(app, "Globex")
    fill(app, account, 2)
    fill(app, globex, 60, actor="Globex Person")
    with inside(app, globex):
        theirs = db.session.query(AuditEntry).first()
        assert theirs is not None
        entry_id = theirs.id
    page = owner_browser.open(f"/audit-log?older={entry_id}")
    assert len(subjects(page)) == 2
    assert "Globex Person" not in page.text


def test_markup_in_an_entry_is_shown_not_obeyed(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    fill(app, account, 1, subject="<script>alert(1)</script>", actor="<b>x</b>")
    page = owner_browser.open("/audit-log")
    assert subjects(page) == ["<script>alert(1)</script>"]


def test_reading_the_log_is_for_owners(browser_as: Callable[..., Browser]) -> None:
    browser_as("editor", manages_smtp=True, manages_readers=True).open("/audit-log", status=403)
