"""A reader's way, beginning with the owner who chooses the service that welcomes them. Nothing is patched."""

import re

import pytest
from playwright.sync_api import expect

from kbadmin.knowledge_bases.models import Audience
from tests.databases import both_databases_in_a_browser
from tests.journeys.test_smtp_services import create_oauth2
from tests.journeys.visitor import Visitor
from tests.portal.library import Library
from tests.world import MAILBOX, World

pytestmark = pytest.mark.browser

RITA = "rita@example.org"
FIRST, SECOND = "seven purple walruses sing", "twelve quiet lanterns float"


@pytest.fixture
def library(app, account):
    """A knowledge base for readers, with a shelf for each of two groups."""
    library = Library(app, account)
    kb = library.knowledge_base("Help", audience=Audience.READERS)
    for group, title in (("Partners", "Price list"), ("Technicians", "Service codes")):
        shelf = library.category(kb, f"For {group}", groups=[library.group(group)])
        library.article(kb, title, category=shelf)
    return library


def choose_service(owner: Visitor, world: World) -> None:
    """Authorize a service at Microsoft, then choose it for reader e-mails."""
    create_oauth2(owner, world).press("Authorize").consent().expect_text("Authorization successful")
    owner.page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Readers").click()
    owner.expect_title("Readers").page.get_by_role("link", name="Settings", exact=True).click()
    option = owner.field("Custom SMTP").locator("option", has_text="Microsoft mail").inner_text()
    owner.field("Custom SMTP").select_option(option)
    owner.press("Save").expect_text("Reader e-mail settings saved.")


def add_reader(owner: Visitor) -> None:
    owner.open("/readers/new").fill(**{"E-mail Address": RITA, "First Name": "Rita"})
    owner.page.get_by_label("Partners").check()
    owner.page.get_by_label("Send a welcome e-mail now").check()
    owner.press("Add Reader").expect_text("Reader Rita added.")


def link_in_letter(visitor: Visitor, world: World, subject: str) -> str:
    """The link of the one letter that begins so, which must have come from the service's own mailbox."""

    def letters():
        return [one for one in world.mailbox.messages(limit=100) if one.subject.startswith(subject)]

    visitor.wait_until(lambda: bool(letters()), f"Nobody wrote: {subject}")
    [letter] = letters()
    assert (letter.mail_from, letter.recipients) == (MAILBOX, (RITA,))
    assert FIRST not in letter.raw.decode()
    return re.search(r"http://localhost:\d+/kb/\S+/set-password/\S+", letter.text)[0]


def set_password(reader: Visitor, link: str, password: str) -> None:
    reader.open(link).expect_title("Set a password")
    assert link.rpartition("/")[2] not in reader.page.url
    reader.fill(**{"New Password": password, "Repeat New Password": password}).press("Set password")
    reader.expect_title("Help")


def expect_own_group_only(reader: Visitor, home: str) -> None:
    """By list, page, search, address and guess."""
    shelves = reader.page.get_by_role("navigation", name="Categories")
    expect(shelves).to_contain_text("For Partners")
    expect(reader.page.locator("body")).not_to_contain_text("Technicians")
    shelves.get_by_role("link", name=re.compile("For Partners")).click()
    reader.follow("Price list").expect_title("Price list").expect_text("Text of Price list.")
    for word, found in (("price", True), ("service", False)):
        reader.page.get_by_role("searchbox").fill(word)
        reader.press("Search")
        expect(reader.page.locator("#main").get_by_role("link", name="Price list")).to_have_count(int(found))
        expect(reader.page.locator("#main")).not_to_contain_text("Service codes")
    for path in ("articles/service-codes", "categories/for-technicians", "articles/no-such-thing"):
        reader.open(f"{home}/{path}").expect_title("There is no such page")
        expect(reader.page.locator("body")).not_to_contain_text("Technicians")


@both_databases_in_a_browser
def test_a_reader_is_welcomed_reads_what_is_theirs_and_resets_a_password_once(library, owner, new_visitor, world):
    choose_service(owner, world)
    add_reader(owner)
    reader, home = new_visitor(), f"{library.home}/help"

    reader.open(home).expect_title("Sign in")
    set_password(reader, link_in_letter(reader, world, "Welcome to the knowledge base"), FIRST)
    expect_own_group_only(reader, home)

    other = new_visitor()
    other.open(f"{library.home}/sign-in").follow("Forgot your password?").fill(**{"E-mail Address": RITA})
    other.press("Send link").expect_title("Look into your mailbox")
    link = link_in_letter(other, world, "Set a new password for")
    set_password(other, link, SECOND)

    reader.open(home).expect_title("Sign in")
    reader.open(link).expect_title("This link no longer works")
    reader.open(f"{library.home}/sign-in").fill(**{"E-mail Address": RITA, "Password": FIRST}).press("Sign in")
    reader.expect_text("do not belong together")
    reader.fill(Password=SECOND).press("Sign in").expect_title("Help")
    other.wait_until(lambda: len(world.mailbox.messages()) == 4, "Two notices of changed passwords are missing.")
