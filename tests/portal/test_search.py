"""Search: by the beginnings of words, with the place where they stand; what one may not read is in test_reading."""

import pytest
from sqlalchemy import event

from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience
from kbadmin.portal.search import marked, question
from tests.databases import both_databases


@pytest.fixture
def public(library):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "Zebra crossing", words="Where people walk.")
    library.article(kb, "Animals", words="A lion and a zebra live here.")
    library.article(kb, "Percent", words="100% of it all.")
    return kb


def titles(page):
    return [link.get_text() for link in page.soup.select(".article-list-title a")]


@both_databases
def test_titles_come_first_and_all_words_must_stand(library, browser, public):
    page = browser.open(f"{library.home}/help").form("Search").fill("Search in Help", "ZEBRA").press()
    assert titles(page) == ["Zebra crossing", "Animals"]
    assert page.form("Search").value("Search in Help") == "ZEBRA"
    assert [mark.get_text() for mark in page.soup.select("mark")] == ["zebra"]
    assert titles(browser.open(f"{library.home}/help/search?q=zeb+lio")) == ["Animals"]
    assert titles(browser.open(f"{library.home}/help/search?q=zebra+tiger")) == []


@both_databases
@pytest.mark.parametrize("asked", ["", "%20%20", "%00", "%25", "_", "%22", "*", "x" * 5000, "a " * 500, "NEAR(", "a:b"])
def test_an_odd_question_is_answered(library, browser, public, asked):
    assert browser.open(f"{library.home}/help/search?q={asked}").title == "Search"


def test_nothing_found_says_what_to_try(library, browser, public):
    assert "Try fewer words" in browser.open(f"{library.home}/help/search?q=tiger").text
    assert "Type one or several words" in browser.open(f"{library.home}/help/search").text


def test_the_beginnings_of_words_are_marked():
    pieces = list(marked("Zebras, a zebra and an ozebra: <b>", "zebra b a.*"))
    assert [piece.text for piece in pieces if piece.is_hit] == ["Zebra", "a", "zebra", "a", "a", "b"]
    assert "".join(piece.text for piece in pieces) == "Zebras, a zebra and an ozebra: <b>"
    assert [piece.text for piece in marked("Only this.", "…")] == ["Only this."]


def test_a_question_has_an_end():
    assert question(" a\0b  c ") == "a b c"
    assert len(question("x" * 5000)) == 200


@both_databases
def test_a_search_asks_for_categories_and_restrictions_once(app, library, browser, public):
    library.category(public, "Lamps")
    asked = []
    with app.app_context():
        engine = db.engine

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert titles(browser.open(f"{library.home}/help/search?q=zebra")) == ["Zebra crossing", "Animals"]
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in asked if "FROM categories" in one]) == 1
    assert len([one for one in asked if "FROM category_groups" in one]) == 1
