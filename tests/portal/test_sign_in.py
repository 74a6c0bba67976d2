"""Signing in to the portal: what a reader sees, what whoever guesses gets, how long it lasts."""

import dataclasses

import pytest

from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.readers.models import Reader, ReaderSession, ReaderStatus
from kbadmin.users import passwords
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import inside
from tests.portal.library import Library, cookie_of, sign_in
from tests.security.test_open_redirects import BAD_NEXT
from tests.users.test_sign_in import CountingHasher

SENTENCE = "This e-mail address and password do not belong together. Check both, or set a new password."


@pytest.fixture
def help_base(library):
    return library.knowledge_base("Help")


@pytest.fixture
def reader(library, help_base):
    return library.reader("rita@example.com", first_name="Rita")


def try_to(library, browser, email, password, *, status=422):
    return sign_in(browser, f"{library.home}/sign-in", email, password, status=status)


def count_of_sessions(app):
    with app.app_context():
        return db.session.query(ReaderSession).count()


@both_databases
def test_a_reader_signs_in_and_out(app, library, browser, reader):
    page = sign_in(browser, f"{library.home}/help", " RITA@Example.com ", reader.password)
    assert (page.path, page.title) == (f"{library.home}/help", "Help")
    assert "Rita" in page.text
    token = cookie_of(browser)
    page = page.press("Sign out")
    assert page.messages == ["You are signed out."]
    assert page.response.request.path == f"{library.home}/sign-in"
    assert count_of_sessions(app) == 0
    browser.client.set_cookie("kbadmin-reader", token, domain="localhost")
    assert browser.open(f"{library.home}/help").title == "Sign in"
    with inside(app, library.account):
        assert db.session.get(Reader, reader.id).signed_in_at is not None


@both_databases
def test_everybody_who_is_not_let_in_gets_the_same_page(app, library, browser, reader):
    library.reader("off@example.com", status=ReaderStatus.DISABLED)
    library.reader("waits@example.com", status=ReaderStatus.PENDING)
    library.reader("new@example.com", password_hash=None)
    seen = set()
    for email, password in [
        (reader.email, "not the password"),
        ("nobody@example.com", reader.password),
        ("no address at all", reader.password),
        ("off@example.com", reader.password),
        ("waits@example.com", "not the password"),
        ("new@example.com", reader.password),
        (library.account.owner.email, library.account.owner.password),
    ]:
        page = try_to(library, browser, email, password)
        seen.add(page.text)
    assert len(seen) == 1
    assert SENTENCE in seen.pop()
    assert count_of_sessions(app) == 0


def test_everybody_costs_one_comparison(app, library, reader):
    app.extensions[passwords.EXTENSION] = counting = CountingHasher()
    for email in (reader.email, "nobody@example.com", "no address"):
        try_to(library, Browser(app), email, "wrong password")
    assert [stored is None for stored in counting.verified] == [False, True, True]
    assert counting.hashed == 0


@both_databases
@pytest.mark.parametrize("email", ["rita@example.com", "nobody@example.com"])
def test_after_five_tries_one_has_to_wait_whether_the_reader_exists_or_not(library, browser, clock, reader, email):
    for _ in range(5):
        try_to(library, browser, email, "wrong password")
    page = try_to(library, browser, email, reader.password, status=429)
    assert "too many tries. Wait 15 min" in page.text
    assert page.response.headers["Retry-After"] == "900"
    clock.advance(minutes=16)
    if email == reader.email:
        assert try_to(library, browser, email, reader.password, status=None).path == f"{library.home}/help"


def test_one_network_cannot_try_many_addresses(library, browser, clock, reader):
    for number in range(20):
        try_to(library, browser, f"somebody-{number}@example.com", "wrong password")
    try_to(library, browser, reader.email, reader.password, status=429)


def test_the_same_address_elsewhere_is_somebody_else(app, two_accounts):
    ours, theirs = (Library(app, one) for one in two_accounts)
    for library in (ours, theirs):
        library.knowledge_base("Help")
        library.reader("rita@example.com")
    for _ in range(5):
        try_to(ours, Browser(app), "rita@example.com", "wrong password")
    assert try_to(theirs, Browser(app), "rita@example.com", ours.reader().password, status=None).title == "Help"


def test_a_session_ends_after_twelve_hours(library, clock, reader):
    browser = library.signed_in(reader)
    clock.advance(hours=11, minutes=59)
    assert browser.open(f"{library.home}/help").title == "Help"
    clock.advance(minutes=2)
    assert browser.open(f"{library.home}/help").title == "Sign in"


def remembered(library, browser, reader, path="/help"):
    form = browser.open(f"{library.home}{path}").form("Sign in").tick("Remember me")
    return form.fill("E-mail Address", reader.email).fill("Password", reader.password).press()


@both_databases
def test_whoever_is_remembered_stays_as_long_as_the_knowledge_base_allows(library, browser, clock, help_base, reader):
    library.change(KnowledgeBase, help_base, remember_days=10)
    assert "For 10 days" in browser.open(f"{library.home}/help").text
    remembered(library, browser, reader)
    assert browser.client.get_cookie("kbadmin-reader", domain="localhost").max_age == 10 * 24 * 3600
    clock.advance(days=9, hours=23)
    assert browser.open(f"{library.home}/help").title == "Help"
    clock.advance(hours=2)
    assert browser.open(f"{library.home}/help").title == "Sign in"


