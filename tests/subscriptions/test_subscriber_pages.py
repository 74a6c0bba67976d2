"""The page of subscribers: found by address, state and target, added with a note, removed for good, out as a file."""

import csv
import io
import uuid
from datetime import timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.demo import content
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.readers import operations as readers
from kbadmin.subscriptions import subscribing
from kbadmin.subscriptions.models import (
    KnowledgeBaseSubscriber,
    Source,
    SubscriptionRequest,
    SubscriptionSettings,
    Target,
)
from tests.databases import both_databases
from tests.factories import counting, inside
from tests.users.pages import actions

SOMEBODY = Actor(None, "somebody")
RITA, PAOLO = "reader@example.com", "paolo@partner.example.net"


@pytest.fixture
def made(app, account):
    """The demo's content, open to everybody, with subscriptions that are on and open to everybody."""
    with inside(app, account), unit_of_work():
        found = content.fill(actor=Actor(None, "test"), audience=Audience.PUBLIC)
        db.session.add(SubscriptionSettings(knowledge_base_id=found.knowledge_base, is_on=True, is_public=True))
        return found


@pytest.fixture
def path(made):
    return f"/knowledge-bases/{made.knowledge_base}/subscribers"


@pytest.fixture
def subscribe(app, account, made):
    """Make people subscribers, of everything or of the category of this name; answers the id of the last."""

    def put(*emails, category=None, note="asked by phone"):
        target = {"target": Target.KNOWLEDGE_BASE}
        if category:
            target = {"target": Target.CATEGORY, "category_id": made.categories[category]}
        with inside(app, account), unit_of_work():
            help_base = db.session.get_one(KnowledgeBase, made.knowledge_base)
            usual = {"source": Source.ADDED, "by": SOMEBODY, "note": note}
            return [subscribing.subscribe(help_base, email=email, **usual, **target).id for email in emails][-1]

    return put


def addresses(page):
    return [found.find(string=True).strip() for found in page.soup.select("th[data-label=Address]")]


@both_databases
def test_they_are_found_by_address_state_and_target(app, account, browser_as, made, path, subscribe):
    editor = browser_as("editor")
    assert "No subscriber yet" in editor.open(path).text
    subscribe(RITA)
    with counting(app) as few:
        editor.open(path)
    subscribe(PAOLO, category="Network")
    gone = subscribe("gone@example.org", category="Network")
    with inside(app, account), unit_of_work():
        db.session.get_one(KnowledgeBaseSubscriber, gone).unsubscribed_at = house_clock.now()
        values = {"email": "w@example.org", "email_key": "w@example.org", "target": Target.KNOWLEDGE_BASE}
        values |= {"token_fingerprint": "x", "expires_at": house_clock.now() + timedelta(days=1)}
        request = SubscriptionRequest(knowledge_base_id=made.knowledge_base, **values)
        db.session.add(request)
    with counting(app) as many:
        page = editor.open(path)
    assert many.total == few.total
    assert addresses(page) == ["gone@example.org", PAOLO, RITA]

    def found(**chosen):
        form = editor.open(path).form("Filter")
        for label, value in chosen.items():
            form.fill(label, value) if label == "Search" else form.select(label.replace("_", " "), value)
        return addresses(form.press())

    assert found(Search="PAO") == [PAOLO]
    assert found(State="Subscribed") == [PAOLO, RITA]
    assert found(State="Unsubscribed") == ["gone@example.org"]
    assert found(State="Waiting for confirmation") == ["w@example.org"]
    assert found(State="Subscribed", Subscribed_To="— Network") == [PAOLO]
    assert found(Subscribed_To="The whole knowledge base") == [RITA]
    assert found(Subscribed_To="A single article") == []


@both_databases
def test_the_list_says_to_whom_nothing_is_sent(app, account, owner_browser, made, path, subscribe):
    subscribe(RITA, PAOLO, "Refuses@example.org", "fine@example.org")
    with inside(app, account), unit_of_work():
        readers.disable(made.readers["Paolo"], actor=SOMEBODY)
        for address, since in (("refuses@example.org", house_clock.now()), ("fine@example.org", None)):
            db.session.add(SuppressedAddress(address=address, refusals=2, suppressed_at=since))
    with counting(app) as some:
        page = owner_browser.open(path)
    said = {
        row.th.find(string=True).strip(): row.td.find_next("td").get_text(" ") for row in page.soup.select("tbody tr")
    }
    assert "The address refuses mail: nothing is sent" in said["Refuses@example.org"]
    assert "The reader may not sign in: nothing is sent" in said[PAOLO]
    assert [address for address, words in said.items() if "nothing is sent" in words] == ["Refuses@example.org", PAOLO]
    subscribe(*(f"another-{number}@example.org" for number in range(20)))
    with counting(app) as many:
        owner_browser.open(path)
    assert many.total == some.total


