"""Mail programs and scanners open every link of a message before its reader does: nothing may change by that."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from kbadmin import clock
from kbadmin.articles.models import Callout
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, SignUp
from kbadmin.paths import shipped
from kbadmin.readers import letting_in, passwords, welcomes
from kbadmin.readers.models import ReaderStatus
from kbadmin.subscriptions import planning
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Source
from tests.browser import HERE, Browser
from tests.delivery.mail_waiting import work
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.portal.library import Library, in_future
from tests.security.whole import oauth_service, stored
from tests.smtp.rows import change
from tests.subscriptions.helpers import subscribe, turn_on
from tests.users.pages import set_password

LINK = re.compile(r"https?://[^\s<>\"']+")
#: How the subject of each letter begins, by the folder of its words.
OF_SERVICES_AND_PASSWORDS = {
    "service_stopped": "Sending has stopped",
    "user_reset": "Set a new password for kbadmin",
    "reader_reset": "Set a new password for Acme",
    "smtp_test": "Test e-mail from",
    "user_invitation": "Invitation to Acme",
    "reader_password_changed": "Your password for Acme was changed",
    "reader_welcome": "Welcome to the knowledge base of Acme",
}
OF_STRANGERS_AND_SUBSCRIBERS = {
    "reader_sign_up": "Confirm your address for Help",
    "reader_known": "You have signed up with Acme before",
    "reader_let_in": "Acme has let you in",
    "confirm_subscription": "Confirm your subscription to Help",
    "digest": "What is new in Help",
    "password_changed": "Your kbadmin password was changed",
    "secret_expires": "The client secret of",
    "service_works_again": "Sending works again",
}
PAGES = {"invite", "set-password", "smtp", "kb/set-password", "kb/forgot-password", "kb/help"}
PUBLIC_PAGES = {
    "forgot-password", "kb/confirm", "kb/forgot-password", "kb/help", "kb/sign-in", "kb/subscriptions",
    "kb/unsubscribe", "smtp",
}  # fmt: skip


@pytest.fixture
def settings(settings, world):
    """The platform's own sender is the relay of this world."""
    return replace(settings, system_smtp_url=f"smtp://localhost:{world.relay.port}?from=kb@example.com")


def send_all(app, account, owner_browser, worker, world):
    """Letters of every kind, each by the deed that sends it; answers them as they arrived."""
    library = Library(app, account)
    library.knowledge_base("Help", audience=Audience.READERS)
    new, forgetful, changing = (library.reader(password_hash=None) for _ in range(3))
    service = make_service(app, account, port=world.relay.port, tested_at=clock.now())
    with inside(app, account), unit_of_work():
        welcomes.send_again([new.id], actor=Actor(None, "test"))
        link = passwords.hand_out_link(changing.id, lifetime=passwords.HANDED_OUT_LIFETIME)
    set_password(Browser(app).open(f"{library.home}/set-password/{link}"))
    owner_browser.open("/team/invite").form("Invite").fill("E-mail Address", "bob@example.com").choose("Writer").press()
    for door, email in ((library.home, forgetful.email), ("", account.owner.email)):
        Browser(app).open(f"{door}/forgot-password").form("Send link").fill("E-mail Address", email).press()
    owner_browser.open(f"/smtp/{service}/test-email").press("Send Email")
    work(worker, 2)
    with inside(app, account):
        change(service, paused_at=clock.now(), pause_reason="The password was refused.")
    work(worker, 3)
    return world.mailbox.messages(limit=100)


def test_opening_every_link_about_services_and_passwords_changes_nothing(app, account, owner_browser, worker, world):
    letters = send_all(app, account, owner_browser, worker, world)
    open_all(app, account, letters, OF_SERVICES_AND_PASSWORDS, PAGES)
    for letter in letters:
        for link in LINK.findall(letter.text):
            if "/set-password/" in link:
                assert Browser(app).open(link).title.startswith("Set a ")


