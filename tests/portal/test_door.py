"""The doors of the portal: who gets in, who is sent to sign in, and who is told that there is nothing."""

import pytest
from sqlalchemy import delete

from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.models import Audience, GroupRule, KnowledgeBase, SignUp
from kbadmin.knowledge_bases.operations import Settings
from kbadmin.readers.models import Reader, ReaderAccess, ReaderStatus
from tests import factories
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import inside
from tests.portal.library import Library, cookie_of, in_future, sign_in

PAGES = ("", "/articles/first", "/articles/none", "/categories/basics", "/search?q=first")


@pytest.fixture
def help_base(library):
    kb = library.knowledge_base("Help")
    library.article(kb, "First", category=library.category(kb, "Basics"))
    return kb


@both_databases
def test_a_stranger_reads_what_is_public(library, browser):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "First")
    page = browser.open(f"{library.home}/help")
    assert page.title == "Help"
    assert page.click("First").title == "First"


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_sign_in_whether_the_page_exists_or_not(library, browser, help_base, path):
    page = browser.open(f"{library.home}/help{path}", follow=False, status=303)
    assert (page.location or "").startswith(f"{library.home}/sign-in?next=")
    page = browser.open(f"{library.home}/help{path}")
    assert page.title == "Sign in"
    assert "First" not in page.text
    assert "Basics" not in page.text


@both_databases
def test_a_reader_signs_in_and_is_where_they_wanted_to_be(library, browser, help_base):
    reader = library.reader()
    page = sign_in(browser, f"{library.home}/help/articles/first", reader.email, reader.password)
    assert page.path == f"{library.home}/help/articles/first"
    assert page.title == "First"
    assert page.response.headers["Cache-Control"] == "private, no-store"


def test_what_is_unknown_archived_or_not_for_this_reader_looks_the_same(library, help_base):
    reader = library.signed_in(library.reader(access=[help_base]))
    library.knowledge_base("Secret")
    library.change(KnowledgeBase, library.knowledge_base("Old"), archived_at=in_future(days=-1))
    pages = [reader.open(f"{library.home}/{slug}", status=404) for slug in ("none", "secret", "old")]
    assert len({(page.text, *page.links.values()) for page in pages}) == 1
    assert reader.open(f"{library.home}/help").title == "Help"


def test_an_unknown_account_has_the_same_page(library, browser):
    library.knowledge_base("Old", audience=Audience.PUBLIC, archived_at=in_future(days=-1))
    unknown = browser.open("/kb/nobody/old", status=404)
    archived = browser.open(f"{library.home}/old", status=404)
    assert (unknown.title, unknown.status) == (archived.title, archived.status)


@both_databases
@pytest.mark.parametrize(
    "path",
    [
        "/kb/%00", "HOME/%00", "HOME/help/articles/%00", "HOME/help/categories/x%00", "HOME/help/subscribe?article=%00",
        "HOME/help/subscribe?category=%00",
    ],
)  # fmt: skip
def test_a_name_that_can_be_none_is_not_looked_for(library, browser, path):
    library.knowledge_base("Help", audience=Audience.PUBLIC)
    browser.open(path.replace("HOME", library.home), status=404)


def test_an_archived_knowledge_base_shows_neither_colour_nor_logo(library, browser):
    library.knowledge_base("Old", audience=Audience.PUBLIC, archived_at=in_future(days=-1))
    for path in ("", "/theme", "/logo", "/search", "/articles/x", "/categories/x"):
        assert browser.open(f"{library.home}/old{path}", status=404).title == "There is no such page"


def test_where_there_is_nothing_a_button_leads_on(library, browser):
    library.knowledge_base("Help", audience=Audience.PUBLIC)
    page = browser.open(f"{library.home}/nowhere", status=404)
    assert page.links["Go to the Front Page"] == library.home


def test_a_page_about_a_failure_leads_back_to_the_portal(library, browser):
    page = browser.post(f"{library.home}/sign-in", {"email": "x" * 2_000_000}, status=413)
    assert page.links["Go to the Front Page"] == library.home
    assert browser.post("/sign-in", {"email": "x" * 2_000_000}, status=413).links["Go to Home"] == "/"


@both_databases
def test_an_old_address_leads_to_the_newest_and_keeps_the_question(app, account, library, browser):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "First")
    rename(app, account, kb, "handbook")
    page = browser.open(f"{library.home}/help/search?q=first&_external=1", follow=False, status=301)
    assert page.location == f"{library.home}/handbook/search?q=first&_external=1"
    assert browser.open(f"{library.home}/help/articles/first").path == f"{library.home}/handbook/articles/first"


