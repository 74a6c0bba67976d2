"""Welcomes: queued with a new reader or later, carried by the chosen service, used once, and told when they fail."""

import re

import pytest
from sqlalchemy import select

from kbadmin import clock as house_clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.operations import archive
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.readers import email_settings, emails
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.smtp.models import SmtpService
from kbadmin.templating import plural
from tests.browser import Browser
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.portal.library import Library
from tests.reader_emails.test_settings import choose
from tests.readers.test_bulk import ask
from tests.smtp.rows import change
from tests.users.pages import actions

NEW_PASSWORD = "seven purple walruses sing"


@pytest.fixture
def service(app, account, world):
    found = make_service(app, account, port=world.relay.port, name="Company relay", tested_at=house_clock.now())
    choose(app, account, found)
    return found


def add_reader(browser, email="rita@example.org", *, welcome=True):
    form = browser.open("/readers/new").form("Add Reader").fill("E-mail Address", email).fill("First Name", "Rita")
    if welcome:
        form.tick("Send a welcome e-mail now")
    return form.press()


def id_of(app, account, email="rita@example.org"):
    with inside(app, account):
        return db.session.query(Reader).filter_by(email=email).one().id


def page_of(browser, app, account):
    return browser.open(f"/readers/{id_of(app, account)}")


def welcomes(app, account):
    with inside(app, account):
        return [row.status for row in db.session.query(OutboxMessage).filter_by(kind=Kind.WELCOME)]


def links_in(world, *, subject="Welcome"):
    """The paths of the links to choose a password, newest letter first."""
    letters = [mail for mail in world.mailbox.messages() if mail.subject.startswith(subject)]
    return [re.search(r"http://localhost(/kb/\S+/set-password/\S+)", mail.text)[1] for mail in letters]


def set_password(app, path):
    browser = Browser(app)
    form = browser.open(path).form("Set password")
    return form.fill("New Password", NEW_PASSWORD).fill("Repeat New Password", NEW_PASSWORD).press()


def work(worker):
    for _ in range(2):
        worker.sweep()
        worker.drain()


@both_databases
def test_a_new_reader_is_welcomed_through_the_chosen_service_and_sets_a_password(
    app, account, owner_browser, service, worker, world
):
    assert add_reader(owner_browser).messages == ["Reader Rita added."]
    work(worker)
    assert welcomes(app, account) == [Status.ACCEPTED]
    [letter] = world.mailbox.messages()
    assert (letter.mail_from, letter.recipients) == ("kb@example.com", ("rita@example.org",))
    assert "Auto-Submitted: auto-generated" in letter.source
    assert "List-Unsubscribe" not in letter.source
    page = page_of(owner_browser, app, account)
    assert "Accepted by the server" in page.text
    assert "Not set yet" in page.text
    [link] = links_in(world)
    assert set_password(app, link).title != "Set a password"
    assert "Set" in page_of(owner_browser, app, account).text
    Browser(app).open(link, status=410)


def test_nobody_is_welcomed_unasked(app, account, owner_browser, service):
    add_reader(owner_browser, welcome=False)
    assert welcomes(app, account) == []
    assert "Never" in page_of(owner_browser, app, account).text


def test_another_welcome_ends_the_link_before(app, account, owner_browser, service, worker, world):
    add_reader(owner_browser)
    work(worker)
    page = page_of(owner_browser, app, account).press("Send Welcome Again")
    assert page.messages == ["A welcome is on its way."]
    work(worker)
    newest, oldest = links_in(world)
    Browser(app).open(oldest, status=410)
    set_password(app, newest)
    assert actions(owner_browser)[0].startswith("Reader password set with a link")


def test_a_welcome_expires_after_the_hours_that_were_chosen(app, account, owner_browser, service, worker, world, clock):
    owner_browser.open("/readers/settings").form("Save").fill("Welcome Links Work For", "2").press()
    add_reader(owner_browser)
    work(worker)
    [link] = links_in(world)
    clock.advance(minutes=119)
    Browser(app).open(link)
    clock.advance(minutes=2)
    Browser(app).open(link, status=410)


def test_a_failed_welcome_is_marked_until_somebody_clears_it(app, account, owner_browser, service, worker, world):
    add_reader(owner_browser)
    with inside(app, account):
        message = db.session.query(OutboxMessage).filter_by(kind=Kind.WELCOME).one()
        set_status(message.id, Status.FAILED, "550 5.1.1 No such user")
    page = page_of(owner_browser, app, account)
    assert "The welcome did not reach rita@example.org. 550 5.1.1 No such user" in page.text
    page = page.press("Clear the Warning")
    assert page.messages == ["The warning is cleared."]
    assert "did not reach" not in page.text
    page.press("Send Welcome Again")
    work(worker)
    assert "Accepted by the server" in page_of(owner_browser, app, account).text


