"""Reading: what stands where, what is new, and that what is restricted is named nowhere."""

import uuid

import pytest

from kbadmin.articles.models import Article, ArticleStatus, Callout
from kbadmin.database import unit_of_work
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Audience, GroupRule, KnowledgeBase
from tests.databases import both_databases
from tests.factories import counting, inside
from tests.knowledge_bases.conftest import picture
from tests.portal.library import in_future


@pytest.fixture
def public(library):
    return library.knowledge_base("Help", audience=Audience.PUBLIC, description="All about lamps.")


def main_links(page):
    return [" ".join(link.get_text(" ").split()) for link in page.soup.select("main a[href]")]


@both_databases
def test_the_front_page_shows_categories_and_what_stands_at_the_top(library, browser, public):
    lamps = library.category(public, "Lamps")
    desk = library.category(public, "Desk lamps", parent=lamps)
    library.category(public, "Empty")
    library.article(public, "Welcome", summary="Begin here.")
    library.article(public, "Change a bulb", category=lamps)
    library.article(public, "Bend the arm", category=desk)
    page = browser.open(f"{library.home}/help")
    assert page.title == "Help"
    assert "All about lamps." in page.text
    assert "Lamps 2 articles" in page.text
    assert "Welcome" in page.links
    assert "Begin here." in page.text
    assert "Change a bulb" not in page.text
    assert "Empty" not in page.text
    page = page.click("Lamps")
    assert main_links(page) == ["Help", "Desk lamps", "Change a bulb"]
    page = page.click("Desk lamps")
    assert main_links(page) == ["Help", "Lamps", "Bend the arm"]


@both_databases
def test_an_article_shows_its_text_the_way_to_it_and_its_neighbours(library, browser, public):
    lamps = library.category(public, "Lamps")
    for position, title in enumerate(["One", "Two", "Three"]):
        library.article(public, title, category=lamps, position=position, html=f"<h2>Part</h2><p>Of <b>{title}</b></p>")
    page = browser.open(f"{library.home}/help/articles/two")
    assert page.title == "Two"
    assert page.soup.select_one("article b").get_text() == "Two"
    assert main_links(page) == ["Help", "Lamps", "Previous One", "Next Three"]
    assert main_links(browser.open(f"{library.home}/help/articles/one"))[2:] == ["Next Two"]
    assert main_links(browser.open(f"{library.home}/help/articles/three"))[2:] == ["Previous Two"]


@both_databases
@pytest.mark.parametrize("rule", list(GroupRule))
def test_what_is_restricted_is_found_by_no_way(library, public, rule):
    """Titles, counts, categories, neighbours, search, addresses: none of them tells of what one may not read."""
    library.change(KnowledgeBase, public, group_rule=rule)
    staff, partners = library.group("Staff"), library.group("Partners")
    inner = library.category(public, "Wages", groups=[staff])
    library.article(public, "Xylo pay", category=inner, words="xylophone")
    below = library.category(public, "Bonus", parent=inner)
    library.article(public, "Xylo bonus", category=below, words="xylophone")
    open_ = library.category(public, "Lamps")
    library.article(public, "Aardvark", category=open_, position=0)
    library.article(public, "Xylo plan", category=open_, groups=[staff, partners], words="xylophone", position=1)
    library.article(public, "Draft xylo", status=ArticleStatus.DRAFT, words="xylophone", callout=Callout.NEW)
    one_of_them = library.reader(groups=[partners])
    for browser in (library.signed_in(library.reader()), library.signed_in(library.reader(access=[]))):
        for path in ("", "/categories/lamps", "/articles/aardvark", "/search?q=xylo"):
            page = browser.open(f"{library.home}/help{path}")
            text = page.text.replace("xylo", "") if "search" in path else page.text
            assert "xylo" not in text.lower()
            assert "Wages" not in text
            assert "1 article" in text or path
        for path in ("articles/xylo-pay", "articles/xylo-bonus", "articles/xylo-plan", "articles/draft-xylo"):
            assert_like_unknown(browser, library, path)
        for path in ("categories/wages", "categories/bonus"):
            assert_like_unknown(browser, library, path)
    partner = library.signed_in(one_of_them)
    assert partner.open(f"{library.home}/help/articles/xylo-plan", status=200 if rule == "any" else 404)
    partner.open(f"{library.home}/help/articles/xylo-pay", status=404)
    both = library.signed_in(library.reader(groups=[staff, partners]))
    for path in ("articles/xylo-pay", "articles/xylo-bonus", "articles/xylo-plan", "categories/bonus"):
        both.open(f"{library.home}/help/{path}")
    assert "3 articles" in both.open(f"{library.home}/help/search?q=xylo").text


