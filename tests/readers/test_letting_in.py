"""Those who signed up: shown to whoever manages readers, let in with a letter, refused without one."""

import dataclasses

import pytest

from kbadmin.outbox.models import Kind
from kbadmin.readers import operations
from kbadmin.readers.models import ReaderStatus
from tests.databases import both_databases
from tests.factories import inside
from tests.portal.library import Library
from tests.portal.test_passwords import SENDER, mails
from tests.readers.people import OLIVE, add, names, row_of
from tests.readers.test_bulk import FOUND, ask
from tests.users.pages import actions


@pytest.fixture
def app(settings, make_app):
    """An installation whose platform can send mail."""
    return make_app(dataclasses.replace(settings, system_smtp_url=SENDER))


@pytest.fixture
def library(app, account):
    return Library(app, account)


@pytest.fixture
def waiting(library):
    """Two who signed up for one knowledge base, and somebody who reads already."""
    kb = library.knowledge_base("Help")
    library.reader("rita@example.com", first_name="Rita")
    return [
        library.reader(f"{name.lower()}@example.com", first_name=name, access=[kb], status=ReaderStatus.PENDING).id
        for name in ("Nina", "Nora")
    ]


@both_databases
def test_who_waits_is_shown_and_let_in_or_refused(app, account, library, owner_browser, waiting):
    page = owner_browser.open("/notices")
    assert "2 readers wait" in page.text
    page = page.click("Show them for Sign-up")
    assert names(page) == ["Nina", "Nora"]
    assert "2 readers wait to be let in." not in page.text  # One looks at them already.
    page = owner_browser.open("/readers")
    assert "2 readers wait to be let in." in page.text
    page = page.click("Show them").click("Nina").click("Let In")
    assert page.press("Let In").messages == ["Nina is let in."]
    [(kind, recipient, text)] = mails(library)
    assert (kind, recipient) == (Kind.WELCOME, "nina@example.com")
    assert f"http://localhost{library.home}/help" in text
    page = owner_browser.open(f"/readers/{waiting[1]}").click("Refuse")
    assert "They are told nothing." in page.text
    page = page.press("Refuse")
    assert page.path == "/readers"
    assert row_of(app, account, waiting[1]).deleted_at is not None
    assert len(mails(library)) == 1
    assert "to be let in." not in page.text
    assert "Sign-up" not in owner_browser.open("/notices").text
    assert actions(owner_browser)[:2] == ["Reader refused: a deleted reader", "Reader let in: Nina"]


@both_databases
def test_many_are_let_in_or_refused_at_once_and_only_those_who_wait(app, account, library, owner_browser, waiting):
    off = add(app, account, "off@example.org", "Otto", status="disabled")
    page = ask(owner_browser, "Enable", button="Continue with everybody").press("Enable")
    assert row_of(app, account, waiting[0]).status == ReaderStatus.PENDING
    assert row_of(app, account, off).status == ReaderStatus.ACTIVE
    page = ask(owner_browser, "Let in", "Nina", "Rita")
    assert "1 reader" in page.text
    assert page.press("Let In").messages == ["1 reader let in."]
    page = ask(owner_browser, "Refuse", path="/readers?q=n", button=FOUND)
    assert page.press("Refuse").messages == ["1 reader refused."]
    assert row_of(app, account, waiting[1]).deleted_at is not None
    assert row_of(app, account, waiting[0]).status == ReaderStatus.ACTIVE
    assert [mail[1] for mail in mails(library)] == ["nina@example.com"]
    assert "Nobody of them waits" in ask(owner_browser, "Refuse", "Rita").text


@both_databases
def test_nobody_is_let_in_by_being_disabled_and_enabled(app, account, library, owner_browser, waiting):
    page = owner_browser.open(f"/readers/{waiting[0]}/disable")
    assert page.messages == ["Nina waits to be let in. Let them in, or refuse them."]
    with inside(app, account), pytest.raises(LookupError):
        operations.disable(waiting[0], actor=OLIVE)
    page = ask(owner_browser, "Disable", button="Continue with everybody")
    assert "1 reader" in page.text
    assert "Whoever waits to be let in goes on waiting" in page.text
    assert page.press("Disable").messages == ["1 reader disabled."]
    page = ask(owner_browser, "Enable", button="Continue with everybody")
    assert page.press("Enable").messages == ["1 reader enabled."]
    assert [row_of(app, account, one).status for one in waiting] == [ReaderStatus.PENDING] * 2
    assert "Nobody of them is disabled." in ask(owner_browser, "Enable", "Nina").text
    assert mails(library) == []


def test_whoever_has_no_password_is_welcomed_instead(library, owner_browser):
    reader = library.reader("paul@example.com", status=ReaderStatus.PENDING, password_hash=None)
    owner_browser.open(f"/readers/{reader.id}/let-in").press("Let In")
    assert "/set-password/" in mails(library)[0][2]


def test_only_whoever_manages_readers_hears_of_them(library, waiting, browser_as):
    assert "readers wait" in browser_as("none", manages_readers=True).open("/notices").text
    assert "readers wait" not in browser_as("editor", manages_smtp=True).open("/notices").text
