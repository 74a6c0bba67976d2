"""Search finds the same on both databases, however accents are written and whichever are left out, and shows them."""

import unicodedata

import flask_migrate
import pytest
from sqlalchemy import text

from kbadmin.articles import operations, search
from kbadmin.articles.extracts import extract, places
from kbadmin.articles.folding import folded
from kbadmin.articles.operations import Wanted
from kbadmin.articles.visibility import STRANGER
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import KnowledgeBase
from tests.articles.conftest import OLIVE
from tests.databases import both_databases

SAME = {
    "acute": ("Café", "cafe"),
    "umlaut": ("Über Müller", "uber muller"),
    "tilde": ("España", "espana"),
    "cedilla": ("Façade", "facade"),
    "stroke": ("Søren Łódź", "soren lodz"),
    "ligature": ("Œuvre Ærø", "oeuvre aero"),
    "sharp s": ("Straße", "STRASSE"),
    "dotted i": ("İstanbul", "istanbul"),
    "Cyrillic": ("Мой ёжик", "МОИ ежик"),
    "Greek": ("Ώρα οδός", "ωρα ΟΔΟΣ"),
    "Vietnamese": ("Đà Nẵng", "da nang"),
    "Arabic": ("مُحَمَّد أحمد", "محمد احمد"),
    "Hebrew": ("שָׁלוֹם", "שלום"),
    "Han": ("東京 タワー", "東京"),
    "wide": ("ＡＢＣ", "abc"),
    "ligature of print": ("Oﬃce", "office"),
    "soft hyphen": ("Co\u00adop", "coop"),
    "Hindi": ("हिन्दी", "हिन्दी"),
    "Thai": ("ที่นี่", "ที่นี่"),
}
OTHER = {
    "voiced kana": ("がく", "かく"),
    "vowel signs": ("कि", "कु"),
    "umlauts are not spelled out": ("Müller", "mueller"),
    "the middle of a word": ("Décafé", "cafe"),
}


def titles(shelves, asked):
    with shelves.inside():
        return [hit.title for hit in search.search(db.session.get(KnowledgeBase, shelves.id), STRANGER, asked)]


@both_databases
@pytest.mark.parametrize("field", ["title", "summary", "body"])
def test_words_are_found_with_their_accents_and_without_composed_or_not(shelves, field):
    for name, (written, _) in SAME.items():
        for number, form in enumerate(("NFC", "NFD")):
            value = {"title": f"{name} {number}"} | {field: unicodedata.normalize(form, written)}
            shelves.article(**value, is_published=True)
    for name, (written, asked) in SAME.items():
        for question in (asked, written, *(unicodedata.normalize(form, written) for form in ("NFC", "NFD"))):
            found = titles(shelves, question)
            assert len(found) == 2, (name, question, found)


@both_databases
def test_what_makes_another_word_is_not_left_out(shelves):
    for written, _ in OTHER.values():
        shelves.article(written, is_published=True)
    assert [name for name, (_, asked) in OTHER.items() if titles(shelves, asked)] == []


@both_databases
def test_a_changed_article_is_found_by_its_new_words_only(shelves):
    article = shelves.article("Café", body="Crème", is_published=True)
    with shelves.writing():
        operations.change(shelves.id, article, Wanted("Thé", body="Crème brûlée"), revision=1, actor=OLIVE)
    assert [titles(shelves, asked) for asked in ("cafe", "the", "brulee")] == [[], ["Thé"], ["Thé"]]


@both_databases
def test_the_upgrade_finds_what_was_written_before(app, shelves):
    shelves.article("Café", summary="Crème", body="Søren " * 100, is_published=True)
    with app.app_context():
        flask_migrate.downgrade(revision="0010")
        with unit_of_work():
            assert db.session.scalar(text("SELECT title FROM articles")) == "Café"
        flask_migrate.upgrade()
        db.engine.dispose()
    assert [titles(shelves, asked) for asked in ("cafe", "creme", "soren")] == [["Café"]] * 3
    shelves.article("Thé", is_published=True)
    assert titles(shelves, "the") == ["Thé"]


@pytest.mark.parametrize(("written", "asked"), SAME.values(), ids=SAME)
def test_the_extract_shows_the_word_as_it_was_written(written, asked):
    for before in ("x " * 5, "words und Wörter " * 300):
        text = f"{before}{written} and on"
        shown = extract(text, folded(asked).split(), folded(text))
        assert written in shown
        start, end = next(iter(places(shown, folded(asked).split())))
        assert written.startswith(shown[start:end])
        assert folded(shown[start:end]) == folded(asked).split()[0]


@pytest.mark.parametrize("sign", ["\u0301", "\u00ad"])
def test_the_extract_begins_no_word_where_a_part_of_the_text_is_looked_at(sign):
    """The text is folded in parts of 2,000 signs; one begins in the middle of this word."""
    text = ("a " * 990).ljust(1_990, "b") + "bbbbbbbbb" + sign + "cafe " + "x " * 500 + "the real cafe is here"
    assert text[1_999] == sign
    assert "the real cafe" in extract(text, ["cafe"], folded(text))


@pytest.mark.parametrize(
    ("shown", "asked", "marked"),
    [
        ("Cafe\u0301s und Café", "cafe", ["Cafe\u0301", "Café"]),
        ("Œuvre of ﬁne art", "o", ["Œ", "o"]),
        ("Œuvre of ﬁne art", "f", ["ﬁ"]),
    ],
)
def test_marks_end_behind_the_accent_and_take_the_whole_of_a_sign(shown, asked, marked):
    assert [shown[start:end] for start, end in places(shown, [asked])] == marked


@both_databases
def test_numbers_in_circles_part_words_and_are_none(shelves):
    for title in ("Note ❶ x", "Note ௧௨௰ x", "Year ፲፱፻ old", "Area 5² ½"):
        shelves.article(title, is_published=True)
    asked = ("❶", "note ❶", "፲፱፻ year", "52", "1 2")
    assert {one: sorted(titles(shelves, one)) for one in asked} == {
        "❶": [],
        "note ❶": ["Note ௧௨௰ x", "Note ❶ x"],
        "፲፱፻ year": ["Year ፲፱፻ old"],
        "52": ["Area 5² ½"],
        "1 2": ["Area 5² ½"],
    }


@both_databases
def test_the_end_of_a_long_article_is_found_on_both_or_on_none(shelves):
    for number, length in enumerate((190_000, 210_000)):
        shelves.article(f"Long {number}", body="word " * (length // 5) + "zebrafinch", is_published=True)
    assert titles(shelves, "zebrafinch") == ["Long 0"]
