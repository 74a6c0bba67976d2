"""Revisions: kept whenever the words change, compared, and restored."""

import pytest
from sqlalchemy import select

from kbadmin.articles import operations, revisions
from kbadmin.articles.models import ArticleRevision
from kbadmin.articles.operations import Wanted
from kbadmin.database import db
from tests.articles.conftest import OLIVE, text_of
from tests.databases import both_databases
from tests.users.pages import actions


def save(shelves, article, **values):
    """Save an article over what it is now."""
    with shelves.writing():
        now = operations.find(shelves.id, article)
        wanted = {"title": now.title, "summary": now.summary, "body": now.body, "category_id": now.category_id}
        operations.change(shelves.id, article, Wanted(**wanted | values), revision=now.revision, actor=OLIVE)


def numbers(page):
    return [text_of(cell) for cell in page.soup.select("tbody th")]


def revision(browser, shelves, article, number):
    """The page of one revision."""
    return browser.open(f"{shelves.path}/articles/{article}/revisions").click(f"Revision {number}")


@pytest.fixture
def article(shelves):
    """One that was saved three times."""
    made = shelves.article("Installing", body="Press the red button.")
    save(shelves, made, body="Press the green button.", summary="How it begins.")
    save(shelves, made, title="Installation")
    return made


@both_databases
def test_they_are_listed_with_who_and_when(owner_browser, shelves, article):
    page = owner_browser.open(f"{shelves.path}/articles/{article}").click("Revisions")
    assert numbers(page) == ["Revision 3", "Revision 2", "Revision 1"]
    row = text_of(page.soup.select_one("tbody tr"))
    assert "Olive Owner" in row
    assert row.endswith("Installation")


@both_databases
def test_one_shows_what_it_changed_word_by_word_and_not_by_colour_alone(owner_browser, shelves, article):
    page = owner_browser.open(f"{shelves.path}/articles/{article}/revisions").click("Revision 2")
    assert "What changed since revision 1" in page.text
    lines = [text_of(line) for line in page.soup.select(".difference-line")]
    assert lines == [
        "+ Added: How it begins.",
        "− Removed: Press the red button.",
        "+ Added: Press the green button.",
    ]
    assert [text_of(one) for one in page.soup.select("del, ins")] == ["red", "green"]
    first = revision(owner_browser, shelves, article, 1)
    assert "What it said first" in first.text


def test_one_is_compared_with_now(owner_browser, shelves, article):
    page = revision(owner_browser, shelves, article, 1).click("Compare with Now")
    assert page.title == "Revision 3 of Installation"
    assert "What changed since revision 1" in page.text
    assert [text_of(one) for one in page.soup.select("h3")] == ["Title", "Summary", "Text"]
    assert "Compare with Now" not in page.links


@both_databases
def test_one_is_restored_as_a_new_one(owner_browser, shelves, article):
    page = revision(owner_browser, shelves, article, 1).click("Restore")
    assert [text_of(one) for one in page.soup.select("ins")] == ["Installing", "red"]
    assert shelves.row(article).title == "Installation"
    page = page.press("Restore")
    assert page.messages == ["Installing says again what it said in revision 1."]
    row = shelves.row(article)
    assert (row.title, row.summary, row.body, row.revision) == ("Installing", "", "Press the red button.", 4)
    assert row.html == "<p>Press the red button.</p>\n"
    page = owner_browser.open(f"{shelves.path}/articles/{article}/revisions")
    assert numbers(page) == ["Revision 4", "Revision 3", "Revision 2", "Revision 1"]
    assert actions(owner_browser)[0] == "Article revision restored: Installing"


def test_one_that_would_be_refused_today_says_so_and_shows_its_text(owner_browser, shelves, article):
    page = revision(owner_browser, shelves, article, 1)
    with shelves.writing():
        db.session.scalar(select(ArticleRevision).filter_by(number=1)).body = "- a\n" * 12_000
    page = owner_browser.open(f"{page.path}/restore").press("Restore")
    assert "too many paragraphs, items in lists or table cells" in page.text
    assert page.title.startswith("Revision 1")
    assert shelves.row(article).title == "Installation"


def test_what_it_says_now_is_not_restored(owner_browser, shelves, article):
    page = revision(owner_browser, shelves, article, 3)
    assert "Restore" not in page.links
    owner_browser.open(f"{page.path}/restore").press("Restore")
    assert shelves.row(article).revision == 3


def test_other_places_and_readers_are_no_other_words(owner_browser, shelves, article):
    save(shelves, article, category_id=shelves.category())
    assert shelves.row(article).revision == 4
    page = owner_browser.open(f"{shelves.path}/articles/{article}/revisions")
    assert numbers(page) == ["Revision 3", "Revision 2", "Revision 1"]
    save(shelves, article, body="Press any button.")
    assert numbers(owner_browser.open(f"{shelves.path}/articles/{article}/revisions"))[0] == "Revision 5"


@pytest.mark.parametrize("found", ["01930d2c-7f0a-7c11-8d3e-0123456789ab", "0", "x"])
def test_one_that_there_is_not_does_not_exist(owner_browser, shelves, article, found):
    for more in ("", "/restore"):
        owner_browser.open(f"{shelves.path}/articles/{article}/revisions/{found}{more}", status=404)


def test_a_number_that_makes_no_sense_is_answered(owner_browser, shelves, article):
    for number in ("0", "-1", "99999999999999999999", "x"):
        owner_browser.open(f"{shelves.path}/articles/{article}/revisions?older_than={number}")


def test_a_revision_of_another_article_is_none_of_this_one(owner_browser, shelves, article):
    other = shelves.article("Other")
    path = revision(owner_browser, shelves, article, 2).path
    strange = path.replace(str(article), str(other))
    owner_browser.open(strange, status=404)
    owner_browser.open(f"{revision(owner_browser, shelves, other, 1).path}?since={path.rpartition('/')[2]}", status=404)


@both_databases
def test_a_long_history_is_turned_page_by_page(owner_browser, shelves):
    article = shelves.article(body="0")
    for number in range(revisions.PAGE + 2):
        save(shelves, article, body=f"{number + 1}")
    first = owner_browser.open(f"{shelves.path}/articles/{article}/revisions")
    assert (numbers(first)[0], len(numbers(first))) == ("Revision 53", revisions.PAGE)
    second = first.click("Older")
    assert numbers(second) == ["Revision 3", "Revision 2", "Revision 1"]
    assert numbers(second.click("Newer")) == numbers(first)
