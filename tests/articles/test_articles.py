"""Articles: written, shown as readers would see them, moved, found, saved over nobody, deleted."""

import pytest

from kbadmin.articles import operations, outline
from kbadmin.articles.models import Article
from kbadmin.articles.operations import ChangedMeanwhile, Wanted
from kbadmin.articles.writing import Gone
from kbadmin.database import db
from tests import factories
from tests.articles.conftest import OLIVE, Shelves, text_of
from tests.databases import both_databases
from tests.users.pages import actions

TOO_DEEP = "Lists, quotes or marks stand in each other more than a hundred deep. Take some of them out."


def editor(browser, shelves, article, button="Save"):
    return browser.open(f"{shelves.path}/articles/{article}/edit").form(button)


def found(page):
    return [text_of(cell) for cell in page.soup.select("tbody th")]


def test_one_over_limits_that_are_newer_may_be_changed_but_for_its_text(owner_browser, shelves):
    long = "\n".join(f"- E{number}: words" for number in range(9_500))
    article = shelves.article("Codes", body="Short.", is_published=True)
    with shelves.writing():
        old = db.session.get_one(Article, article)
        old.body, old.html, old.words = long, "<p>As it was made then.</p>", "As it was made then."
    page = editor(owner_browser, shelves, article).fill("Summary", "All of them").press()
    assert page.errors == []
    assert "As it was made then." in owner_browser.open(f"{shelves.path}/articles/{article}").text
    with shelves.inside():
        assert operations.find(shelves.id, article).summary == "All of them"
    page = editor(owner_browser, shelves, article).fill("Text", long + "\n- one more").press(status=422)
    assert page.errors[0].startswith("The text has too many paragraphs, items in lists or table cells.")


@both_databases
def test_the_first_article_is_written_from_the_empty_tree(owner_browser, shelves):
    basics = shelves.category("Basics")
    owner_browser.open(f"{shelves.path}/categories/{basics}/delete").press("Delete")
    page = owner_browser.open(f"{shelves.path}/articles").click("Write the First Article")
    form = page.form("Save Draft").fill("Title", "How to Start").fill("Text", "# First\n\nDo **this**.")
    page = form.press()
    assert page.messages == ["How to Start is saved as a draft. Publish it when it is ready."]
    assert (page.title, "Draft" in page.text) == ("How to Start", True)
    body = page.soup.select_one(".article-body")
    assert (body.h2["id"], body.strong.get_text()) == ("section-first", "this")
    assert actions(owner_browser)[0] == "Article created: How to Start"
    assert "How to Start Draft" in owner_browser.open(f"{shelves.path}/articles").text


def test_a_title_is_asked_for_and_nothing_typed_is_lost(owner_browser, shelves):
    shelves.group("Staff")
    shelves.category("Basics")
    form = owner_browser.open(f"{shelves.path}/articles/new").form("Save Draft")
    page = form.fill("Text", "Long work.").select("Category", "Basics").tick("Staff").press(status=422)
    assert page.errors == ["Enter a title, such as How to Reset Your Password."]
    form = page.form("Save Draft")
    assert (form.value("Text").strip(), form.value("Category")) == ("Long work.", "Basics")
    assert page.soup.select_one("input[name=groups]").has_attr("checked")


def test_it_is_written_where_one_was(owner_browser, shelves):
    shelves.category("Basics")
    page = owner_browser.open(f"{shelves.path}/articles").click("Article in Basics")
    assert page.form("Save Draft").value("Category") == "Basics"
    page = page.form("Save Draft").fill("Title", "Installing").press()
    assert "Category Basics" in page.text