def test_where_nobody_is_remembered_it_is_not_offered(library, browser, clock, help_base, reader):
    library.change(KnowledgeBase, help_base, remember_days=0)
    assert "Remember me" not in browser.open(f"{library.home}/help").text
    assert "Remember me" not in browser.open(f"{library.home}/sign-in").text


def test_being_remembered_elsewhere_does_not_count_where_it_is_not_allowed(library, browser, clock, help_base, reader):
    strict = library.knowledge_base("Strict", remember_days=0)
    assert strict
    remembered(library, browser, reader)
    assert browser.open(f"{library.home}/strict").title == "Strict"
    clock.advance(hours=13)
    assert browser.open(f"{library.home}/help").title == "Help"
    assert browser.open(f"{library.home}/strict").title == "Sign in"
    page = sign_in(browser, f"{library.home}/strict", reader.email, reader.password)
    assert page.title == "Strict"


def test_a_box_that_was_not_offered_cannot_be_sent(app, library, browser, help_base, reader):
    library.change(KnowledgeBase, help_base, remember_days=0)
    page = browser.open(f"{library.home}/help")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    fields = {"csrf_token": token, "email": reader.email, "password": reader.password, "is_remembered": "y"}
    browser.post(f"{library.home}/sign-in", fields)
    assert browser.client.get_cookie("kbadmin-reader", domain="localhost").max_age is None


def test_signing_in_again_ends_the_session_before(app, library, reader):
    browser = library.signed_in(reader)
    first = cookie_of(browser)
    browser.client.delete_cookie("kbadmin-reader", domain="localhost")
    page = browser.open(f"{library.home}/sign-in")
    browser.client.set_cookie("kbadmin-reader", first, domain="localhost")
    page.form("Sign in").fill("E-mail Address", reader.email).fill("Password", reader.password).press()
    assert cookie_of(browser) != first
    assert count_of_sessions(app) == 1


def test_whoever_is_signed_in_already_goes_on(library, reader):
    browser = library.signed_in(reader)
    assert browser.open(f"{library.home}/sign-in?next={library.home}/help").path == f"{library.home}/help"
    assert browser.open(f"{library.home}/sign-in").path == f"{library.home}/help"


@pytest.mark.parametrize("target", [*BAD_NEXT, "/", "/smtp", "/kb/another-account/help", "/kb"])
def test_one_goes_on_within_this_portal_only(library, browser, reader, target):
    form = browser.open(f"{library.home}/sign-in").form("Sign in")
    form.fill("E-mail Address", reader.email).fill("Password", reader.password)
    form.forge("next", target)
    page = form.press(follow=False)
    assert page.response.headers["Location"] == library.home


def test_the_cookie_is_out_of_reach(make_app, settings, library, reader):
    app = make_app(dataclasses.replace(settings, base_url="https://kb.example.com"))
    client = app.test_client()
    page = client.get(f"{library.home}/sign-in", base_url="https://kb.example.com")
    token = page.get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
    done = client.post(
        f"{library.home}/sign-in",
        base_url="https://kb.example.com",
        data={"csrf_token": token, "email": reader.email, "password": reader.password},
        headers={"Referer": "https://kb.example.com/"},
    )
    cookie = next(header for header in done.headers.getlist("Set-Cookie") if "kbadmin-reader" in header)
    assert cookie.startswith("__Host-kbadmin-reader=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_a_reader_changes_their_name(app, library, reader):
    browser = library.signed_in(reader)
    page = browser.open(f"{library.home}/help").click("My profile")
    page = page.form("Save").fill("First Name", "Margarita").fill("Last Name", "Zimt").press()
    assert page.messages == ["Profile saved."]
    assert "Margarita Zimt" in page.text
    with inside(app, library.account):
        assert db.session.get(Reader, reader.id).sort_key.startswith("zimt")


@both_databases
def test_a_reader_signs_out_everywhere(app, library, reader):
    first, second = library.signed_in(reader), library.signed_in(reader)
    other = library.signed_in(library.reader())
    page = first.open(f"{library.home}/profile").press("Sign Out Everywhere")
    assert page.messages == ["You are signed out everywhere."]
    for browser in (first, second):
        assert browser.open(f"{library.home}/help").title == "Sign in"
    assert other.open(f"{library.home}/help").title == "Help"


@pytest.mark.parametrize("path", ["profile", "profile/password"])
def test_pages_about_oneself_ask_to_sign_in(library, browser, help_base, path):
    page = browser.open(f"{library.home}/{path}")
    assert page.title == "Sign in"
    reader = library.reader()
    page = page.form("Sign in").fill("E-mail Address", reader.email).fill("Password", reader.password).press()
    assert page.path == f"{library.home}/{path}"


@both_databases
def test_the_whole_way_from_a_link_to_an_article_of_ones_group(library, browser):
    kb, staff = library.knowledge_base("Help"), library.group("Staff")
    library.article(kb, "For staff", groups=[staff])
    library.article(kb, "For others", groups=[library.group("Others")])
    reader = library.reader(groups=[staff], access=[kb])
    page = sign_in(browser, f"{library.home}/help/articles/for-staff", reader.email, reader.password)
    assert page.title == "For staff"
    assert "For others" not in browser.open(f"{library.home}/help").text
    browser.open(f"{library.home}/help/articles/for-others", status=404)
    assert "Nothing found" in browser.open(f"{library.home}/help/search?q=others").text
    library.change(KnowledgeBase, kb, audience=Audience.PUBLIC)
    assert Browser(library.app).open(f"{library.home}/help/articles/for-staff", status=404)
