"""A digest’s way: an editor sets it up, readers subscribe, a writer publishes; each hears once of what is theirs."""

import re
import urllib.request
from email import message_from_bytes
from email.policy import default

import pytest
from playwright.sync_api import expect

from kbadmin import clock as house_clock
from kbadmin.articles.models import ArticleStatus
from kbadmin.knowledge_bases.models import Audience
from tests.databases import both_databases_in_a_browser
from tests.delivery.outbox import make_service
from tests.factories import add_person
from tests.journeys.visitor import Visitor
from tests.portal.library import Library, Made
from tests.world import World

pytestmark = pytest.mark.browser

NEWS, CODES, LATER = "Longer battery life", "Service codes", "Quieter fans"


@pytest.fixture
def library(app, account):
    """A knowledge base for readers, with a shelf for all of them and one for technicians."""
    library = Library(app, account)
    library.kb = library.knowledge_base("Help", audience=Audience.READERS)
    shelf = library.category(library.kb, "News")
    technicians = library.group("Technicians")
    closed = library.category(library.kb, "For Technicians", groups=[technicians])
    library.drafts = {
        title: library.article(library.kb, title, category=category, status=ArticleStatus.DRAFT)
        for title, category in ((NEWS, shelf), (CODES, closed), (LATER, shelf))
    }
    library.rita = library.reader("rita@example.org")
    library.tom = library.reader("tom@example.org", groups=[technicians])
    return library


def set_up(editor: Visitor, library: Library) -> None:
    """Choose a service by its name, look, test, turn on; without a look at SMTP settings."""
    path = f"/knowledge-bases/{library.kb}/settings/subscriptions"
    assert editor.page.request.get(f"{editor.base_url}/smtp").status == 403
    editor.open(path).expect_title("Subscriptions of Help")
    editor.field("Custom SMTP").select_option(label="Company relay")
    editor.fill(Subject="New in {{knowledge_base}}: {{count}}", Introduction="Hello {{first_name}},").press("Save")
    editor.follow("Preview").expect_title("Preview of the next digest").expect_text("New in Help")
    editor.open(path).follow("Send Test Email").press("Send Email").expect_text("Test e-mail accepted by the server")
    editor.open(path).press("Turn On").expect_text("Next digest:")


def subscribe(reader: Visitor, library: Library, who: Made, page: str, button: str) -> None:
    reader.open(f"{library.home}/help{page}").expect_title("Sign in")
    reader.fill(**{"E-mail Address": who.email, "Password": who.password}).press("Sign in")
    reader.press(button)
    expect(reader.page.locator("#main")).to_contain_text("You are subscribed")


def publish(writer: Visitor, library: Library, *titles: str) -> None:
    for title in titles:
        writer.open(f"/knowledge-bases/{library.kb}/articles/{library.drafts[title]}/publish")
        writer.choose("Now").choose("New").fill(**{"What Is New": f"Read about {title}."}).press("Publish")
        writer.expect_title(title)


def letters_to(world: World, who: Made):
    """The digests that reached this reader, the oldest first."""
    found = [message_from_bytes(one.raw, policy=default) for one in world.mailbox.messages(limit=100)]
    return [one for one in reversed(found) if one["To"] == who.email and one["List-Id"]]


def bodies(letter) -> tuple[str, str]:
    return letter.get_body(("plain",)).get_content(), letter.get_body(("html",)).get_content()


def one_click(letter) -> int:
    """What a mail program does that knows RFC 8058: one POST, without cookies."""
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch(r"<(http://localhost:\d+/kb/\S+/unsubscribe/\S+)>", letter["List-Unsubscribe"])[1]
    request = urllib.request.Request(address, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.status


@both_databases_in_a_browser
def test_each_subscriber_hears_once_of_what_they_may_read(library, app, account, new_visitor, world, clock):
    make_service(app, account, port=world.relay.port, name="Company relay", tested_at=house_clock.now())
    editor, writer = (add_person(app, account, role) for role in ("editor", "writer"))
    set_up(new_visitor().sign_in(editor), library)
    rita, tom = new_visitor(), new_visitor()
    subscribe(rita, library, library.rita, "/categories/news", "Subscribe to this category")
    subscribe(tom, library, library.tom, "", "Subscribe to this knowledge base")
    clock.advance(minutes=5)
    publish(new_visitor().sign_in(writer), library, NEWS, CODES)

    clock.advance(days=1)
    rita.wait_until(lambda: all(letters_to(world, one) for one in (library.rita, library.tom)), "A digest is missing.")
    [to_rita], [to_tom] = letters_to(world, library.rita), letters_to(world, library.tom)
    assert (to_rita["Subject"], to_tom["Subject"]) == ("New in Help: 1", "New in Help: 2")
    for part in bodies(to_rita):
        assert NEWS in part
        assert f"Read about {NEWS}." in part
        assert CODES not in part
    for part in bodies(to_tom):
        assert NEWS in part
        assert CODES in part

    assert one_click(to_rita) == 200
    clock.advance(minutes=5)
    publish(new_visitor().sign_in(writer), library, LATER)  # Nobody is signed in for a day without doing anything.
    clock.advance(days=1)
    tom.wait_until(lambda: len(letters_to(world, library.tom)) == 2, "The second digest is missing.")
    for part in bodies(letters_to(world, library.tom)[1]):
        assert LATER in part
        assert NEWS not in part
    clock.advance(days=1)
    onlooker = new_visitor().sign_in(editor).open(f"/knowledge-bases/{library.kb}/digests")
    onlooker.wait_until(lambda: bool(onlooker.page.reload()) and "Nothing new" in onlooker.page.content(), "No third.")
    assert (len(letters_to(world, library.rita)), len(letters_to(world, library.tom))) == (1, 2)