def test_many_are_seen_once_on_the_way_down_and_up(app, account, owner_browser, path, subscribe):
    subscribe(*(f"somebody-{number}@example.org" for number in range(60)))
    first = owner_browser.open(path)
    second = first.click("Older")
    assert "60 people" in first.text
    assert len({*addresses(first), *addresses(second)}) == 60
    assert addresses(second.click("Newer")) == addresses(first)
    assert ("Newer" in first.links, "Older" in second.links) == (False, False)


@both_databases
def test_they_are_ordered_by_address_on_every_page_and_in_the_file(app, account, owner_browser, path, subscribe):
    people = sorted(f"{'zyxw'[n % 4]}{n:03}@example.org" for n in range(120))
    subscribe(*sorted(people, key=lambda one: one[::-1]), "Aenne@example.org")
    by_address = ["Aenne@example.org", *people]
    pages = [owner_browser.open(f"{path}?sort=address")]
    pages += [pages[0].click("Next"), pages[0].click("Next").click("Next")]
    assert [one for page in pages for one in addresses(page)] == by_address
    assert ("Previous" in pages[0].links, "Next" in pages[2].links) == (False, False)
    assert addresses(pages[2].click("Previous")) == addresses(pages[1])
    written = owner_browser.open(f"{path}/export?sort=address").response.get_data().decode()
    assert [row["E-mail Address"] for row in csv.DictReader(io.StringIO(written.lstrip("\ufeff")))] == by_address
    last = pages[1].soup.select("[name=subscriber]")[-1]["value"]
    with inside(app, account), unit_of_work():
        db.session.get_one(KnowledgeBaseSubscriber, uuid.UUID(last)).unsubscribed_at = house_clock.now()
    rest = owner_browser.open(f"{path}?sort=address&state=subscribed&after={last}")
    assert addresses(rest) == addresses(pages[2]), "who is not found any more still has a place"
    assert addresses(owner_browser.open(f"{path}?sort=address&after={uuid.uuid4()}")) == addresses(pages[0])
    assert addresses(owner_browser.open(f"{path}?sort=nonsense"))[0] == "Aenne@example.org", "the newest"


def test_all_of_a_page_are_ticked_by_a_link_and_those_who_have_left_are_not(owner_browser, path, subscribe):
    left = subscribe("zoe@example.org")
    owner_browser.open(f"{path}/remove?subscriber={left}").press("Remove")
    subscribe(*(f"somebody-{number:02}@example.org" for number in range(60)))
    page = owner_browser.open(f"{path}?sort=address").click("Next").click("Tick all on this page")
    assert len(addresses(page)) == 11
    assert len(page.soup.select("[name=subscriber][checked]")) == 10
    asked = page.form("Remove").press()
    assert asked.title == "Remove 10 Subscribers"
    assert asked.press("Remove").messages == ["10 subscribers removed."]
    assert not page.click("Untick all").soup.select("[name=subscriber][checked]")


def test_somebody_is_added_with_a_note_and_nobody_who_has_left_is_brought_back(
    app, account, owner_browser, path, subscribe
):
    page = owner_browser.open(path).click("Add Subscriber").form("Add Subscriber").press(status=422)
    assert len(page.errors) == 2
    form = (
        page.form("Add Subscriber").fill("E-mail Address", "New@Example.org").select("Subscribe To", "Getting started")
    )
    page = form.fill("How They Agreed", "At the fair, 3 March").press()
    assert page.messages == ["New@example.org is subscribed."]
    assert "Getting started" in page.text
    assert "At the fair, 3 March" in page.text
    form = page.soup.select_one("form[aria-label=Subscribers]")
    ticked = form.select_one("input[type=checkbox]")["value"]
    found = owner_browser.open(f"{path}?q=new&state=subscribed").soup.select("form[action$=remove] [type=hidden]")
    assert [(field["name"], field["value"]) for field in found] == [("q", "new"), ("state", "subscribed")]
    page = owner_browser.open(f"{path}/remove?subscriber={ticked}&q=new").press("Remove")
    assert page.path == f"{path}?q=new"
    assert page.messages == ["1 subscriber removed."]
    assert "Unsubscribed" in page.text
    form = owner_browser.open(f"{path}/new").form("Add Subscriber")
    page = form.fill("E-mail Address", "new@example.org").fill("How They Agreed", "again").press(status=422)
    assert page.errors == [
        "This person has unsubscribed. Only they can come back: by the portal, or by the link in an e-mail they got."
    ]
    assert actions(owner_browser)[:2] == ["Unsubscribed: New@example.org", "Subscribed: New@example.org"]
    assert "Tick at least one person" in owner_browser.open(f"{path}/remove").text