def assert_like_unknown(browser, library, path):
    refused = browser.open(f"{library.home}/help/{path}", status=404)
    unknown = browser.open(f"{library.home}/help/{path.partition('/')[0]}/none", status=404)
    assert (refused.text, refused.links) == (unknown.text, unknown.links)


@both_databases
def test_what_is_new_stands_on_the_front_page_until_its_time_is_over(library, browser, clock, public):
    library.article(
        public, "Bulbs", callout=Callout.UPDATED, callout_at=in_future(), callout_until=in_future(days=14),
        change_note="Now with LED.",
    )  # fmt: skip
    page = browser.open(f"{library.home}/help")
    assert "New and updated Updated Bulbs Now with LED." in page.text
    assert "Updated Last updated" in browser.open(f"{library.home}/help/articles/bulbs").text
    clock.advance(days=15)
    assert "New and updated" not in browser.open(f"{library.home}/help").text
    assert "LED" not in browser.open(f"{library.home}/help/articles/bulbs").text


def test_a_scheduled_article_appears_by_itself(library, browser, clock, public):
    library.article(public, "Soon", status=ArticleStatus.SCHEDULED, publish_at=in_future(hours=1))
    browser.open(f"{library.home}/help/articles/soon", status=404)
    clock.advance(hours=2)
    assert browser.open(f"{library.home}/help/articles/soon").title == "Soon"


@both_databases
def test_a_long_list_comes_in_parts_and_costs_the_same_few_queries(app, library, browser, public):
    shelf = library.category(public, "Lamps")
    for number in range(103):
        library.article(public, f"Lamp {number:03}", category=shelf)
        if number == 2:
            with counting(app) as few:
                browser.open(f"{library.home}/help/categories/lamps")
    with counting(app) as many:
        page = browser.open(f"{library.home}/help/categories/lamps")
    assert few.total == many.total <= 9
    assert "Lamp 099" in page.links
    assert "Lamp 100" not in page.links
    page = page.click("More articles")
    assert main_links(page)[1:] == ["Lamp 100", "Lamp 101", "Lamp 102"]


def test_a_wrong_place_in_a_list_is_its_beginning(library, browser, public):
    library.article(public, "Welcome")
    for after in ("x", str(uuid.uuid4())):
        assert "Welcome" in browser.open(f"{library.home}/help?after={after}").links


def test_where_something_restricted_stands_in_a_list_is_not_told(library, browser, public):
    """Whoever begins the list after it would see which articles stand before it."""
    library.article(public, "First", position=0)
    staff = library.article(public, "Wages", position=1, groups=[library.group("Staff")])
    draft = library.article(public, "Plans", position=1, status=ArticleStatus.DRAFT)
    last = library.article(public, "Last", position=2)
    pages = {after: browser.open(f"{library.home}/help?after={after}").links for after in (staff, draft, last)}
    assert "First" in pages[staff]
    assert "First" in pages[draft]
    assert "First" not in pages[last]


def test_an_empty_knowledge_base_says_so(library, browser, public):
    assert "Nothing to read yet" in browser.open(f"{library.home}/help").text
    library.category(public, "Lamps")
    assert "Nothing to read here yet" in browser.open(f"{library.home}/help/categories/lamps").text


@pytest.fixture
def kept(app, account, public):
    with inside(app, account), unit_of_work():
        return pictures.keep(pictures.read(picture()), knowledge_base_id=public, by="test").id