def set_status(message_id, status, reply):
    with unit_of_work():
        message = db.session.get(OutboxMessage, message_id)
        message.status, message.last_reply, message.settled_at = status, reply, house_clock.now()


def test_a_welcome_waits_for_a_paused_service_and_says_so(app, account, owner_browser, service, worker, clock):
    add_reader(owner_browser, welcome=False)
    with inside(app, account):
        change(service, paused_at=house_clock.now())
    page = page_of(owner_browser, app, account).press("Send Welcome")
    assert page.messages == ["A welcome waits in the queue until the service can send again."]
    assert "Queued" in page.text
    assert "Accepted" not in page.text
    clock.advance(hours=30)
    with inside(app, account):
        change(service, paused_at=None)
    work(worker)
    card = page_of(owner_browser, app, account).text
    queued, accepted = (re.search(rf"{word} (\d+ \w+ \d+)", card)[1] for word in ("Queued", "Accepted"))
    assert queued != accepted


def test_a_disabled_reader_is_offered_nothing(app, account, owner_browser, service):
    add_reader(owner_browser, welcome=False)
    reader = id_of(app, account)
    owner_browser.open(f"/readers/{reader}/disable").press("Disable")
    page = owner_browser.open(f"/readers/{reader}")
    assert not {"Send Welcome", "Send Reset Link"} & set(page.buttons)
    owner_browser.open(f"/readers/{reader}/link", status=409)


@both_databases
def test_a_link_can_be_passed_on_by_hand_once(app, account, owner_browser, service):
    add_reader(owner_browser, welcome=False)
    page = page_of(owner_browser, app, account).click("Copy a Link").press("Make a Link")
    address = re.search(r"http://localhost(/kb/[^\s\"<]+/set-password/[^\s\"<]+)", page.html)[1]
    assert "set-password" not in owner_browser.open(page.path).html
    set_password(app, address)
    Browser(app).open(address, status=410)
    assert "Reader link handed out" in actions(owner_browser)[1]


def test_a_reset_is_sent_for_a_reader_and_the_old_password_works_until_then(
    app, account, owner_browser, service, worker, world
):
    add_reader(owner_browser)
    work(worker)
    set_password(app, links_in(world)[0])
    page = page_of(owner_browser, app, account).press("Send Reset Link")
    assert page.messages == ["A link to set another password is on its way."]
    work(worker)
    with inside(app, account):
        assert db.session.query(Reader).one().password_hash is not None
    set_password(app, links_in(world, subject="Set a new password")[0])


def test_the_pages_are_for_those_who_manage_readers(app, account, owner_browser, browser_as, service):
    add_reader(owner_browser, welcome=False)
    reader = id_of(app, account)
    editor = browser_as("editor")
    token = editor.open("/").soup.select_one("input[name=csrf_token]")["value"]
    for path in ("welcome", "clear-welcome", "reset", "link"):
        editor.post(f"/readers/{reader}/{path}", {"csrf_token": token}, status=403)
    assert welcomes(app, account) == []


class TestWithoutAnySender:
    """Nobody can send: neither a service nor the platform."""

    @pytest.fixture
    def platform_url(self):
        return None

    def test_a_link_is_copied_instead(self, app, account, owner_browser):
        page = owner_browser.open("/readers/new")
        assert "Send a welcome e-mail now" not in page.form("Add Reader").labels
        add_reader(owner_browser, welcome=False)
        page = page_of(owner_browser, app, account)
        assert "Nobody can send e-mail to readers now." in page.text
        assert "Send Welcome" not in page.buttons
        assert page.click("Copy a Link").press("Make a Link").title == "A link for Rita"