@pytest.mark.parametrize(
    ("label", "typed", "error"),
    [
        ("Title", "x" * 201, "Shorten this to 200 characters or fewer."),
        ("Summary", "x" * 401, "Shorten this to 400 characters or fewer."),
        ("Text", "x" * (256 * 1024 + 1), "Shorten the text to 256 KiB, or make two articles of it."),
        ("Text", "*" * 3000 + "a" + "*" * 3000, TOO_DEEP),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field(owner_browser, shelves, label, typed, error):
    page = editor(owner_browser, shelves, shelves.article()).fill(label, typed).press(status=422)
    assert page.errors == [error]


@both_databases
def test_a_text_is_kept_as_it_was_typed_but_for_line_ends_and_control_characters(owner_browser, shelves):
    article = shelves.article()
    editor(owner_browser, shelves, article).fill("Text", "a\r\n\r\nb\x00\x0b \N{GRINNING FACE} e\u0301").press()
    row = shelves.row(article)
    assert row.body == "a\n\nb \N{GRINNING FACE} é"
    assert (row.html, row.words) == ("<p>a</p>\n<p>b \N{GRINNING FACE} é</p>\n", "a b \N{GRINNING FACE} é")


def test_a_long_text_in_another_script_arrives_whole(owner_browser, shelves):
    article, text = shelves.article(), "Ответ " * 20_000
    editor(owner_browser, shelves, article).fill("Text", text).press()
    assert shelves.row(article).body == text.strip()


def test_nothing_changed_is_no_change(owner_browser, shelves):
    article = shelves.article(body="a\n\nb", groups=[shelves.group("Staff")])
    before = shelves.row(article)
    editor(owner_browser, shelves, article).press()
    after = shelves.row(article)
    assert (after.revision, after.updated_at) == (before.revision, before.updated_at)
    assert "Article changed" not in " ".join(actions(owner_browser))


@both_databases
def test_a_restriction_is_shown_with_what_the_categories_ask_for(owner_browser, shelves):
    shelves.group("Managers")
    category = shelves.category("Basics", groups=[shelves.group("Staff")])
    article = shelves.article(category=category)
    before = shelves.visibility_version()
    page = editor(owner_browser, shelves, article).tick("Managers").press()
    assert "Staff (category basics)" in page.text
    assert "Managers (this article)" in page.text
    assert shelves.visibility_version() == before + 1
    page = owner_browser.open(f"{shelves.path}/articles")
    assert "Only Staff" in page.text
    assert "Only Managers" in page.text


@both_databases
def test_one_moves_up_and_down_in_its_category(owner_browser, shelves):
    category = shelves.category("Basics")
    for name in ("One", "Two", "Three"):
        shelves.article(name, category=category)
    shelves.article("Elsewhere")
    page = owner_browser.open(f"{shelves.path}/articles").press("Up Three").press("Down One")

    names = [
        text_of(link)
        for link in page.soup.select(".outline .outline a[href*='/articles/']")
        if "Article" not in text_of(link)
    ]
    assert names == ["Three", "One", "Two"]


def test_one_that_moves_to_another_category_comes_last_there(owner_browser, shelves):
    there = shelves.category("There")
    shelves.article("First", category=there)
    moved = shelves.article("Moved")
    before = shelves.visibility_version()
    editor(owner_browser, shelves, moved).select("Category", "There").press()
    assert (shelves.row(moved).category_id, shelves.row(moved).position) == (there, 1)
    assert shelves.visibility_version() == before + 1


@both_databases
def test_the_slug_follows_the_title_until_it_is_published(owner_browser, shelves):
    article = shelves.article("Instaling")
    shelves.article("Starting")
    editor(owner_browser, shelves, article).fill("Title", "Installing!").press()
    assert shelves.row(article).slug == "installing"
    editor(owner_browser, shelves, article).fill("Title", "Installing").press()
    assert shelves.row(article).slug == "installing"
    owner_browser.open(f"{shelves.path}/articles/{article}/publish").press("Publish")
    editor(owner_browser, shelves, article).fill("Title", "Starting").press()
    assert shelves.row(article).slug == "installing"


# --- Preview


def test_the_preview_shows_what_stands_in_the_form_and_saves_nothing(owner_browser, shelves):
    article = shelves.article("Installing", body="Before.")
    page = editor(owner_browser, shelves, article, "Show Preview").fill("Text", "# After").press()
    assert (page.title, page.soup.select_one(".article-body h2").get_text()) == ("Preview", "After")
    assert shelves.row(article).body == "Before."


def test_scripts_get_the_preview_alone(owner_browser, shelves):
    form = owner_browser.open(f"{shelves.path}/articles/new").form("Show Preview")
    token = form.named("csrf_token").get("value")
    answer = owner_browser.client.post(
        f"{shelves.path}/articles/preview",
        data={"csrf_token": token, "body": "![x](https://example.com/y.png) **bold**"},
        headers={"HX-Request": "true"},
    )
    text = answer.get_data(as_text=True)
    assert "<strong>bold</strong>" in text
    assert "<html" not in text
    assert "Left out, as pictures come from this knowledge base only: https://example.com/y.png." in text


def test_a_preview_of_too_much_says_so(owner_browser, shelves):
    form = owner_browser.open(f"{shelves.path}/articles/new").form("Show Preview")
    page = form.fill("Text", "*" * 3000 + "a" + "*" * 3000).press(status=422)
    assert "more than a hundred deep" in page.text


# --- Two people at once


@both_databases
def test_nothing_is_written_over_what_somebody_else_saved(owner_browser, browser_as, shelves):
    article = shelves.article("Installing", body="Press the red button.\n\nWait.")
    mine = editor(owner_browser, shelves, article).fill("Text", "Press the green button.\n\nWait.")
    editor(browser_as("writer"), shelves, article).fill("Text", "Press the red button.\n\nWait a minute.").press()
    page = mine.press(status=409)
    assert page.title == "This article was changed meanwhile"
    assert "Writer Person" in page.text
    assert [text_of(one) for one in page.soup.select("del")] == ["red", "a minute"]
    assert [text_of(one) for one in page.soup.select("ins")] == ["green"]
    assert shelves.row(article).body.endswith("Wait a minute.")
    form = page.form("Save Mine")
    assert form.value("Text").strip() == "Press the green button.\n\nWait."
    page = form.fill("Text", "Press the green button.\n\nWait a minute.").press()
    assert page.messages == ["Installing saved."]
    assert shelves.row(article).body == "Press the green button.\n\nWait a minute."


def test_a_restriction_made_meanwhile_is_not_lifted_unseen(owner_browser, browser_as, shelves):
    shelves.group("Staff")
    article = shelves.article("Installing", body="Open.")
    mine = editor(owner_browser, shelves, article).fill("Text", "Opened.")
    editor(browser_as("writer"), shelves, article).tick("Staff").press()
    page = mine.press(status=409)
    assert "Saved now, it is only for: Staff (this article)." in page.text
    assert "Only Staff" in owner_browser.open(f"{shelves.path}/articles").text


def test_a_form_that_does_not_say_what_it_was_written_over_saves_nothing(owner_browser, shelves):
    article = shelves.article(body="Before.")
    for revision in ("", "0", "-1", "2", "x", "٣", "1" * 30):
        form = editor(owner_browser, shelves, article).fill("Text", "After.")
        form.forge("revision", revision)
        form.press(status=409)
    assert shelves.row(article).body == "Before."


@both_databases
def test_the_operation_refuses_it_as_well(shelves):
    article = shelves.article()
    with shelves.writing(), pytest.raises(ChangedMeanwhile):
        operations.change(shelves.id, article, Wanted("Other"), revision=7, actor=OLIVE)


# --- Delete, and who may


def test_one_is_deleted_for_good_after_a_page_that_says_so(owner_browser, shelves):
    article = shelves.article(is_published=True, groups=[shelves.group()])
    before = shelves.visibility_version()
    page = owner_browser.open(f"{shelves.path}/articles/{article}").click("Delete this article")
    assert "all its revisions are gone for good" in page.text
    page = page.press("Delete")
    assert page.messages == ["Installing is deleted."]
    assert shelves.row(article) is None
    assert shelves.visibility_version() == before + 1
    owner_browser.open(f"{shelves.path}/articles/{article}", status=404)
    assert actions(owner_browser)[0] == "Article deleted: Installing"


def test_what_belongs_to_another_knowledge_base_or_account_does_not_exist_here(app, account, owner_browser, shelves):
    other = Shelves(app, account, name="Other")
    theirs = Shelves(app, factories.open_account(app, "Globex"))
    for article in (other.article("Other"), theirs.article("Theirs")):
        for more in (
            "",
            "/edit",
            "/publish",
            "/withdraw",
            "/archive",
            "/callout",
            "/revisions",
            "/delete",
        ):
            owner_browser.open(f"{shelves.path}/articles/{article}{more}", status=404)
    elsewhere = other.category("Other")
    with shelves.writing(), pytest.raises(Gone):
        operations.create(shelves.id, Wanted("X", category_id=elsewhere), actor=OLIVE)


def test_a_writer_of_another_knowledge_base_finds_nothing_here(app, account, owner_browser, shelves):
    other = Shelves(app, account, name="Other")
    wanda = factories.add_person(app, account, "writer")
    page = owner_browser.open(f"/knowledge-bases/people/{wanda.membership_id}")
    page.form("Save").choose("These only").select("Other", "Writer").press()
    browser, article = factories.signed_in(app, wanda), shelves.article()
    browser.open(f"{other.path}/articles")
    browser.open(f"{shelves.path}/articles", status=404)
    browser.open(f"{shelves.path}/articles/{article}", status=404)


# --- The list


@both_databases
def test_the_list_is_narrowed_by_words_status_and_category(owner_browser, shelves):
    basics = shelves.category("Basics")
    shelves.article("Installing", body="Unpack the lantern.", category=basics, is_published=True)
    shelves.article("Lanterns", category=basics)
    shelves.article("Batteries", body="For the lantern.")
    form = owner_browser.open(f"{shelves.path}/articles").form("Search")
    page = form.fill("Search", "lanter").press()
    assert sorted(found(page)) == ["Batteries", "Installing", "Lanterns"]
    page = page.form("Search").select("Status", "Published").press()
    assert found(page) == ["Installing"]
    page = page.form("Search").select("Status", "Any").select("Category", "Basics").press()
    assert sorted(found(page)) == ["Installing", "Lanterns"]
    page = page.form("Search").select("Category", "The top, in no category").press()
    assert found(page) == ["Batteries"]
    page = page.form("Search").fill("Search", "nothing of it").press()
    assert "Nothing found" in page.text
    assert page.click("Show the whole tree").title == "Articles of Customer Help"


NONSENSE = (
    "q=%00",
    "q=%22%27*",
    "q=-",
    "q=AND+OR+NEAR(",
    "q=" + "x+" * 500,
    "q=a&q=b",
    "status=nonsense",
    "category=nonsense",
    "older_than=x",
    "newer_than=01930d2c-7f0a-7c11-8d3e-0123456789ab",
)


@both_databases
def test_an_address_that_makes_no_sense_is_answered(owner_browser, shelves):
    shelves.article()
    for query in NONSENSE:
        owner_browser.open(f"{shelves.path}/articles?{query}")


@both_databases
def test_a_long_list_is_turned_page_by_page(owner_browser, shelves, clock):
    for number in range(outline.PAGE + 5):
        shelves.article(f"Number {number:02}")
        clock.advance(seconds=1)
    first = owner_browser.open(f"{shelves.path}/articles?status=draft")
    assert (found(first)[0], len(found(first))) == ("Number 54", outline.PAGE)
    second = first.click("Older")
    assert found(second) == [f"Number {number:02}" for number in (4, 3, 2, 1, 0)]
    assert "Older" not in second.links
    assert found(second.click("Newer")) == found(first)
    assert "Newer" not in second.click("Newer").links


def test_the_tree_shows_some_of_a_full_category_and_the_way_to_all(owner_browser, shelves):
    category = shelves.category("Full")
    for number in range(outline.SHOWN + 2):
        shelves.article(f"Number {number:02}", category=category)
        shelves.article(f"Top {number:02}")
    page = owner_browser.open(f"{shelves.path}/articles")
    assert "27 articles" in page.text
    assert "Number 25" not in page.text
    assert len(found(page.click("Show all 27 articles of Full"))) == 27
    assert len(found(page.click("Show all 27 articles of the top"))) == 27


def test_the_overview_counts_and_says_what_is_missing(owner_browser, shelves):
    shelves.category("Basics")
    article = shelves.article()
    page = owner_browser.open(shelves.path)
    assert "Nothing is published yet" in page.text
    assert "1 article, 1 category" in page.text
    owner_browser.open(f"{shelves.path}/articles/{article}/publish").press("Publish")
    assert "There is something to read." in owner_browser.open(shelves.path).text
    assert "1 article, 1 category" in owner_browser.open("/knowledge-bases").text
