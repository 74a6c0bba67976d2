"""Pictures in articles: uploaded, listed with the line that shows them, shown where the text says so."""

import re
import uuid

import pytest

from kbadmin.articles.pictures import PAGE
from kbadmin.audit.operations import Actor
from kbadmin.knowledge_bases import pictures
from tests import factories
from tests.articles.conftest import Shelves, text_of
from tests.databases import both_databases
from tests.knowledge_bases.conftest import picture
from tests.users.pages import actions

NONE = "Choose a PNG, JPEG, WebP or GIF picture. This file is none, or it is damaged."


def upload(browser, shelves, content=None, *, status=200):
    form = browser.open(f"{shelves.path}/pictures").form("Upload")
    return form.attach("Picture", picture() if content is None else content, "cat.png").press(status=status)


@both_databases
def test_one_is_uploaded_and_shown_in_an_article(owner_browser, shelves):
    page = owner_browser.open(f"{shelves.path}/articles").click("Pictures")
    assert "There is no picture yet." in page.text
    page = upload(owner_browser, shelves)
    assert page.messages == ["The picture is kept. Copy its line into the text of an article."]
    line = text_of(page.soup.select_one("code"))
    assert re.fullmatch(r"!\[Say what is seen\]\(attachment:[0-9a-f-]{36}\)", line)
    form = owner_browser.open(f"{shelves.path}/articles/new").form("Save Draft").fill("Title", "Cats")
    page = form.fill("Text", line.replace("Say what is seen", "A cat")).press()
    shown = page.soup.select_one(".article-body img")
    assert shown["alt"] == "A cat"
    assert owner_browser.client.get(shown["src"]).mimetype == "image/jpeg"
    assert actions(owner_browser)[:2] == ["Article created: Cats", "Picture uploaded: cat.png"]


def test_the_preview_names_pictures_that_the_knowledge_base_does_not_have(owner_browser, app, account, shelves):
    here = text_of(upload(owner_browser, shelves).soup.select_one("code"))
    elsewhere = text_of(upload(owner_browser, Shelves(app, account, name="Elsewhere")).soup.select_one("code"))
    nowhere = f"![It](attachment:{uuid.UUID(int=7)})"
    form = owner_browser.open(f"{shelves.path}/articles/new").form("Show Preview")
    page = form.fill("Text", "\n".join([here, elsewhere, nowhere, nowhere])).press()
    named = f"{elsewhere.partition('(')[2].rstrip(')')}, attachment:{uuid.UUID(int=7)}"
    assert f"This knowledge base has no such picture: {named}. Copy its line" in page.text
    form = owner_browser.open(f"{shelves.path}/articles/new").form("Show Preview")
    assert "no such picture" not in form.fill("Text", here).press().text


def test_the_stored_text_does_not_say_where_it_is(owner_browser, shelves):
    upload(owner_browser, shelves)
    line = text_of(owner_browser.open(f"{shelves.path}/pictures").soup.select_one("code"))
    row = shelves.row(shelves.article(body=line))
    assert 'src="attachment:' in row.html
    assert "/knowledge-bases/" not in row.html


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NONE),
        (picture("PNG") + b"\0" * (8 * 1024 * 1024), "Choose a picture of at most 8 MiB."),
    ],
    ids=["a program", "too large"],
)  # fmt: skip
def test_anything_else_is_refused_with_a_sentence(owner_browser, shelves, content, error):
    page = upload(owner_browser, shelves, content, status=422)
    assert page.errors == [error]
    page.response.request.environ["wsgi.input"].close()  # The client keeps what is large in a file, and leaves it open.


def test_a_picture_is_asked_for(owner_browser, shelves):
    page = owner_browser.open(f"{shelves.path}/pictures").press("Upload", status=422)
    assert page.errors == ["Choose a picture."]


def test_the_logo_is_none_of_the_articles(owner_browser, shelves):
    form = owner_browser.open(f"{shelves.path}/settings").form("Save")
    form.attach("Logo", picture(), "logo.png").press()
    assert "There is no picture yet." in owner_browser.open(f"{shelves.path}/pictures").text


def test_those_of_another_knowledge_base_or_account_are_not_here(app, account, owner_browser, shelves):
    other, theirs = Shelves(app, account, name="Other"), Shelves(app, factories.open_account(app, "Globex"))
    for place in (other, theirs):
        with place.writing():
            kept = pictures.keep(pictures.read(picture()), knowledge_base_id=place.id, by="Somebody").id
        owner_browser.open(f"{shelves.path}/pictures/{kept}", status=404)
    assert "There is no picture yet." in owner_browser.open(f"{shelves.path}/pictures").text


@both_databases
def test_many_are_turned_page_by_page(owner_browser, shelves):
    with shelves.writing():
        for number in range(PAGE + 1):
            read = pictures.read(picture(size=(20 + number, 10)))
            pictures.keep(read, knowledge_base_id=shelves.id, by=Actor(None, "Olive").label)
    first = owner_browser.open(f"{shelves.path}/pictures")
    assert len(first.soup.select("li.picture")) == PAGE
    second = first.click("Older")
    assert len(second.soup.select("li.picture")) == 1
    assert len(second.click("Newer").soup.select("li.picture")) == PAGE
