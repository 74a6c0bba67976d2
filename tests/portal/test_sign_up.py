"""Signing up: an address is asked for, confirmed with a link, and becomes a reader; others learn nothing of it."""

import dataclasses

import pytest
from sqlalchemy import func, select, update

from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase, SignUp
from kbadmin.links import OneTimeLink
from kbadmin.readers import belonging, operations, sign_ups
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.operations import Details
from kbadmin.readers.sign_up_models import ReaderSignUp
from kbadmin.throttle import Throttle
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import Worker, inside, signed_in
from tests.portal.library import Library, sign_in
from tests.portal.test_door import rename
from tests.portal.test_passwords import SENDER, link_in, mails
from tests.readers.people import OLIVE, add_group
from tests.users.pages import NEW_PASSWORD, set_password

FINISH = "Confirm and sign up"


@pytest.fixture
def app(settings, make_app):
    """An installation whose platform can send mail."""
    return make_app(dataclasses.replace(settings, system_smtp_url=SENDER))


@pytest.fixture
def help_kb(library):
    return library.knowledge_base("Help", sign_up="open")


def ask(library, email="nina@example.com", *, browser=None, status=None, **fields):
    """Fill the page in, and let the letter be written."""
    form = (browser or Browser(library.app)).open(f"{library.home}/help/sign-up").form("Sign up")
    form.fill("E-mail Address", email).fill("First Name", "Nina")
    for label, value in fields.items():
        form.fill(label, value)
    page = form.press(status=status)
    Worker(library.app).drain()
    return page


def the_reader(library, email="nina@example.com"):
    with inside(library.app, library.account):
        found = db.session.scalar(select(Reader).filter_by(email_key=email))
        db.session.expunge_all()
        return found


def count(library, model):
    with inside(library.app, library.account):
        return db.session.scalar(select(func.count()).select_from(model))


@both_databases
def test_whoever_confirms_their_address_reads_this_knowledge_base_and_no_other(library, app, help_kb):
    other = library.knowledge_base("Staff", sign_up="closed")
    group = add_group(app, library.account, "Friends", "example.com")
    page = Browser(app).open(f"{library.home}/help").click("Sign up")
    assert page.click("Back to sign in").path.startswith(f"{library.home}/sign-in")
    assert "somebody" not in page.text
    page = ask(library, "Nina@Example.com")
    assert page.title == "Look into your mailbox"
    assert "Nina@example.com" in page.text
    [(kind, recipient, text)] = mails(library)
    assert (kind, recipient) == ("reader_sign_up", "Nina@example.com")
    assert "Nina " not in text  # What a stranger typed is not carried into somebody's mailbox.
    link = link_in(text)
    browser = Browser(app)
    for _ in range(2):  # A scanner that opens every link changes nothing.
        page = browser.open(link)
    assert (page.path, page.title) == (f"{library.home}/help/sign-up/confirm", "Choose a password")
    assert (the_reader(library), count(library, ReaderSignUp)) == (None, 1)
    page = set_password(page, button=FINISH)
    assert (page.path, page.messages) == (
        f"{library.home}/help",
        ["Your address is confirmed, and you are signed in."],
    )
    browser.open(f"{library.home}/staff", status=404)
    reader = the_reader(library)
    assert (reader.status, reader.email, reader.name) == ("active", "Nina@example.com", "Nina")
    with inside(app, library.account):
        assert belonging.access_of(reader.id) == {help_kb} != {other}
        assert belonging.groups_of(reader.id) == {group}
    assert count(library, ReaderSignUp) == 0
    assert Browser(app).open(link, status=410).title == "This link no longer works"
    assert sign_in(Browser(app), f"{library.home}/sign-in", reader.email, NEW_PASSWORD).title == "Help"
    assert "Sign-up" in signed_in(app, library.account.owner).open("/audit-log").text