def test_a_bare_address_is_added_only_where_everybody_may_subscribe(app, account, owner_browser, made, path):
    with inside(app, account), unit_of_work():
        db.session.get_one(KnowledgeBase, made.knowledge_base).audience = Audience.READERS
    form = owner_browser.open(f"{path}/new").form("Add Subscriber").fill("How They Agreed", "by phone")
    page = form.fill("E-mail Address", "bare@example.org").press(status=422)
    assert page.errors[0].startswith("Nobody but readers can be told")
    page = page.form("Add Subscriber").fill("E-mail Address", RITA).press()
    assert page.messages == [f"{RITA} is subscribed."]


def test_the_list_as_a_file_holds_no_formula(app, account, owner_browser, path, subscribe):
    subscribe(RITA, note='=HYPERLINK("x")')
    subscribe(PAOLO, category="Network")
    response = owner_browser.client.get(f"{path}/export?q=rea")
    rows = list(csv.reader(io.StringIO(response.text)))
    assert response.mimetype == "text/csv"
    assert rows[0][:3] == ["E-mail Address", "State", "Subscribed To"]
    assert [row[0] for row in rows[1:]] == [RITA]
    assert rows[1][5] == '\'=HYPERLINK("x")'


@both_databases
def test_growth_says_who_joined_and_left_each_week(app, account, owner_browser, made, path, subscribe, clock):
    early, _ = subscribe("early@example.org"), subscribe("stays@example.org")
    clock.advance(days=8)
    subscribe("late@example.org")
    with inside(app, account), unit_of_work():
        db.session.get_one(KnowledgeBaseSubscriber, early).unsubscribed_at = house_clock.now()
    page = owner_browser.open(path).click("Growth")
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in page.soup.select("tbody tr")]
    assert rows[0] == ["2", "+1", "−1"]
    assert rows[1] == ["2", "+2", "0"]
    assert rows[2] == ["0", "0", "0"]


def test_subscribers_of_another_knowledge_base_are_not_touched(
    app, account, browser_as, owner_browser, path, subscribe
):
    mine = subscribe(RITA)
    other = f"/knowledge-bases/{uuid.uuid4()}/subscribers"
    owner_browser.open(f"{other}/remove?subscriber={mine}", status=404)
    browser_as("writer").open(path, status=403)


@both_databases
def test_a_file_is_checked_first_and_never_brings_back_who_has_left(
    app, account, owner_browser, path, subscribe, worker
):
    left = subscribe("left@example.org")
    owner_browser.open(f"{path}/remove?subscriber={left}").press("Remove")
    content = (
        "E-mail Address;Subscribed To;Note\r\n"
        f"{RITA};;\r\n"
        f"{PAOLO};network (without its subcategories)\r\n"
        "tess@example.org;Network,Nothing;\r\n"
        "left@example.org;;please\r\n"
        f"{RITA.upper()};;\r\n"
        "nobody;;\r\n"
    )
    form = owner_browser.open(path).click("Import").form("Check the File")
    page = form.press(status=422)
    assert len(page.errors) == 2
    form = page.form("Check the File").attach("File", content.encode(), "people.csv")
    page = form.fill("How They Agreed", "at the fair").press()
    assert "nobody has been subscribed yet" in page.text
    assert [row.get_text(" ", strip=True)[:1] for row in page.soup.select("tbody tr")] == ["4", "6", "7"]
    assert "There is no category Network,Nothing." in page.text
    assert "The same address stands in row 2." in page.text
    page = page.press("Subscribe 2 People")
    assert "Gone through: 4 of 6 rows" in page.text
    assert "So far 0 subscribed, 1 left alone" in page.text
    worker.drain()
    page = owner_browser.open(page.path)
    assert "What became of its 6 rows:" in page.text
    facts = {found.dt.get_text(): found.dd.get_text() for found in page.soup.select("dl.facts > div")}
    assert facts == {"Subscribed": "2", "Had unsubscribed, left alone": "1", "With a problem, left out": "3"}
    listed = owner_browser.open(f"{path}?state=subscribed")
    assert addresses(listed) == [PAOLO, RITA]
    assert "Network (without its subcategories)" in listed.text
    assert "at the fair" in listed.text
    assert actions(owner_browser)[0] == "Subscribers imported: Printer Help"
