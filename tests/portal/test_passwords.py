"""A reader's password: asked for when forgotten, set once with a link, changed; and who hears of it."""

import dataclasses
import threading
from datetime import timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import commit, db, unit_of_work
from kbadmin.links import OneTimeLink
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers import passwords
from kbadmin.readers.emails import set_password_address
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.passwords import DeadLink
from tests.browser import Browser
from tests.databases import both_databases
from tests.delivery.outbox import as_sent, make_service
from tests.factories import Worker, inside, signed_in
from tests.portal.library import PASSWORD, Library, cookie_of, sign_in
from tests.reader_emails.test_settings import choose
from tests.users.pages import NEW_PASSWORD, set_password

SENDER = "smtp://127.0.0.1:2525?from=kb@example.com"


@pytest.fixture
def app(settings, make_app):
    """An installation whose platform can send mail."""
    return make_app(dataclasses.replace(settings, system_smtp_url=SENDER))


@pytest.fixture
def reader(library):
    library.knowledge_base("Help")
    return library.reader("rita@example.com")


def link_for(library, reader, lifetime=timedelta(hours=72)):
    """A link as whoever sends it gets it, as a path."""
    with inside(library.app, library.account):
        with unit_of_work():
            token = passwords.hand_out_link(reader.id, lifetime=lifetime)
        return set_password_address(token).removeprefix("http://localhost")


def ask(library, email):
    form = Browser(library.app).open(f"{library.home}/forgot-password").form("Send link")
    page = form.fill("E-mail Address", email).press()
    Worker(library.app).drain()
    return page


def mails(library):
    """Kind, recipient and text of the messages in the outbox."""
    with inside(library.app, library.account):
        rows = db.session.query(OutboxMessage).order_by(OutboxMessage.id).all()
        return [(row.kind, row.recipient, as_sent(row)) for row in rows]


def link_in(text):
    return "/kb/" + text.partition("http://localhost/kb/")[2].split()[0]


@both_databases
def test_a_forgotten_password_is_replaced_with_a_link_that_works_once(library, reader):
    here = library.signed_in(reader)
    page = ask(library, "RITA@example.com")
    assert page.title == "Look into your mailbox"
    (kind, recipient, text) = mails(library)[0]
    assert (kind, recipient) == ("reader_reset", "rita@example.com")
    browser = Browser(library.app)
    page = browser.open(link_in(text))
    assert page.path == f"{library.home}/set-password"
    assert browser.open(link_in(text)).title == "Set a password"
    page = set_password(page)
    assert page.path == f"{library.home}/help"
    assert here.open(f"{library.home}/help").title == "Sign in"
    assert [mail[0] for mail in mails(library)] == ["reader_reset", "password_changed"]
    assert Browser(library.app).open(link_in(text), status=410).title == "This link no longer works"
    sign_in(Browser(library.app), f"{library.home}/sign-in", reader.email, reader.password, status=422)
    assert sign_in(Browser(library.app), f"{library.home}/sign-in", reader.email, NEW_PASSWORD).title == "Help"


def test_after_setting_it_a_message_says_so(library, reader):
    library.knowledge_base("News")
    page = set_password(Browser(library.app).open(link_for(library, reader)))
    assert page.messages == [
        "Your password is set, and you are signed in. Wherever else you were signed in, you no longer are."
    ]


@both_databases
def test_everybody_who_asks_gets_the_same_answer(library, reader):
    library.reader("off@example.com", status=ReaderStatus.DISABLED)
    pages = set()
    for email in (reader.email, "nobody@example.com", "off@example.com"):
        page = ask(library, email)
        pages.add((page.title, page.text.replace(email, "…")))
    assert len(pages) == 1
    assert [mail[1] for mail in mails(library)] == [reader.email]


def test_the_link_goes_to_the_address_that_is_stored(library, reader):
    ask(library, " Rita@EXAMPLE.com")
    assert mails(library)[0][1] == "rita@example.com"
    page = Browser(library.app).open(f"{library.home}/forgot-password").form("Send link")
    assert page.fill("E-mail Address", "rita@example.com, eve@example.com").press(status=422).errors


def test_nobody_can_flood_a_mailbox(library, reader, clock):
    for _ in range(10):
        assert ask(library, reader.email).title == "Look into your mailbox"
    assert len(mails(library)) == 3
    clock.advance(minutes=61)
    ask(library, reader.email)
    assert len(mails(library)) == 4


def test_one_network_asks_for_few(library, clock):
    readers = [library.reader() for _ in range(22)]
    for reader in readers:
        ask(library, reader.email)
    assert len(mails(library)) == 20


def test_a_link_lives_for_an_hour(library, reader, clock):
    ask(library, reader.email)
    path = link_in(mails(library)[0][2])
    clock.advance(minutes=59)
    assert Browser(library.app).open(path).title == "Set a password"
    clock.advance(minutes=2)
    Browser(library.app).open(path, status=410)