def test_with_approval_somebody_lets_them_in(library, app, help_kb):
    library.change(KnowledgeBase, help_kb, sign_up="approval")
    ask(library)
    browser = Browser(app)
    page = set_password(browser.open(link_in(mails(library)[0][2])), button=FINISH)
    assert page.title == "Almost there"
    assert browser.open(f"{library.home}/help").title == "Sign in"
    assert the_reader(library).status == ReaderStatus.PENDING
    page = sign_in(browser, f"{library.home}/sign-in", "nina@example.com", NEW_PASSWORD, status=422)
    assert "You have signed up, and wait to be let in." in page.text
    page = sign_in(Browser(app), f"{library.home}/sign-in", "nina@example.com", "not the password", status=422)
    assert "wait to be let in" not in page.text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ReaderStatus.ACTIVE, "You are a reader of Acme already"),
        (ReaderStatus.PENDING, "wait until somebody at Acme lets you in"),
        (ReaderStatus.DISABLED, "Your access is disabled"),
    ],
)
def test_a_reader_gets_the_same_page_and_a_letter_that_says_they_are_one(library, help_kb, status, words):
    library.reader("rita@example.com", status=status)
    pages = [ask(library, email) for email in ("rita@example.com", "nobody@example.com")]
    assert len({page.text.replace("rita", "nobody") for page in pages}) == 1
    first, second = mails(library)
    assert first[:2] == ("reader_sign_up", "rita@example.com")
    assert words in first[2]
    assert "sign-up/confirm" not in first[2]
    assert "sign-up/confirm" in second[2]
    assert count(library, ReaderSignUp) == 1


def test_only_addresses_of_the_allowed_domains_may_sign_up(library, app):
    library.knowledge_base("Help", sign_up="open", sign_up_domains="example.com\nexample.org")
    page = Browser(app).open(f"{library.home}/help/sign-up")
    assert "An address of example.com or example.org." in page.text
    page = ask(library, "nina@example.net", status=422)
    assert page.errors == ["This knowledge base is open to addresses of example.com or example.org."]
    assert page.form("Sign up").value("First Name") == "Nina"
    assert ask(library, "nina@EXAMPLE.org").title == "Look into your mailbox"
    assert [mail[1] for mail in mails(library)] == ["nina@example.org"]


def test_what_people_do_not_see_catches_machines(library, help_kb):
    page = ask(library, **{"Leave this empty": "https://casino.example"})
    assert page.title == "Look into your mailbox"
    assert (mails(library), count(library, ReaderSignUp)) == ([], 0)


def test_an_address_gets_few_letters_and_nobody_hears_of_it(library, help_kb, clock):
    pages = [ask(library).title]
    pages.append(ask(library, "NINA@example.com").title)
    assert len(mails(library)) == 1
    for _ in range(4):
        clock.advance(minutes=11)
        pages.append(ask(library).title)
    assert len(mails(library)) == 3
    assert set(pages) == {"Look into your mailbox"}


def test_a_network_and_a_knowledge_base_have_their_share(library, app, help_kb, clock):
    for number in range(10):
        ask(library, f"nina{number}@example.com")
    page = ask(library, "other@example.com", status=429)
    assert "Too many people have signed up from here lately. Try again in 60 min." in page.text
    clock.advance(minutes=61)
    ask(library, "nora@example.com")
    with app.app_context(), unit_of_work():
        today = update(Throttle).where(Throttle.name == sign_ups.KNOWLEDGE_BASE.name)
        assert db.session.scalar(today.values(count=200).returning(Throttle.window_at)) is not None
    assert "Try again in 23 h." in ask(library, "other@example.com", status=429).text
    assert len(mails(library)) == 11


@both_databases
def test_a_link_dies_with_its_day_its_knowledge_base_and_its_address(library, app, help_kb, clock):
    ask(library)
    link = link_in(mails(library)[0][2])
    assert Browser(app).open(link).title == "Choose a password"
    library.change(KnowledgeBase, help_kb, sign_up_domains="example.org")
    Browser(app).open(link, status=410)
    library.change(KnowledgeBase, help_kb, sign_up_domains="", sign_up="closed")
    Browser(app).open(link, status=404)
    library.change(KnowledgeBase, help_kb, sign_up="open")
    browser = Browser(app)
    page = browser.open(link)
    library.reader("nina@example.com")  # Somebody adds her meanwhile.
    assert set_password(page, button=FINISH, status=410).title == "This link no longer works"
    ask(library, "nora@example.com")
    other = link_in(mails(library)[-1][2])
    with inside(app, library.account), unit_of_work():  # And deletes her: what she typed goes, too.
        operations.remove(operations.find_by_address("nina@example.com").id, actor=OLIVE)
    assert count(library, ReaderSignUp) == 1
    Browser(app).open(link, status=410)
    assert Browser(app).open(other).title == "Choose a password"
    clock.advance(hours=25)
    Browser(app).open(other, status=410)
    Worker(app).sweep()
    assert count(library, ReaderSignUp) == 0


