"""Mail programs and scanners open every link of a message before its reader does: nothing may change by that."""

import re
from dataclasses import replace

import pytest

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import unit_of_work
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers import passwords, welcomes
from tests.browser import HERE, Browser
from tests.delivery.mail_waiting import work
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.portal.library import Library
from tests.security.whole import stored
from tests.smtp.rows import change
from tests.users.pages import set_password

LINK = re.compile(r"https?://[^\s<>\"']+")
LETTERS = {
    "Sending has stopped", "Set a new password for kbadmin", "Set a new password for Acme", "Test e-mail from",
    "Invitation to Acme", "Your password for Acme was changed", "Welcome to the knowledge base of Acme",
}  # fmt: skip
PAGES = {"invite", "set-password", "smtp", "kb/set-password", "kb/forgot-password", "kb/help"}


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


def test_opening_every_link_of_every_letter_changes_nothing(app, account, owner_browser, worker, world):
    letters = send_all(app, account, owner_browser, worker, world)
    assert all(any(one.subject.startswith(begin) for one in letters) for begin in LETTERS)
    links = {link.rstrip(".,)") for one in letters for link in LINK.findall(one.text + one.html)}
    ours = sorted(link for link in links if link.startswith(HERE))
    assert {page_of(link, account) for link in ours} == PAGES
    before = stored(app)
    for link in ours:
        for method in ("HEAD", "GET", "GET"):
            scanner = app.test_client()
            response = scanner.open(link.removeprefix(HERE), method=method, base_url=HERE, follow_redirects=True)
            assert response.status_code == 200, f"{method} {link}"
    assert stored(app) == before
    for letter in letters:
        for link in LINK.findall(letter.text):
            if "/set-password/" in link:
                assert Browser(app).open(link).title.startswith("Set a ")


def page_of(link, account):
    """The first word of a link's path; in the portal, the one behind the account's."""
    words = link.removeprefix(HERE).replace(f"/{account.slug}/", "/").strip("/").split("/")
    return "/".join(words[:2]) if words[0] == "kb" else words[0]
