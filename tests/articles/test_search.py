"""Search: by beginnings of words, the best first, and never what the viewer may not read."""

from sqlalchemy import select

from kbadmin.articles import operations, publishing, search
from kbadmin.articles.models import Article
from kbadmin.articles.operations import Wanted
from kbadmin.articles.visibility import STRANGER, Viewer, readable
from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from tests.articles.conftest import OLIVE, Shelves
from tests.databases import both_databases

pytestmark = both_databases


def titles(shelves, text, viewer=STRANGER):
    return [hit.title for hit in hits(shelves, text, viewer)]


def hits(shelves, text, viewer=STRANGER):
    with shelves.inside():
        return search.search(db.session.get(KnowledgeBase, shelves.id), viewer, text)


def test_words_are_found_by_how_they_begin_wherever_they_stand(shelves):
    shelves.article("Installing the lantern", is_published=True)
    shelves.article("Batteries", summary="For every lantern.", is_published=True)
    shelves.article("Warranty", body="A **lan**tern, returned.", is_published=True)
    assert titles(shelves, "LANT") == ["Installing the lantern", "Batteries", "Warranty"]
    assert titles(shelves, "lantern returned") == ["Warranty"]
    assert titles(shelves, "antern") == []


def test_parts_of_file_names_and_addresses_are_found(shelves):
    body = "Open `config_file.yaml` at https://docs.example.com/start-here or ask help@acme.example"
    shelves.article("Files", body=body, is_published=True)
    for text in ("yaml", "config_file.yaml", "file", "docs.example.com", "here", "help@acme.example", "acme"):
        assert titles(shelves, text) == ["Files"], text


SIGNS = ["", "   ", "!?", '"', "*", "':*", "a:*&b", "\\", "- -", "{", "(", "日本"]
QUERIES = ["x" * 3000, "AND", "a OR b NOT c", "NEAR(a b)", "title:a"]


def test_whatever_is_typed_is_answered(shelves):
    shelves.article("Installing", is_published=True)
    for text in [*SIGNS, *QUERIES]:
        assert titles(shelves, text) == [], text


def test_words_of_every_script_are_found(shelves):
    shelves.article("Über Müller", body="Отчёт. 東京 タワー", is_published=True)
    for text in ("über", "ÜBER müll", "отчё", "東京"):
        assert titles(shelves, text) == ["Über Müller"], text


def test_what_was_changed_is_found_by_its_new_words_only(shelves):
    article = shelves.article("Old", body="lantern", is_published=True)
    with shelves.writing():
        operations.change(shelves.id, article, Wanted("New", body="torch"), revision=1, actor=OLIVE)
    assert titles(shelves, "lantern") == titles(shelves, "old") == []
    assert titles(shelves, "torch") == ["New"]
    with shelves.writing():
        operations.delete(shelves.id, article, actor=OLIVE)
    assert titles(shelves, "torch") == []


def test_only_what_the_viewer_may_read_is_found(shelves):
    staff = shelves.group("Staff")
    hidden = shelves.category("Hidden", groups=[staff])
    shelves.article("Lantern one", is_published=True)
    shelves.article("Lantern two")
    shelves.article("Lantern three", groups=[staff], is_published=True)
    shelves.article("Lantern four", category=hidden, is_published=True)
    gone = shelves.article("Lantern five", is_published=True)
    with shelves.writing():
        publishing.archive(shelves.id, gone, actor=OLIVE)
    insider = Viewer(groups=frozenset([staff]), is_active=True, reads_everything=True)
    assert titles(shelves, "lantern") == ["Lantern one"]
    assert sorted(titles(shelves, "lantern", insider)) == ["Lantern four", "Lantern one", "Lantern three"]
    with shelves.writing():
        db.session.get(KnowledgeBase, shelves.id).audience = Audience.READERS
    assert titles(shelves, "lantern") == []


def test_two_accounts_and_two_knowledge_bases_do_not_see_each_other(app, two_accounts):
    ours, theirs = (Shelves(app, account) for account in two_accounts)
    beside = Shelves(app, two_accounts[0], name="Beside")
    for place in (ours, theirs, beside):
        place.article(f"Lantern of {place.account.name} {place is beside}", is_published=True)
    assert titles(ours, "lantern") == ["Lantern of Acme False"]
    with ours.inside():
        matching = search.matching(theirs.id, "lantern"), Article.knowledge_base_id == theirs.id
        assert db.session.scalars(select(Article.title).where(*matching)).all() == []
        foreign = KnowledgeBase(id=theirs.id, audience=Audience.PUBLIC, group_rule="any")
        assert search.search(foreign, STRANGER, "lantern") == []
        assert db.session.scalars(select(Article.id).where(readable(foreign, STRANGER))).all() == []


def test_the_words_around_the_first_one_are_shown(shelves):
    before, after = ("word " * 60 for _ in range(2))
    shelves.article("Long", body=f"{before}The Lantern glows.{after}", is_published=True)
    (hit,) = hits(shelves, "lantern")
    assert hit.extract.startswith("…word")
    assert "The Lantern glows." in hit.extract
    assert hit.extract.endswith("word…")
    assert len(hit.extract) < 200
    (hit,) = hits(shelves, "long")
    assert hit.extract.startswith("word word")


def test_no_more_than_some_are_found(shelves):
    for number in range(search.MOST_FOUND + 3):
        shelves.article(f"Lantern {number}", is_published=True)
    assert len(titles(shelves, "lantern")) == search.MOST_FOUND


def test_a_long_article_of_many_different_words_can_be_saved_and_found(shelves):
    shelves.article("Numbers", body=" ".join(f"n{number}" for number in range(36_000)), is_published=True)
    assert titles(shelves, "n12345") == ["Numbers"]