def test_a_link_opens_nothing_in_another_account_or_knowledge_base(app, two_accounts):
    ours, theirs = (Library(app, one) for one in two_accounts)
    for library in (ours, theirs):
        library.knowledge_base("Help", sign_up="open")
    ours.knowledge_base("News", sign_up="open")
    ask(ours)
    link = link_in(mails(ours)[0][2])
    Browser(app).open(link.replace(ours.home, theirs.home), status=410)
    Browser(app).open(link.replace("/help/", "/news/"), status=410)
    assert (count(theirs, ReaderSignUp), count(ours, ReaderSignUp)) == (0, 1)
    with app.app_context():
        assert db.session.query(OneTimeLink).one().used_at is None


def test_a_lost_wake_up_is_found_and_a_second_one_mails_nothing(library, app, help_kb, clock):
    with inside(app, library.account):
        sign_ups.ask(help_kb, Details("nina@example.com", "Nina", "", {}), network_address="127.0.0.1")
        db.session.commit()
        sign_up_id = str(db.session.scalar(select(ReaderSignUp.id)))
    worker = Worker(app)
    worker.engine.huey.flush()
    clock.advance(minutes=2)
    worker.sweep()
    worker.drain()
    with app.app_context():
        sign_ups.mail_sign_up_letter(str(library.account.id), sign_up_id)
    assert len(mails(library)) == 1


def test_where_it_is_closed_there_is_no_such_page(library, app, settings, make_app):
    kb = library.knowledge_base("Help", sign_up="closed")
    browser = Browser(app)
    for path in ("", "/sent", "/confirm", "/confirm/token", "/waits"):
        browser.open(f"{library.home}/help/sign-up{path}", status=404)
    assert "Sign up" not in browser.open(f"{library.home}/help").links
    library.change(KnowledgeBase, kb, sign_up="open")
    assert "Sign up for Help" in browser.open(f"{library.home}/sign-in").links
    reader = library.signed_in(library.reader())
    assert reader.open(f"{library.home}/help/sign-up").path == f"{library.home}/help"
    without_mail = Browser(make_app(settings)).open(f"{library.home}/help/sign-up")
    assert "Ask Acme to add you" in without_mail.text
    assert without_mail.buttons == []


@both_databases
def test_an_old_address_tells_strangers_no_more_than_where_to_sign_in(library, app, help_kb):
    ask(library)
    [(_, _, letter)] = mails(library)
    rename(app, library.account, help_kb, "handbook", sign_up=SignUp.OPEN)
    library.change(KnowledgeBase, help_kb, name="Plan B")
    stranger = Browser(app)
    for path in ("", "/sent", "/waits"):
        page = stranger.open(f"{library.home}/help/sign-up{path}", follow=False, status=303)
        assert page.location == f"{library.home}/help"
    page = stranger.open(f"{library.home}/help/sign-up")
    assert page.text == stranger.open(f"{library.home}/sign-in").text
    for path, status in (("sign-up/confirm/none", 410), ("theme", 404), ("logo", 404)):
        page = stranger.open(f"{library.home}/help/{path}", status=status)
        assert "handbook" not in page.html
        assert "Plan B" not in page.html
    reader = library.signed_in(library.reader(access=[]))
    assert reader.open(f"{library.home}/help/sign-up", status=404).path == f"{library.home}/help"
    page = set_password(Browser(app).open(link_in(letter)), button=FINISH)
    assert page.path == f"{library.home}/handbook"


def test_an_old_address_of_what_is_public_leads_on_to_signing_up(library, app, help_kb):
    library.change(KnowledgeBase, help_kb, audience=Audience.PUBLIC)
    rename(app, library.account, help_kb, "handbook", sign_up=SignUp.OPEN)
    page = Browser(app).open(f"{library.home}/help/sign-up")
    assert (page.path, page.title) == (f"{library.home}/handbook/sign-up", "Sign up")