def test_a_stranger_does_not_learn_the_new_address_of_what_is_not_public(app, account, library, browser, help_base):
    rename(app, account, help_base, "handbook")
    page = browser.open(f"{library.home}/help", follow=False, status=303)
    assert "handbook" not in (page.location or "")
    library.change(KnowledgeBase, help_base, name="Plan B")
    for path in ("help", f"sign-in?next={library.home}/help", f"forgot-password?next={library.home}/help"):
        page = browser.open(f"{library.home}/{path}")
        assert "handbook" not in page.html
        assert "Plan B" not in page.html
    token = browser.open(f"{library.home}/sign-in").soup.select_one("input[name=csrf_token]")["value"]
    for path in ("help", "help/articles/first", "help/categories/a", "help/search?q=a", "help/subscriptions"):
        for method in ("HEAD", "GET", "POST"):
            answer = browser.client.open(f"{library.home}/{path}", method=method, data={"csrf_token": token})
            assert "handbook" not in str(answer.headers) + answer.get_data(as_text=True), (method, path)
    reader = library.reader()
    page = sign_in(browser, f"{library.home}/help/articles/first", reader.email, reader.password)
    assert page.path == f"{library.home}/handbook/articles/first"


@both_databases
def test_accounts_do_not_see_each_other(app, two_accounts):
    ours, theirs = (Library(app, one) for one in two_accounts)
    for library in (ours, theirs):
        library.article(library.knowledge_base("Help"), f"Of {library.account.name}")
    reader = ours.signed_in(ours.reader("rita@example.com"))
    assert "Of Acme" in reader.open(f"{ours.home}/help").text
    assert reader.open(f"{theirs.home}/help").title == "Sign in"
    theirs.reader("rita@example.com")
    assert reader.open(f"{theirs.home}/help").title == "Sign in"


def test_a_person_of_the_admin_is_nobody_in_the_portal(app, account, library, help_base):
    browser = factories.signed_in(app, account.owner)
    page = browser.open(f"{library.home}/help")
    assert page.title == "Sign in"
    assert browser.open("/").title == "Home"


def test_a_reader_is_nobody_in_the_admin(library, help_base):
    browser = library.signed_in(library.reader())
    for path in ("/", "/smtp", "/readers-of-nobody", "/profile"):
        page = browser.open(path, follow=False, status=404 if "nobody" in path else 303)
        assert page.location is None or page.location.startswith("/sign-in")


def test_the_cookie_of_one_opens_nothing_as_the_cookie_of_the_other(app, account, library, help_base):
    owner = factories.signed_in(app, account.owner)
    users_token = owner.client.get_cookie("kbadmin-user", domain="localhost").value
    forged = Browser(app)
    forged.client.set_cookie("kbadmin-reader", users_token, domain="localhost")
    assert forged.open(f"{library.home}/help").title == "Sign in"
    forged.client.set_cookie("kbadmin-user", cookie_of(library.signed_in(library.reader())), domain="localhost")
    assert forged.open("/").title == "Sign in"


def test_both_are_signed_in_side_by_side(app, account, library, help_base):
    browser = library.signed_in(library.reader())
    factories.sign_in(browser, account.owner)
    assert browser.open(f"{library.home}/help").title == "Help"
    assert browser.open("/").title == "Home"
    browser.open(f"{library.home}/help").press("Sign out")
    assert browser.open(f"{library.home}/help").title == "Sign in"
    assert browser.open("/").title == "Home"


@pytest.mark.parametrize(
    "change",
    [{"status": ReaderStatus.DISABLED}, {"status": ReaderStatus.PENDING}, {"email_key": "new@example.com"}],
)
def test_a_session_ends_when_status_or_address_change(library, help_base, change):
    reader = library.reader()
    browser = library.signed_in(reader)
    assert browser.open(f"{library.home}/help").title == "Help"
    library.change(Reader, reader.id, **change)
    assert browser.open(f"{library.home}/help").title == "Sign in"
    library.change(Reader, reader.id, status=ReaderStatus.ACTIVE)
    assert browser.open(f"{library.home}/help").title == "Sign in"


def test_access_that_is_taken_away_is_gone_at_once(app, account, library, help_base):
    reader = library.reader(access=[help_base])
    browser = library.signed_in(reader)
    assert browser.open(f"{library.home}/help").title == "Help"
    with inside(app, account), unit_of_work():
        db.session.execute(delete(ReaderAccess))
    browser.open(f"{library.home}/help", status=404)


def test_the_front_door_shows_what_one_may_enter(library, browser):
    library.knowledge_base("Help")
    assert browser.open(library.home).title == "Sign in"
    library.knowledge_base("News", audience=Audience.PUBLIC)
    assert browser.open(library.home).path == f"{library.home}/news"
    reader = library.signed_in(library.reader())
    page = reader.open(library.home)
    assert {"Help", "News"} <= set(page.links)
    nothing = library.signed_in(library.reader(access=[]))
    assert nothing.open(library.home).path == f"{library.home}/news"


def rename(app, account, kb, slug, *, sign_up=SignUp.CLOSED):
    with inside(app, account):
        found = operations.find(kb)
        wanted = Settings(
            name=found.name, slug=slug, description="", time_zone="UTC", colour=found.colour,
            audience=Audience(found.audience), group_rule=GroupRule(found.group_rule), sign_up=sign_up,
            sign_up_domains="", remember_days=30,
        )  # fmt: skip
    with inside(app, account), unit_of_work():
        operations.change_settings(kb, wanted, actor=Actor(None, "test"))
