"""Articles and categories that are dropped somewhere: into a category, before or after a neighbour."""

import uuid

import pytest

from kbadmin.articles import moving, operations
from kbadmin.articles.categories import NoRoom
from kbadmin.articles.moving import Place
from kbadmin.articles.writing import Gone
from kbadmin.knowledge_bases import operations as knowledge_bases
from tests.articles.conftest import OLIVE
from tests.articles.test_categories import outline
from tests.databases import both_databases
from tests.users.pages import actions


@pytest.fixture
def tree(shelves):
    """Basics holds A, B and C and a category More; Zebra is empty."""
    basics, zebra = shelves.category("Basics"), shelves.category("Zebra")
    found = {"Basics": basics, "Zebra": zebra, "More": shelves.category("More", parent=basics)}
    return found | {title: shelves.article(title, category=basics) for title in "ABC"}


def put(shelves, name, thing, **place):
    with shelves.writing():
        deed = moving.put_article if name == "article" else moving.put_category
        deed(shelves.id, thing, Place(**({"category_id": None} | place)), actor=OLIVE)


def visibility(shelves):
    with shelves.inside():
        return knowledge_bases.find(shelves.id).visibility_version


@both_databases
def test_an_article_goes_before_after_and_into(owner_browser, shelves, tree):
    before = visibility(shelves)
    put(shelves, "article", tree["C"], category_id=tree["Basics"], before_id=tree["A"])
    put(shelves, "article", tree["A"], category_id=tree["Basics"], after_id=tree["B"])
    assert [name for _, name in outline(owner_browser, shelves)] == ["Basics", "C", "B", "A", "More", "Zebra"]
    assert visibility(shelves) == before
    put(shelves, "article", tree["B"], category_id=tree["Zebra"])
    put(shelves, "article", tree["C"])
    assert outline(owner_browser, shelves) == [
        (1, "C"), (1, "Basics"), (2, "A"), (2, "More"), (1, "Zebra"), (2, "B"),
    ]  # fmt: skip
    assert visibility(shelves) == before + 2
    with shelves.inside():  # Whoever was writing it is asked before they save over that.
        assert operations.find(shelves.id, tree["B"]).revision == 2
    assert actions(owner_browser)[0] == "Article moved: C"
    assert "to: the top" in owner_browser.open("/audit-log").text


@both_databases
def test_a_category_goes_before_after_and_into_but_not_into_itself(owner_browser, shelves, tree):
    put(shelves, "category", tree["Zebra"], before_id=tree["Basics"])
    put(shelves, "category", tree["More"], after_id=tree["Zebra"])
    assert [name for level, name in outline(owner_browser, shelves) if level == 1] == ["Zebra", "More", "Basics"]
    put(shelves, "category", tree["Basics"], category_id=tree["More"])
    with pytest.raises(NoRoom):
        put(shelves, "category", tree["More"], category_id=tree["Basics"])
    assert outline(owner_browser, shelves)[:3] == [(1, "Zebra"), (1, "More"), (2, "Basics")]


def test_what_is_gone_or_elsewhere_is_refused_and_nothing_moves(app, owner_browser, browser_as, shelves, tree):
    before = outline(owner_browser, shelves)
    other = type(shelves)(app, shelves.account, name="Other")
    foreign = other.category("Foreign")
    for place in ({"category_id": foreign}, {"category_id": uuid.uuid4()}, {"before_id": tree["A"]}):
        with pytest.raises(Gone):
            put(shelves, "article", tree["C"], **place)
    page = owner_browser.open(f"{shelves.path}/articles")
    token = page.soup.select_one("[name=csrf_token]")["value"]
    here = f"{shelves.path}/categories/{tree['Basics']}/move"
    page = owner_browser.post(here, {"csrf_token": token, "category": str(tree["More"])}, status=409)
    assert page.html.startswith("A category stands neither in itself nor more than six levels deep.")
    owner_browser.post(here, {"csrf_token": token, "category": "nonsense"}, status=400)
    owner_browser.post(here, {"csrf_token": token, "category": str(foreign)}, status=409)
    assert outline(owner_browser, shelves) == before
    page = owner_browser.post(here, {"csrf_token": token, "category": "", "after": str(tree["Zebra"])})
    assert outline(owner_browser, shelves)[0] == (1, "Zebra")
