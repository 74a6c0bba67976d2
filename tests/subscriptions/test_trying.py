"""Before readers get anything: the next digest on the screen for a chosen reader, and a sample to one's own address."""

import pytest

from kbadmin import clock as house_clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.demo import content
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers.models import Reader
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from tests.factories import inside
from tests.smtp.conftest import _world, world
from tests.subscriptions.editing import service, settings, stored

__all__ = ["_world", "service", "settings", "world"]

PAOLO = "paolo@partner.example.net"


@pytest.fixture
def made(app, account):
    with inside(app, account), unit_of_work():
        return content.fill(actor=Actor(None, "test"), audience=Audience.READERS)


@pytest.fixture
def path(made):
    return f"/knowledge-bases/{made.knowledge_base}/settings/subscriptions"


def test_a_preview_shows_what_a_reader_may_open_and_nothing_else(app, account, browser_as, path):
    editor = browser_as("editor")
    page = editor.open(f"{path}/preview")
    assert page.messages == ["Save the schedule and the subject first, then look at the digest."]
    page.form("Save").fill("Introduction", "Hello {{first_name}}, **news**:").press()
    page = editor.open(path).click("Preview")
    assert "A reader who is in no group" in page.text
    assert "What is new in Printer Help" in page.text
    text = page.click("Text").text
    assert "Connect to Wi-Fi" in text
    assert "Price list" not in text
    page = page.form("Show").fill("E-mail address of a reader or subscriber", PAOLO).press()
    frame = page.soup.select_one("iframe")
    assert 'sandbox=""' in str(frame)
    assert "frame-src 'self'" in page.response.headers["Content-Security-Policy"]
    body = editor.client.get(frame["src"])
    assert "Price list" in body.text
    assert "Hello Paolo, <strong>news</strong>" in body.text
    policy = body.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("; sandbox")
    page = page.form("Show").fill("E-mail address of a reader or subscriber", "nobody@example.org").press(status=422)
    assert "Neither a reader nor a subscriber has this address." in page.text


def test_a_preview_names_who_has_no_name_by_their_address(app, account, owner_browser, path, made):
    owner_browser.open(path).form("Save").fill("Introduction", "Hello {{first_name}},").press()
    with inside(app, account), unit_of_work():
        db.session.get_one(KnowledgeBase, made.knowledge_base).audience = Audience.PUBLIC
        db.session.get_one(Reader, made.readers["Rita"]).first_name = ""
    assert "Hello robin@example.com," in owner_browser.open(f"{path}/preview?view=text").text
    assert "Hello reader@example.com," in owner_browser.open(f"{path}/preview?view=text&reader=reader@example.com").text


def test_a_sample_goes_to_whoever_asks_and_counts_as_a_test(app, account, owner_browser, path, service, worker, world):
    page = owner_browser.open(path).form("Save").select("Custom SMTP", "Company relay").press()
    page = page.press("Send Me a Sample")
    assert "Sending…" in page.text
    worker.drain()
    assert "Test e-mail accepted by the server" in owner_browser.open(page.path).text
    (mail,) = world.mailbox.messages()
    assert (mail.subject, *mail.recipients) == ("Sample: What is new in Printer Help", account.owner.email)
    assert "Connect to Wi-Fi" in mail.text
    assert stored(app, account).tested_service_id == service
    with inside(app, account):
        assert db.session.query(OutboxMessage).one().knowledge_base_id == stored(app, account).knowledge_base_id


def test_without_anything_new_other_articles_stand_in(app, account, owner_browser, path, made):
    owner_browser.open(path).press("Save")
    now = house_clock.now()
    with inside(app, account), unit_of_work():
        values = {"kind": RunKind.BY_HAND, "stage": RunStage.EMPTY, "slot": "x", "due_at": now, "until_at": now}
        db.session.add(DigestRun(knowledge_base_id=made.knowledge_base, **values))
    page = owner_browser.open(f"{path}/preview?view=text")
    assert "Nothing is new for them" in page.text
    assert "Return a printer" in page.text
