"""The list of readers: searched, filtered, sorted, turned, and as fast for many as for few."""

import pytest
from sqlalchemy import event

from kbadmin.database import db, unit_of_work
from kbadmin.readers import listing
from kbadmin.readers.models import Reader, ReaderStatus
from tests.databases import both_databases
from tests.factories import counting, inside, open_account
from tests.readers.people import add, add_group, add_many, names


@pytest.fixture
def people(app, account):
    """Four readers; answers their ids by first name."""
    return {
        "Anna": add(app, account, "anna.berg@example.org", "Anna Maria", "Berg"),
        "Émile": add(app, account, "emile@example.com", "Émile", "Zola"),
        "bert": add(app, account, "bert@sub.example.org", "bert", "ångström"),
        "none": add(app, account, "plain@example.net"),
    }


def search(browser, words, **choices):
    form = browser.open("/readers").form("Filter").fill("Search", words)
    for label, option in choices.items():
        form.select(label.replace("_", " "), option)
    return form.press()


@both_databases
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("berg", ["Anna Maria Berg"]),
        ("ANNA", ["Anna Maria Berg"]),
        ("anna maria b", ["Anna Maria Berg"]),
        ("berg an", ["Anna Maria Berg"]),
        ("anna.berg@", ["Anna Maria Berg"]),
        ("ÉMI", ["Émile Zola"]),
        ("ＺＯＬＡ", ["Émile Zola"]),
        ("@example.org", ["Anna Maria Berg"]),
        ("example.", ["Anna Maria Berg", "plain@example.net", "Émile Zola"]),
        ("Ångström", ["bert ångström"]),
        ("%", []),
        ("ma_ia", []),
        ("\U0010ffff", []),
        ("\ud7ff", []),
        ("   ", ["Anna Maria Berg", "plain@example.net", "Émile Zola", "bert ångström"]),
    ],
)
def test_a_reader_is_found_by_how_a_name_an_address_or_a_domain_begins(owner_browser, people, words, found):
    assert names(search(owner_browser, words)) == found


def test_a_search_that_finds_nobody_says_how_to_go_on(owner_browser, people):
    page = search(owner_browser, "nobody")
    assert "Nobody found" in page.text
    assert len(names(page.click("Show everybody"))) == 4


@both_databases
def test_readers_are_filtered(app, account, owner_browser, people, knowledge_base):
    group = add_group(app, account, "Partners")
    add(app, account, "zed@example.org", "Zed", groups=[group], reads_everything=False)
    add(app, account, "yan@example.org", "Yan", status=ReaderStatus.PENDING)
    with inside(app, account), unit_of_work():
        db.session.get(Reader, people["Anna"]).signed_in_at = db.session.get(Reader, people["Anna"]).created_at
    assert names(search(owner_browser, "", Status="Waits to be let in")) == ["Yan"]
    assert names(search(owner_browser, "", Status="Disabled")) == []
    assert names(search(owner_browser, "", Group="Partners")) == ["Zed"]
    assert "Zed" not in names(search(owner_browser, "", Group="No group"))
    assert len(names(search(owner_browser, "", Group="No group"))) == 5
    assert "Zed" not in names(search(owner_browser, "", May_open="Customer Help"))
    assert "Anna Maria Berg" not in names(search(owner_browser, "", Signed_in="Never so far"))
    assert names(search(owner_browser, "z", Group="Partners", Status="Active")) == ["Zed"]


def test_a_choice_that_is_none_is_left_out_and_said(owner_browser, people):
    page = owner_browser.open("/readers?status=sleepy&group=11111111-2222-3333-4444-555555555555&after=x")
    assert len(names(page)) == 4
    assert page.errors


@both_databases
@pytest.mark.parametrize("sort", ["name", "newest"])
def test_the_list_is_turned_forth_and_back(app, account, owner_browser, sort):
    add_many(app, account, 120)
    page = owner_browser.open(f"/readers?sort={sort}")
    first = names(page)
    assert "120 readers" in page.text
    second = page.click("Next")
    third = second.click("Next")
    everybody = first + names(second) + names(third)
    assert len(set(everybody)) == len(everybody) == 120
    assert everybody == sorted(everybody, reverse=sort == "newest")
    assert "Next" not in third.links
    assert names(third.click("Previous")) == names(second)
    back = second.click("Previous")
    assert names(back) == first
    assert "Previous" not in back.links


def test_no_more_than_a_thousand_are_counted(app, account, owner_browser):
    add_many(app, account, 1_001)
    assert "More than 1,000 readers" in owner_browser.open("/readers").text


@both_databases
@pytest.mark.parametrize("number", [listing.RARE - 1, listing.RARE + 1])
def test_frequent_and_rare_words_find_the_same(app, account, people, number):
    add_many(app, account, number, domain="example.org")
    with inside(app, account):
        found = [line.email for line in listing.page(listing.Wanted(text="example.org")).lines]
        assert found == ["anna.berg@example.org", *(f"many{n:06}@example.org" for n in range(listing.PAGE - 1))]
        assert listing.count(listing.Wanted(text="example.org"), 2_000) == number + 1


def test_a_page_costs_the_same_few_statements_however_many_there_are(app, account, owner_browser):
    add_many(app, account, 20)
    owner_browser.open("/readers")
    with counting(app) as few:
        owner_browser.open("/readers?q=many")
    add_many(app, account, 3_000, domain="example.com")
    with counting(app) as many:
        owner_browser.open("/readers?q=many")
    assert many.total == few.total <= 20


@both_databases
def test_the_beginning_of_a_name_is_looked_up_in_an_index(app, account, database_kind):
    add_many(app, account, 3_000)
    with inside(app, account):
        plans = _plans(database_kind, lambda: listing.page(listing.Wanted(text="many000012")))
    assert any("ix_readers_named" in plan for plan in plans), plans
    assert any("ix_readers_domain" in plan for plan in plans), plans


@both_databases
def test_two_accounts_do_not_see_each_other(app, account, owner_browser, people):
    globex = open_account(app, "Globex")
    group = add_group(app, globex, "Secret partners", "example.org")
    add(app, globex, "anna.berg@example.org", "Anna", "Foreign", groups=[group])
    page = search(owner_browser, "anna")
    assert names(page) == ["Anna Maria Berg"]
    assert "Secret partners" not in page.text
    with inside(app, account):
        assert listing.count(listing.Wanted(group=str(group))) == 0


def _plans(kind, ask):
    """How the database would answer each statement of a call."""
    seen = []

    def note(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    connection = db.session.connection()
    if kind == "postgresql":
        connection.exec_driver_sql("ANALYZE readers")
    explain = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
    rows = [connection.exec_driver_sql(explain + statement, values).all() for statement, values in seen]
    return [" ".join(str(cell) for row in found for cell in row) for found in rows]
