"""Search: every word, titles first, with the place where it stands."""

import pytest

from kbadmin.knowledge_bases.models import Audience
from kbadmin.portal.search import excerpt, words_of
from tests.databases import both_databases


@pytest.fixture
def public(library):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "Zebra crossing", words="Where people walk.")
    library.article(kb, "Animals", words="A lion and a zebra live here.")
    library.article(kb, "Percent", words="100% of_it \\ all.")
    return kb


def titles(page):
    return [link.get_text() for link in page.soup.select(".article-list-title a")]


@both_databases
def test_titles_come_first_and_all_words_must_stand(library, browser, public):
    page = browser.open(f"{library.home}/help").form("Search").fill("Search in Help", "ZEBRA").press()
    assert titles(page) == ["Zebra crossing", "Animals"]
    assert page.form("Search").value("Search in Help") == "ZEBRA"
    assert [mark.get_text() for mark in page.soup.select("mark")] == ["zebra"]
    assert titles(browser.open(f"{library.home}/help/search?q=zebra+lion")) == ["Animals"]
    assert titles(browser.open(f"{library.home}/help/search?q=zebra+tiger")) == []


@both_databases
@pytest.mark.parametrize(("asked", "found"), [("%25", ["Percent"]), ("_", ["Percent"]), ("\\", ["Percent"])])
def test_signs_with_a_meaning_for_databases_are_only_signs(library, browser, public, asked, found):
    assert titles(browser.open(f"{library.home}/help/search?q={asked}")) == found


@both_databases
@pytest.mark.parametrize("asked", ["", "%20%20", "%00", "x" * 5000, "a " * 500])
def test_an_odd_question_is_answered(library, browser, public, asked):
    assert browser.open(f"{library.home}/help/search?q={asked}").title == "Search"


def test_nothing_found_says_what_to_try(library, browser, public):
    assert "Try fewer words" in browser.open(f"{library.home}/help/search?q=tiger").text
    assert "Type one or several words" in browser.open(f"{library.home}/help/search").text


def test_an_excerpt_is_cut_around_the_first_word():
    text = "before " * 40 + "needle " + "after " * 80
    pieces = excerpt(text, ["needle"])
    assert [piece.text for piece in pieces if piece.is_hit] == ["needle"]
    assert pieces[0].text == "… "
    assert pieces[-1].text == " …"
    assert len("".join(piece.text for piece in pieces)) < 240


def test_an_excerpt_of_a_short_text_is_the_text():
    assert "".join(piece.text for piece in excerpt("Only this.", ["title"])) == "Only this."


def test_few_words_are_looked_for():
    assert len(words_of("a " * 100)) == 8