@pytest.mark.parametrize(
    "change",
    [
        {"status": ReaderStatus.DISABLED},
        {"email": "new@example.com", "email_key": "new@example.com"},
    ],
)
@both_databases
def test_a_link_dies_with_status_and_address_for_good(library, reader, change):
    path = link_for(library, reader)
    library.change(Reader, reader.id, **change)
    Browser(library.app).open(path, status=410)
    library.change(Reader, reader.id, status=ReaderStatus.ACTIVE)
    Browser(library.app).open(path, status=410)


def test_a_link_dies_with_a_newer_one_and_with_a_change_of_the_password(library, reader):
    old, new = link_for(library, reader), link_for(library, reader)
    Browser(library.app).open(old, status=410)
    change_password(library.signed_in(reader), library)
    Browser(library.app).open(new, status=410)


def test_a_link_opens_nothing_in_another_account_and_nothing_in_the_admin(app, two_accounts):
    ours, theirs = (Library(app, one) for one in two_accounts)
    path = link_for(ours, ours.reader())
    Browser(app).open(path.replace(ours.home, theirs.home), status=410)
    Browser(app).open(path.removeprefix(ours.home), status=410)
    assert Browser(app).open(path).title == "Set a password"


def test_opening_a_link_uses_nothing_up(library, reader):
    path = link_for(library, reader)
    for _ in range(3):
        Browser(library.app).open(path)
        Browser(library.app).client.head(path, base_url="http://localhost")
    with inside(library.app, library.account):
        assert db.session.query(OneTimeLink).one().used_at is None


def test_the_address_of_the_page_holds_no_token(library, reader):
    path = link_for(library, reader)
    browser = Browser(library.app)
    browser.must_not_show(path.rpartition("/")[2])
    assert browser.open(f"{library.home}/set-password", status=410)
    page = Browser(library.app).open(path)
    assert path.rpartition("/")[2] not in page.html + page.path


@both_databases
def test_of_many_who_use_a_link_at_once_one_succeeds(library, reader):
    with inside(library.app, library.account), unit_of_work():
        token = passwords.hand_out_link(reader.id, lifetime=timedelta(hours=1))
    done: list[str] = []

    def use() -> None:
        with inside(library.app, library.account):
            try:
                passwords.set_with_link(token, NEW_PASSWORD, network_address="127.0.0.1")
                commit()
            except DeadLink:
                done.append("dead")
            else:
                done.append("set")

    threads = [threading.Thread(target=use) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["dead"] * 49 + ["set"]


def test_a_weak_password_is_refused_and_the_link_lives_on(library, reader):
    browser = Browser(library.app)
    page = set_password(browser.open(link_for(library, reader)), "rita was here 1", status=422)
    assert page.form("Set password").error("New Password").startswith("Leave out “rita”")
    assert set_password(page).title == "Help"


def change_password(browser, library, *, current=PASSWORD, new=NEW_PASSWORD, status=None):
    page = browser.open(f"{library.home}/profile").click("Change password")
    page.form("Change password").fill("Current Password", current)
    return set_password(page, new, button="Change password", status=status)


@both_databases
def test_changing_it_ends_the_other_sessions_and_tells_the_reader(library, reader):
    here, elsewhere = library.signed_in(reader), library.signed_in(reader)
    before = cookie_of(here)
    page = change_password(here, library)
    assert page.title == "My profile"
    assert page.messages == ["Your password is changed. Wherever else you were signed in, you no longer are."]
    assert cookie_of(here) != before
    assert elsewhere.open(f"{library.home}/help").title == "Sign in"
    (kind, recipient, text) = mails(library)[0]
    assert (kind, recipient) == ("password_changed", reader.email)
    assert f"http://localhost{library.home}/forgot-password" in text


def test_changing_it_asks_for_the_current_one_a_few_times(library, reader, clock):
    browser = library.signed_in(reader)
    for _ in range(5):
        page = change_password(browser, library, current="not this one", status=422)
        assert page.errors == ["This is not your password. Type the one you sign in with."]
    page = change_password(browser, library, status=422)
    assert "Wait 15 min" in page.errors[0]


def test_what_was_done_stands_in_the_audit_log(library, reader, app):
    set_password(Browser(app).open(link_for(library, reader)))
    assert "Reader password set with a link" in signed_in(app, library.account.owner).open("/audit-log").text


def test_the_letter_leaves_through_the_service_that_the_account_chose(library, reader):
    service = make_service(library.app, library.account, port=2525, name="Company relay", tested_at=house_clock.now())
    choose(library.app, library.account, service)
    ask(library, reader.email)
    with inside(library.app, library.account):
        message = db.session.query(OutboxMessage).one()
        assert message.smtp_service_id == service
        assert "From: kb@example.com" not in message.content.reveal()


def test_where_nobody_can_send_the_page_says_whom_to_ask(settings, make_app, library):
    page = Browser(make_app(settings)).open(f"{library.home}/forgot-password")
    assert "Ask whoever gave you access at Acme" in page.text
    assert page.buttons == []
