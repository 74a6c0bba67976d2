"""Categories: created, put in order, moved, restricted, and deleted when they are empty."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbadmin.articles import categories
from kbadmin.articles.branches import MOST_LEVELS, Branches
from kbadmin.articles.categories import NoRoom, NotEmpty, Wanted
from kbadmin.articles.writing import Direction, Gone
from tests import factories
from tests.articles.conftest import OLIVE, Shelves, text_of
from tests.databases import both_databases
from tests.users.pages import actions


def outline(browser, shelves):
    """The names in the tree, top down, with their levels."""
    page = browser.open(f"{shelves.path}/articles")
    found = page.soup.select(".outline-name > :is(a, strong)")
    return [(len(one.find_parents("ul", class_="outline")), text_of(one)) for one in found]


def edit(browser, shelves, category):
    return browser.open(f"{shelves.path}/categories/{category}").form("Save")


@both_databases
def test_a_category_is_created_from_the_tab_and_stands_in_the_tree(owner_browser, shelves):
    page = owner_browser.open(shelves.path).click("Articles")
    assert "Nothing written yet" in page.text
    shelves.category("Zebra")
    page = owner_browser.open(f"{shelves.path}/articles").click("New Category")
    page = page.form("Create").fill("Name", "Basics").fill("Description", "Where to start.").press()
    assert page.messages == ["Category Basics created."]
    assert outline(owner_browser, shelves) == [(1, "Zebra"), (1, "Basics")]
    assert actions(owner_browser)[0] == "Category created: Basics"


def test_a_name_is_asked_for_and_nothing_typed_is_lost(owner_browser, shelves):
    page = owner_browser.open(f"{shelves.path}/categories/new")
    page = page.form("Create").fill("Description", "Where to start.").press(status=422)
    assert page.errors == ["Enter a name, such as Getting Started."]
    assert page.form("Create").value("Description") == "Where to start."


@both_databases
def test_one_moves_up_and_down_among_its_sisters(owner_browser, shelves):
    for name in ("One", "Two", "Three"):
        shelves.category(name)
    page = owner_browser.open(f"{shelves.path}/articles").press("Up Three")
    assert [name for _, name in outline(owner_browser, shelves)] == ["One", "Three", "Two"]
    page.press("Down One")
    assert [name for _, name in outline(owner_browser, shelves)] == ["Three", "One", "Two"]
    disabled = [
        text_of(button) for button in owner_browser.open(f"{shelves.path}/articles").soup.select("button[disabled]")
    ]
    assert disabled == ["Up Three", "Down Two"]


def test_the_first_stays_first(app, owner_browser, shelves):
    first, last = shelves.category("First"), shelves.category("Last")
    with shelves.writing():
        categories.move(shelves.id, first, Direction.UP, actor=OLIVE)
        categories.move(shelves.id, last, Direction.DOWN, actor=OLIVE)
    assert [name for _, name in outline(owner_browser, shelves)] == ["First", "Last"]
    assert "Category moved" not in " ".join(actions(owner_browser))


@both_databases
def test_one_moves_under_another_and_back_to_the_top(owner_browser, shelves):
    shelves.category("Manuals")
    basics = shelves.category("Basics")
    page = edit(owner_browser, shelves, basics).select("Stands In", "Manuals").press()
    assert page.messages == ["Category Basics saved."]
    assert outline(owner_browser, shelves) == [(1, "Manuals"), (2, "Basics")]
    assert edit(owner_browser, shelves, basics).value("Stands In") == "Manuals"
    edit(owner_browser, shelves, basics).select("Stands In", "The top, in no category").press()
    assert outline(owner_browser, shelves) == [(1, "Manuals"), (1, "Basics")]


def test_it_is_not_offered_to_stand_in_itself(owner_browser, shelves):
    above = shelves.category("Above")
    shelves.category("Below", parent=above)
    shelves.category("Beside")
    assert edit(owner_browser, shelves, above).options("Stands In") == ["The top, in no category", "Beside"]


@both_databases
def test_it_cannot_be_put_into_itself_by_other_ways_either(shelves):
    above = shelves.category("Above")
    below = shelves.category("Below", parent=above)
    for parent in (above, below):
        with shelves.writing(), pytest.raises(NoRoom):
            categories.change(shelves.id, above, Wanted("Above", parent_id=parent), actor=OLIVE)
    with shelves.inside():
        assert categories.find(shelves.id, above).parent_id is None


def test_a_tree_has_six_levels_at_most(owner_browser, shelves):
    deep = None
    for level in range(MOST_LEVELS):
        deep = shelves.category(f"Level {level + 1}", parent=deep)
    with shelves.writing(), pytest.raises(NoRoom):
        categories.create(shelves.id, Wanted("Level 7", parent_id=deep), actor=OLIVE)
    options = owner_browser.open(f"{shelves.path}/categories/new").form("Create").options("Stands In")
    assert options[-1] == "— — — — Level 5"
    pair = shelves.category("Pair")
    shelves.category("Half", parent=pair)
    assert edit(owner_browser, shelves, pair).options("Stands In")[-1] == "— — — Level 4"


def test_only_an_empty_one_is_deleted(owner_browser, shelves):
    full = shelves.category("Full")
    shelves.article(category=full)
    inner = shelves.category("Inner", parent=full)
    page = owner_browser.open(f"{shelves.path}/categories/{full}").click("Delete this category")
    assert "This category is not empty: 1 article and 1 category stand in it." in page.text
    assert "Delete" not in page.buttons
    with shelves.writing(), pytest.raises(NotEmpty):
        categories.delete(shelves.id, full, actor=OLIVE)
    page = owner_browser.open(f"{shelves.path}/categories/{inner}/delete").press("Delete")
    assert page.messages == ["Category Inner deleted."]
    assert actions(owner_browser)[0] == "Category deleted: Inner"
    assert [name for _, name in outline(owner_browser, shelves)] == ["Full", "Installing"]


@pytest.mark.parametrize(
    ("articles", "inner", "said"), [(1, 0, "1 article stands"), (2, 0, "2 articles stand"), (0, 1, "1 category stands")]
)
def test_what_stands_in_it_is_said(owner_browser, shelves, articles, inner, said):
    full = shelves.category("Full")
    for number in range(articles):
        shelves.article(f"Article {number}", category=full)
    for number in range(inner):
        shelves.category(f"Inner {number}", parent=full)
    page = owner_browser.open(f"{shelves.path}/categories/{full}/delete")
    assert f"This category is not empty: {said} in it." in page.text


def test_what_fills_up_while_one_asks_is_kept(owner_browser, shelves):
    category = shelves.category("Basics")
    page = owner_browser.open(f"{shelves.path}/categories/{category}/delete")
    shelves.article(category=category)
    page = page.press("Delete")
    assert page.messages == ["Basics is not empty any more, so it is kept."]


@both_databases
def test_slugs_are_made_of_names_and_unique_in_the_knowledge_base(app, account, shelves):
    other = Shelves(app, account, name="Other")
    names = ["Café & Bar", "Cafe Bar!", "日本", "日本語"]
    ids = [shelves.category(name) for name in names]
    elsewhere = other.category("Cafe Bar")
    with shelves.inside():
        assert [categories.find(shelves.id, one).slug for one in ids] == [
            "cafe-bar",
            "cafe-bar-2",
            "category",
            "category-2",
        ]
        assert categories.find(other.id, elsewhere).slug == "cafe-bar"


@both_databases
def test_a_restriction_changes_who_may_see_what(owner_browser, shelves):
    shelves.group("Staff")
    shelves.group("Partners")
    category = shelves.category("Basics")
    before = shelves.visibility_version()
    page = edit(owner_browser, shelves, category).tick("Staff").tick("Partners").press()
    assert "Only Partners, Staff" in page.text
    assert shelves.visibility_version() == before + 1
    assert "everybody → Partners, Staff" in owner_browser.open("/audit-log").text
    edit(owner_browser, shelves, category).fill("Name", "Basic things").press()
    assert shelves.visibility_version() == before + 1
    page = edit(owner_browser, shelves, category).tick("Staff", on=False).press()
    assert "Only Partners" in page.text
    assert shelves.visibility_version() == before + 2


def test_of_many_groups_the_tree_names_the_first(owner_browser, shelves):
    groups = [shelves.group(f"Region {number}") for number in range(1, 6)]
    shelves.category("Basics", groups=groups)
    page = owner_browser.open(f"{shelves.path}/articles")
    assert "Only Region 1, Region 2, Region 3 and 2 more" in page.text


def test_a_move_changes_who_may_see_what(owner_browser, shelves):
    shelves.category("Above", groups=[shelves.group()])
    category, before = shelves.category("Below"), shelves.visibility_version()
    edit(owner_browser, shelves, category).select("Stands In", "Above").press()
    assert shelves.visibility_version() == before + 1


def test_a_group_that_is_gone_opens_nothing(owner_browser, shelves):
    category = shelves.category("Basics", groups=[shelves.group("Staff")])
    with shelves.writing(), pytest.raises(Gone):
        categories.change(shelves.id, category, Wanted("Basics", groups=frozenset([uuid.uuid4()])), actor=OLIVE)
    assert "Only Staff" in owner_browser.open(f"{shelves.path}/articles").text


def test_what_belongs_to_another_knowledge_base_or_account_does_not_exist_here(app, account, owner_browser, shelves):
    other = Shelves(app, account, name="Other")
    theirs = Shelves(app, factories.open_account(app, "Globex"))
    for category in (other.category("Other"), theirs.category("Theirs")):
        for more in ("", "/delete"):
            owner_browser.open(f"{shelves.path}/categories/{category}{more}", status=404)
        with shelves.writing(), pytest.raises(Gone):
            categories.create(shelves.id, Wanted("Below", parent_id=category), actor=OLIVE)
    owner_browser.open(f"{theirs.path}/articles", status=404)


def test_a_deed_on_what_is_gone_says_so(owner_browser, shelves):
    category, last = shelves.category("Basics"), shelves.category("Last")
    page = owner_browser.open(f"{shelves.path}/articles")
    with shelves.writing():
        categories.delete(shelves.id, last, actor=OLIVE)
    page.press("Up Last", status=404)
    assert owner_browser.open(f"{shelves.path}/categories/{category}").title == "Edit Basics"


@pytest.mark.parametrize(("role", "status"), [("editor", 200), ("writer", 200), ("none", 403)])
def test_whoever_writes_may_put_in_order(browser_as, shelves, role, status):
    browser = browser_as(role)
    for path in ("/articles", "/categories/new", "/pictures", "/articles/new"):
        browser.open(shelves.path + path, status=status)


def test_the_tree_costs_the_same_however_much_stands_in_it(app, owner_browser, shelves):
    def queries():
        with factories.counting(app) as counted:
            owner_browser.open(f"{shelves.path}/articles")
        return counted.total

    shelves.article(category=shelves.category("First", groups=[shelves.group()]))
    few = queries()
    for number in range(8):
        category = shelves.category(f"Number {number}", groups=[shelves.group()])
        for one in range(3):
            shelves.article(f"Article {number} {one}", category=category)
    assert queries() == few


# --- The shape of trees


@st.composite
def trees(draw):
    ids = [uuid.UUID(int=number) for number in range(draw(st.integers(1, 12)))]
    return Branches({
        one: draw(st.one_of(st.none(), st.sampled_from(ids[:number]))) if number else None
        for number, one in enumerate(ids)
    })  # fmt: skip


@given(trees(), st.data())
def test_a_move_that_is_allowed_leaves_a_tree(tree, data):
    moved = data.draw(st.sampled_from(sorted(tree.parents)))
    parent = data.draw(st.one_of(st.none(), st.sampled_from(sorted(tree.parents))))
    after = Branches({**tree.parents, moved: parent})
    is_whole = len(list(after.in_order())) == len(tree.parents)
    assert is_whole == (parent is None or parent not in tree.below(moved))
    if tree.may_stand_in(moved, parent):
        assert is_whole
        assert len(after.way_to(parent)) + after.height(moved) <= MOST_LEVELS


@given(trees())
def test_every_category_is_met_once_after_what_it_stands_in(tree):
    met = [one for one, _ in tree.in_order()]
    assert sorted(met) == sorted(tree.parents)
    assert all(level == len(tree.way_to(one)) for one, level in tree.in_order())
