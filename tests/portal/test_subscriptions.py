"""Subscribing where one reads, looking after it, signed in or by link; and stopping it by the link in an e-mail."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.models import Kind
from kbadmin.readers.models import ReaderGroupMember
from kbadmin.subscriptions.models import Source, Target
from kbadmin.subscriptions.one_click import UNKNOWN_FROM
from kbadmin.throttle import Throttle
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import inside
from tests.subscriptions.helpers import chosen, has_unsubscribed, queue, subscribe, token_of, turn_on, waiting


@pytest.fixture
def help_base(library):
    """A shelf with a shelf on it, and something to read on both."""
    kb = library.knowledge_base("Help")
    lamps = library.category(kb, "Lamps")
    library.article(kb, "Switches", category=lamps)
    library.article(kb, "Bulbs", category=library.category(kb, "Spare parts", parent=lamps))
    return kb


@pytest.fixture
def reader(library):
    return library.reader("rita@example.com")


def test_a_reader_subscribes_on_the_page_of_a_thing_and_sees_that_they_are(library, help_base, reader):
    browser, home = library.signed_in(reader), f"{library.home}/help"
    assert "Subscribe to this article" not in browser.open(f"{home}/articles/bulbs").buttons
    browser.open(f"{home}/subscriptions", status=404)
    turn_on(library, help_base)

    page = browser.open(f"{home}/articles/bulbs").press("Subscribe to this article")
    assert page.path == f"{home}/articles/bulbs"
    assert page.messages == ["You are subscribed to Bulbs."]
    assert "You are subscribed to this article." in page.text

    page = browser.open(f"{home}/categories/lamps").form("Subscribe to this category")
    page = page.tick("With all categories below it", on=False).press()
    assert "You are subscribed to this category, without the categories below it." in page.text
    assert "through your subscription to Lamps" in browser.open(f"{home}/articles/switches").text
    assert "Subscribe to this category" in browser.open(f"{home}/categories/spare-parts").buttons

    page = browser.open(home).press("Subscribe to this knowledge base")
    assert "You are subscribed to this knowledge base." in page.text
    assert "through your subscription to Help" in browser.open(f"{home}/categories/spare-parts").text
    assert chosen(library) == {"rita@example.com": ["article", "category", "knowledge_base"]}


def test_nobody_subscribes_to_what_they_may_not_read(library, help_base, reader):
    turn_on(library, help_base)
    kept = library.group("Kept")
    library.category(help_base, "Vault", groups=[kept])
    library.article(help_base, "Treasure", groups=[kept])
    browser = library.signed_in(reader)
    token = str(browser.open(f"{library.home}/help").soup.select_one("input[name=csrf_token]")["value"])
    for wrong in ({"category": "vault"}, {"article": "treasure"}, {"article": "none"}):
        here = f"{library.home}/help/subscriptions/new"
        browser.post(here, wrong | {"csrf_token": token}, status=404)
    assert chosen(library) == {}


def test_a_reader_looks_after_their_subscriptions(library, help_base, reader, clock):
    due = house_clock.now() + timedelta(days=1)
    turn_on(library, help_base, allows_weekly=True, next_due_at=due)
    article = library.article(help_base, "Treasure", groups=[(group := library.group("Kept"))])
    subscribe(library, help_base, reader=reader.id)
    mine = subscribe(library, help_base, reader=reader.id, target=Target.ARTICLE, article_id=article)
    browser, here = library.signed_in(reader), f"{library.home}/help/subscriptions"

    page = browser.open(f"{library.home}/help").click("My subscriptions")
    assert page.path == here
    assert "The next digest is due on Tuesday, 3 March 2026 , 09:00 (UTC)" in page.text
    assert "An article that you cannot read at present" in page.text
    assert "Treasure" not in page.text
    page = page.form("Save").choose("Once a week").press()
    assert page.messages == ["Saved."]
    assert page.form("Save").chosen("How often") == "Once a week"
    assert "Immediately" not in page.text

    page = page.press("Unsubscribe from Help")
    assert chosen(library) == {"rita@example.com": ["article"]}
    page = page.press("Unsubscribe All")
    assert "No e-mails about Help are sent to you." in page.text
    assert has_unsubscribed(library, mine)
    page = page.press("Subscribe Again")
    assert chosen(library) == {"rita@example.com": ["article"]}
    with inside(library.app, library.account), unit_of_work():
        db.session.add(ReaderGroupMember(group_id=group, reader_id=reader.id))
    assert "Article Treasure" in browser.open(here).text


@both_databases
def test_a_name_that_can_be_none_is_not_looked_for(library, help_base, reader):
    turn_on(library, help_base)
    browser = library.signed_in(reader)
    token = browser.open(f"{library.home}/help").soup.select_one("input[name=csrf_token]")["value"]
    for name in ("article", "category"):
        fields = {"csrf_token": token, name: "x\0"}
        assert browser.post(f"{library.home}/help/subscriptions/new", fields, status=404)


@both_databases
def test_the_link_in_an_e_mail_opens_the_same_page_for_an_hour_and_nothing_else(library, help_base, reader, clock):
    turn_on(library, help_base)
    article = library.article(help_base, "Treasure", groups=[library.group("Kept")])
    mine = subscribe(library, help_base, reader=reader.id)
    subscribe(library, help_base, reader=reader.id, target=Target.ARTICLE, article_id=article)
    token, browser = token_of(library, mine), Browser(library.app)
    browser.must_not_show(token)

    page = browser.open(f"{library.home}/subscriptions/{token}")
    assert page.path == f"{library.home}/subscriptions"  # The token has left the address.
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "rita@example.com" in page.text
    assert "Treasure" not in page.text
    assert browser.open(f"{library.home}/help").title == "Sign in"
    assert page.press("Unsubscribe All").messages[0].startswith("You are unsubscribed from Help.")
    assert has_unsubscribed(library, mine)

    clock.advance(minutes=61)
    assert browser.open(f"{library.home}/subscriptions", status=410).title == "This link is not open any more"
    for other in ("x" * 43, "x" * 5000):
        browser.client.get(f"{library.home}/subscriptions/{other}")
        browser.open(f"{library.home}/subscriptions", status=410)


@both_databases
def test_a_mail_program_unsubscribes_with_one_bare_post_and_the_answer_tells_nothing(library, help_base, app):
    other = library.knowledge_base("Handbook", audience=Audience.PUBLIC)
    mine = subscribe(library, help_base, email="ann@example.com", source=Source.PUBLIC)
    queue(library, help_base, "ann@example.com")
    queue(library, other, "ann@example.com")
    queue(library, help_base, "ann@example.com", kind=Kind.READER_RESET)
    path = f"{library.home}/unsubscribe/{token_of(library, mine)}"
    program = app.test_client(use_cookies=False)

    for method in ("get", "head", "get"):  # What scanners send.
        assert getattr(program, method)(path).status_code == 200
    assert not has_unsubscribed(library, mine)
    assert len(waiting(library)) == 3

    answers = [
        program.post(one, data={"List-Unsubscribe": "One-Click"})
        for one in (path, path, f"{library.home}/unsubscribe/{'x' * 43}")
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert has_unsubscribed(library, mine)
    assert waiting(library) == [("digest", "ann@example.com"), ("reader_reset", "ann@example.com")]
    assert waiting(library, help_base) == [("reader_reset", "ann@example.com")]


def test_a_person_unsubscribes_with_a_button_and_can_come_back(library, help_base):
    mine = subscribe(library, help_base, email="ann@example.com", source=Source.PUBLIC)
    page = Browser(library.app).open(f"{library.home}/unsubscribe/{token_of(library, mine)}").press("Unsubscribe")
    assert page.title == "You are unsubscribed"
    assert has_unsubscribed(library, mine)
    page = page.press("Subscribe Again")
    assert page.title == "You are subscribed again"
    assert not has_unsubscribed(library, mine)


def test_a_guesser_is_noted_and_never_in_the_way_of_a_mail_program(library, help_base, app):
    mine = subscribe(library, help_base, email="ann@example.com", source=Source.PUBLIC)
    program = app.test_client(use_cookies=False)
    for number in range(UNKNOWN_FROM.count + 2):
        assert program.post(f"{library.home}/unsubscribe/guess-{number}").status_code == 200
    with app.app_context():  # Counted up to the limit; what comes after that costs no writing.
        assert db.session.scalar(select(Throttle.count).filter_by(name=UNKNOWN_FROM.name)) == UNKNOWN_FROM.count
    assert program.post(f"{library.home}/unsubscribe/{token_of(library, mine)}").status_code == 200
    assert has_unsubscribed(library, mine)


def test_whoever_was_signed_out_before_pressing_subscribe_comes_back_to_the_knowledge_base(library, reader):
    kb = library.knowledge_base("Handbook", audience=Audience.READERS)
    library.article(kb, "Rules")
    turn_on(library, kb)
    browser = library.signed_in(reader)
    page = browser.open(f"{library.home}/handbook/articles/rules")
    browser.client.delete_cookie("kbadmin-reader", domain="localhost")
    form = page.press("Subscribe to this article").form("Sign in")
    page = form.fill("E-mail Address", reader.email).fill("Password", reader.password).press()
    assert page.path == f"{library.home}/handbook"