@both_databases
def test_a_picture_is_shown_to_those_who_may_read_its_article(library, browser, public, kept):
    library.article(public, "Welcome", html=f'<p><img src="attachment:{kept}" alt="A lamp"></p>')
    page = browser.open(f"{library.home}/help/articles/welcome")
    address = page.soup.select_one("article img")["src"]
    assert address == f"{library.home}/help/images/{kept}?article=welcome"
    shown = browser.open(address).response
    assert (shown.mimetype, shown.data[:2]) == ("image/jpeg", b"\xff\xd8")
    library.change(KnowledgeBase, public, audience=Audience.READERS)
    assert browser.open(address).title == "Sign in"
    assert library.signed_in(library.reader()).open(address).response.mimetype == "image/jpeg"
    library.signed_in(library.reader(access=[])).open(address, status=404)


def test_a_picture_is_shown_wherever_it_was_asked_from_and_to_nobody_once_no_article_shows_it(
    library, browser, public, kept
):
    article = library.article(public, "Welcome", html=f'<p><img src="attachment:{kept}" alt="A lamp"></p>')
    here = f"{library.home}/help/images/{kept}"
    for asked in ("", "?article=other", "?article=%00", "?article=welcome"):
        assert browser.open(f"{here}{asked}").response.mimetype == "image/jpeg"
    library.change(Article, article, html=f"<p>attachment:{kept}</p>")
    for asked in ("", "?article=welcome"):
        browser.open(f"{here}{asked}", status=404)


def test_a_picture_that_a_reader_is_shown_is_kept_by_nobody(library, browser, public, kept):
    library.article(public, "Welcome", html=f'<p><img src="attachment:{kept}" alt="A lamp"></p>')
    here = f"{library.home}/help/images/{kept}"
    assert browser.open(here).response.headers["Cache-Control"] == "public, max-age=3600"
    for audience in (Audience.PUBLIC, Audience.READERS):
        library.change(KnowledgeBase, public, audience=audience)
        headers = library.signed_in(library.reader()).open(here).response.headers
        assert headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in headers


def test_a_picture_of_another_knowledge_base_is_not_shown(library, browser, kept):
    news = library.knowledge_base("News", audience=Audience.PUBLIC)
    browser.open(f"{library.home}/news/images/{kept}", status=404)
    library.article(news, "Borrowed", html=f'<p><img src="attachment:{kept}" alt=""></p>')
    browser.open(f"{library.home}/news/images/{kept}?article=borrowed", status=404)
    browser.open(f"{library.home}/news/images/{uuid.uuid4()}", status=404)


def test_a_page_has_the_looks_of_its_knowledge_base(library, browser, public, kept):
    library.change(KnowledgeBase, public, colour="#7a1f5c", logo_id=kept, audience=Audience.READERS)
    page = browser.open(f"{library.home}/help")
    assert page.title == "Sign in"
    sheets = [link["href"] for link in page.soup.select("link[rel=stylesheet]")]
    assert browser.open(sheets[-1]).response.get_data(as_text=True) == ":root { --portal-colour: #7a1f5c; }\n"
    assert browser.open(page.soup.select_one(".portal-logo")["src"]).response.mimetype == "image/jpeg"


def test_a_colour_that_is_none_never_becomes_style(library, browser, public):
    library.change(KnowledgeBase, public, colour="red;}*{")
    assert "--portal-colour: #0a4c99;" in browser.open(f"{library.home}/help/theme").html


def test_what_was_typed_is_never_markup(library, browser, public):
    evil = '<script>alert(1)</script>"><img src=x>'
    shelf = library.category(public, "Lamps")
    library.change(KnowledgeBase, public, name=evil, description=evil)
    library.article(
        public, evil, category=shelf, summary=evil, change_note=evil, callout=Callout.NEW, slug="evil", html=""
    )
    for path in ("", "/categories/lamps", "/articles/evil", "/search?q=%3Cscript%3E", f"/search?q={evil}"):
        page = browser.open(f"{library.home}/help{path}")
        assert "<script>alert" not in page.html
        assert not page.soup.select("img[src=x]")