class TestServiceOfOneKnowledgeBase:
    """Only a knowledge base chose a service: its readers are written to through it, and others are not promised it."""

    @pytest.fixture
    def platform_url(self):
        return None

    @pytest.fixture
    def library(self, app, account, world):
        made = Library(app, account)
        here, made.elsewhere = made.knowledge_base("Help"), made.knowledge_base("Other")
        made.here = here
        relay = make_service(app, account, port=world.relay.port, name="Own relay", tested_at=house_clock.now())
        with inside(app, account), unit_of_work():
            email_settings.choose_for(db.session.get_one(KnowledgeBase, here), relay, actor=Actor(None, "Olive"))
        return made

    def test_its_readers_are_welcomed_and_reset(self, library, owner_browser, worker, world):
        mine = library.reader("rita@example.org", access=[library.here])
        page = owner_browser.open(f"/readers/{mine.id}").press("Send Welcome")
        assert page.messages == ["A welcome is on its way."]
        assert page.press("Send Reset Link").messages == ["A link to set another password is on its way."]
        work(worker)
        work(worker)
        assert len(world.mailbox.messages()) == 2

    def test_whoever_is_let_in_is_promised_an_e_mail_only_if_they_get_one(self, app, account, library, owner_browser):
        promised, tell = (
            "They get an e-mail that says so.",
            "Nobody can send e-mail to them now, so tell them yourself.",
        )
        waits = {"status": ReaderStatus.PENDING}
        mine = library.reader("mine@example.org", access=[library.here], first_name="Mine", **waits)
        theirs = library.reader("theirs@example.org", access=[library.elsewhere], first_name="Theirs", **waits)
        for reader, said in ((mine, promised), (theirs, tell)):
            page = owner_browser.open(f"/readers/{reader.id}/let-in")
            assert [words for words in (promised, tell) if words in page.text] == [said]
        assert promised in ask(owner_browser, "Let in", "Mine").text
        assert tell in ask(owner_browser, "Let in", "Theirs").text
        page = ask(owner_browser, "Let in", "Mine", "Theirs")
        assert (
            "1 reader gets an e-mail that says so. Nobody can write to the others, so tell them yourself." in page.text
        )
        page.press("Let In")
        with inside(app, account):
            assert db.session.scalars(select(OutboxMessage.recipient)).all() == ["mine@example.org"]

    @both_databases
    @pytest.mark.parametrize("only_one", [True, False])
    def test_numbers_of_many_welcomes_add_up_with_what_is_queued(self, app, account, library, owner_browser, only_one):
        other = library.elsewhere
        if only_one:  # Whoever opens everything opens just the one that chose a service.
            with inside(app, account), unit_of_work():
                archive(other, actor=Actor(None, "Olive"))
        library.reader("mine@example.org", access=[library.here])
        library.reader("theirs@example.org", access=[other])
        library.reader("both@example.org", access=[library.here, other])
        library.reader("all@example.org", reads_everything=True)
        library.reader("none@example.org", access=[])
        library.reader("off@example.org", access=[library.here], status=ReaderStatus.DISABLED)
        reached = ["all@example.org", "both@example.org", "mine@example.org"] if only_one else ["mine@example.org"]
        number, out = len(reached), 5 - len(reached)
        page = ask(owner_browser, "Send a welcome", button="Continue with everybody")
        assert f"{plural(number, 'reader')} (as the list stands now)" in page.text
        assert f"That is {plural(number, 'message')}, " in page.text
        left_out = ["1 reader who may not sign in", f"{out} readers whom nobody can write to"]
        for words in left_out:
            assert f"Left out: {words}." in page.text
        page = page.press("Send")
        assert page.messages == [
            f"Welcomes to {plural(number, 'reader')} are on their way. Left out: {', and '.join(left_out)}."
        ]
        with inside(app, account):
            queued = db.session.scalars(select(OutboxMessage.recipient).order_by(OutboxMessage.recipient)).all()
            ways = [one.email for one in db.session.scalars(select(Reader)) if emails.way_to(one) is not None]
        assert queued == reached
        assert sorted(ways) == sorted([*reached, "off@example.org"])
        page = ask(owner_browser, "Send a welcome", "theirs@example.org")
        assert "No e-mail can be sent to them now." in page.text

    def test_a_large_send_says_how_long_it_takes_through_each_service(
        self, app, account, library, owner_browser, world
    ):
        slow = make_service(app, account, port=world.relay.port, name="Slow", tested_at=house_clock.now())
        with inside(app, account), unit_of_work():
            db.session.get_one(SmtpService, slow).messages_per_minute = 1
            email_settings.change(
                smtp_service_id=slow, when_stopped=WhenStopped.WAIT, welcome_hours=72, actor=Actor(None, "Olive")
            )
        library.reader("mine@example.org", access=[library.here])
        library.reader("theirs@example.org", access=[library.elsewhere])
        library.reader("all@example.org", reads_everything=True)
        text = ask(owner_browser, "Send a welcome", button="Continue with everybody").text
        assert "Through Own relay: 1 message, as fast as the server takes them." in text
        assert "Through Slow: 2 messages, about 2 min." in text
        assert "Left out" not in text

    def test_readers_of_others_are_added_and_said_to_be_without_a_way(self, app, account, library, owner_browser):
        form = owner_browser.open("/readers/new").form("Add Reader").fill("E-mail Address", "zoe@example.org")
        page = form.choose("These only").tick("Other").tick("Send a welcome e-mail now").press()
        assert page.messages == ["Reader zoe@example.org added."]
        assert welcomes(app, account) == []
        zoe = id_of(app, account, "zoe@example.org")
        assert "Nobody can send e-mail to readers now" in owner_browser.open(f"/readers/{zoe}").text