def test_opening_every_link_to_strangers_and_subscribers_changes_nothing(app, account, owner_browser, worker, world):
    letters = send_to_strangers(app, account, owner_browser, worker, world)
    open_all(app, account, letters, OF_STRANGERS_AND_SUBSCRIBERS, PUBLIC_PAGES)


def test_no_kind_of_letter_is_forgotten():
    folders = {one.name for one in (shipped("templates") / "emails").iterdir() if one.is_dir()}
    assert folders == set(OF_SERVICES_AND_PASSWORDS) | set(OF_STRANGERS_AND_SUBSCRIBERS)


def send_to_strangers(app, account, owner_browser, worker, world):
    """Letters to people who sign up or subscribe, of a digest, and what owners hear of a service."""
    library = Library(app, account)
    service = make_service(app, account, port=world.relay.port, tested_at=clock.now())
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC, sign_up=SignUp.APPROVAL)
    library.article(kb, "Bulbs", callout=Callout.NEW, callout_at=clock.now(), callout_until=in_future(days=7))
    turn_on(library, kb, is_public=True, smtp_service_id=service)
    known, waits = library.reader(), library.reader(status=ReaderStatus.PENDING)
    subscribe(library, kb, email="ann@example.com", source=Source.PUBLIC)
    with inside(app, account), unit_of_work():
        db.session.scalar(select(KnowledgeBaseSubscriber)).told_until_at = in_future(days=-1)
        oauth = oauth_service()
        oauth.secret_expires_on = in_future(days=5).date()
        db.session.add(oauth)
    for email in (known.email, "nina@example.com"):
        form = Browser(app).open(f"{library.home}/help/sign-up").form("Sign up")
        form.fill("E-mail Address", email).fill("First Name", "Nina").press()
    form = Browser(app).open(f"{library.home}/help/subscribe").form("Subscribe")
    form.fill("E-mail Address", "bob@example.com").press()
    with inside(app, account), unit_of_work():
        letting_in.let_in(waits.id, actor=Actor(None, "test"))
        planning.begin_by_hand(kb, actor=Actor(None, "test"))
    page = owner_browser.open("/profile/password")
    page.form("Change password").fill("Current Password", account.owner.password)
    set_password(page, button="Change password")
    work(worker, 4)
    with inside(app, account):
        change(service, paused_at=clock.now(), pause_reason="The password was refused.")
    work(worker, 2)
    with inside(app, account):
        change(service, paused_at=None, pause_reason=None, last_accepted_at=in_future(seconds=1))
    work(worker, 3)
    return world.mailbox.messages(limit=100)


def open_all(app, account, letters, subjects, pages):
    """Open every link as scanners do, those of the headers too; nothing is changed by it."""
    arrived = [one.subject for one in letters]
    missing = {begin for begin in subjects.values() if not any(subject.startswith(begin) for subject in arrived)}
    assert missing == set(), arrived
    texts = (f"{one.text} {one.html} {unsubscribing(one)}" for one in letters)
    links = {link.rstrip(".,)") for text in texts for link in LINK.findall(text)}
    ours = sorted(link for link in links if link.startswith(HERE))
    assert {page_of(link, account) for link in ours} == pages
    before = stored(app)
    for link in ours:
        for method in ("HEAD", "GET", "GET"):
            scanner = app.test_client()
            response = scanner.open(link.removeprefix(HERE), method=method, base_url=HERE, follow_redirects=True)
            assert response.status_code == 200, f"{method} {link}"
    assert stored(app) == before


def unsubscribing(letter):
    """What a mail program finds in the headers."""
    return message_from_bytes(letter.raw, policy=default).get("List-Unsubscribe", "")


def page_of(link, account):
    """The first word of a link's path; in the portal, the one behind the account's."""
    words = link.removeprefix(HERE).replace(f"/{account.slug}/", "/").strip("/").split("/")
    return "/".join(words[:2]) if words[0] == "kb" else words[0]
