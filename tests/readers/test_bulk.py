"""What is done to many readers: asked first, done to whom was meant, and to nobody else."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from kbadmin.database import db, unit_of_work
from kbadmin.links import OneTimeLink
from kbadmin.readers import passwords
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.listing import Wanted
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember
from tests.databases import both_databases
from tests.factories import inside, open_account
from tests.readers.people import add, add_group, add_many, names, row_of, sessions, sign_in
from tests.users.pages import actions

TICKED, FOUND, EVERYBODY = "Continue with those ticked", "Continue with all that are found", "Continue with everybody"


def ask(browser, deed, *ticked, path="/readers", button=TICKED):
    form = browser.open(path).form(button).select("With several readers", deed)
    for label in ticked:
        form.tick(f"Choose {label}")
    return form.press()


def statuses(app, account):
    with inside(app, account):
        return dict(map(tuple, db.session.execute(select(Reader.status, func.count()).group_by(Reader.status))))


def members(app, account):
    with inside(app, account):
        query = select(Reader.first_name).join(ReaderGroupMember, ReaderGroupMember.reader_id == Reader.id)
        return sorted(db.session.scalars(query))


@pytest.fixture
def three(app, account):
    return [add(app, account, first=name) for name in ("Anna", "Bert", "Carl")]


@both_databases
def test_those_ticked_are_put_into_a_group_and_out_again(app, account, owner_browser, three):
    add_group(app, account, "Partners")
    page = ask(owner_browser, "Add to a group", "Anna", "Carl")
    assert page.title == "Add Readers to a Group"
    assert "2 readers" in page.text
    page = page.form("Add to the group").select("Group", "Partners").press()
    assert page.messages == ["2 readers added to the group."]
    assert members(app, account) == ["Anna", "Carl"]
    ask(owner_browser, "Add to a group", "Anna", "Bert").press("Add to the group")  # Anna is in it already.
    assert members(app, account) == ["Anna", "Bert", "Carl"]
    page = ask(owner_browser, "Remove from a group", "Bert").press("Remove from the group")
    assert page.messages == ["1 reader removed from the group."]
    assert members(app, account) == ["Anna", "Carl"]
    assert actions(owner_browser)[0] == "Readers removed from a group"
    assert "target: Partners" in owner_browser.open("/audit-log").text


@both_databases
def test_access_is_given_and_taken(app, account, owner_browser, three, make_knowledge_base):
    first, second = make_knowledge_base("First"), make_knowledge_base("Second")
    ask(owner_browser, "Take access to a knowledge base", "Anna").form("Take access").select(
        "Knowledge Base", "First"
    ).press()
    with inside(app, account):
        assert list(db.session.scalars(select(ReaderAccess.knowledge_base_id))) == [second]
    assert not row_of(app, account, three[0]).reads_everything
    assert row_of(app, account, three[1]).reads_everything
    form = ask(owner_browser, "Give access to a knowledge base", "Anna", "Bert").form("Give access")
    form.select("Knowledge Base", "First").press()
    with inside(app, account):
        assert set(db.session.scalars(select(ReaderAccess.knowledge_base_id))) == {first, second}
        assert set(db.session.scalars(select(ReaderAccess.reader_id))) == {three[0]}
    form = ask(owner_browser, "Give access to a knowledge base", "Anna").form("Give access")
    form.select("Knowledge Base", "All knowledge bases, also later ones").press()
    with inside(app, account):
        assert db.session.scalars(select(ReaderAccess)).all() == []
    assert row_of(app, account, three[0]).reads_everything


@both_databases
def test_readers_are_disabled_and_enabled(app, account, owner_browser, three):
    for one in three:
        sign_in(app, account, one)
    page = ask(owner_browser, "Disable", "Anna", "Bert").press("Disable")
    assert page.messages == ["2 readers disabled."]
    assert statuses(app, account) == {"active": 1, "disabled": 2}
    assert sessions(app) == 1
    ask(owner_browser, "Enable", path="/readers?status=disabled", button=FOUND).press("Enable")
    assert statuses(app, account) == {"active": 3}


@both_databases
@pytest.mark.parametrize("deed", ["Disable", "Delete"])
def test_the_links_they_were_sent_end_for_good(app, account, owner_browser, three, deed):
    with inside(app, account), unit_of_work():
        tokens = [passwords.hand_out_link(one, lifetime=timedelta(hours=72)) for one in three]
    ask(owner_browser, deed, "Anna", "Bert").press(deed)
    if deed == "Disable":
        ask(owner_browser, "Enable", path="/readers?status=disabled", button=FOUND).press("Enable")
    with inside(app, account):
        assert [passwords.find_link(token) is not None for token in tokens] == [False, False, True]
        assert len(db.session.scalars(select(OneTimeLink)).all()) == 1


@both_databases
def test_all_that_are_found_are_deleted_in_the_background_and_nobody_else(app, account, owner_browser, worker):
    add_many(app, account, 600)
    stays = add(app, account, "anna@example.org", "Anna")
    page = ask(owner_browser, "Delete", path="/readers?q=example.net", button=FOUND)
    assert "600 readers (as the list stands now)" in page.text
    add(app, account, "late@example.net", "Late")  # Not there when the question was asked.
    page = page.press("Delete")
    assert page.messages == ["250 readers deleted. The other 350 follow in the background, some at a time."]
    assert worker.drain() == 2
    assert names(owner_browser.open("/readers")) == ["Anna", "Late"]
    assert row_of(app, account, stays).email == "anna@example.org"
    told = owner_browser.open("/audit-log").text
    assert "number: more than 250" in told
    assert "search: not kept" in told  # It might have been a name.
    assert "example.net" not in told


def test_nobody_ticked_is_said_and_nothing_done(owner_browser, three):
    page = ask(owner_browser, "Delete")
    assert page.messages == ["Tick at least one reader first, or choose all that are found."]


def test_everybody_can_be_meant(app, account, owner_browser, three):
    page = ask(owner_browser, "Disable", button=EVERYBODY)
    assert "3 readers" in page.text
    page.press("Disable")
    assert statuses(app, account) == {"disabled": 3}


def test_without_a_group_there_is_nothing_to_choose_from(owner_browser, three):
    assert "There is no group yet. Create one first." in ask(owner_browser, "Add to a group", "Anna").text


def test_a_group_that_went_meanwhile_is_asked_for_again(app, account, owner_browser, three):
    group = add_group(app, account, "Partners")
    page = ask(owner_browser, "Add to a group", "Anna")
    owner_browser.open(f"/readers/groups/{group}/delete").press("Delete")
    page = page.press("Add to the group", status=422)
    assert members(app, account) == []


@pytest.mark.parametrize(
    "path", ["?deed=explode", "?deed=delete&status=sleepy&whom=found", "?deed=delete&reader=x", ""]
)
def test_an_order_that_cannot_be_read_is_refused(owner_browser, three, path):
    owner_browser.open(f"/readers/bulk{path}", status=400)


def test_asking_changes_nothing(app, account, owner_browser, three):
    ask(owner_browser, "Delete", "Anna")
    assert statuses(app, account) == {"active": 3}


@both_databases
def test_the_readers_of_another_account_are_out_of_reach(app, account, owner_browser, three):
    globex = open_account(app, "Globex")
    foreign = add(app, globex, first="Gina")
    group = add_group(app, globex, "Theirs")
    owner_browser.open(f"/readers/bulk?deed=delete&whom=ticked&reader={foreign}").text.index("Nothing to do")
    ask(owner_browser, "Delete", button=EVERYBODY).press("Delete")
    assert row_of(app, globex, foreign).first_name == "Gina"
    assert statuses(app, globex) == {"active": 1}
    add_group(app, account, "Ours")
    own = add(app, account, first="Otto")
    page = owner_browser.open(f"/readers/bulk?deed=add-to-group&whom=ticked&reader={own}")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    owner_browser.post(page.path, {"csrf_token": token, "target": str(group)}, status=422)
    assert members(app, account) == []


def test_an_order_survives_its_journey_through_the_queue(app):
    order = Order(Deed.DELETE, Wanted(text="é", never_signed_in=True), uuid.uuid4(), target="x")
    assert Order.from_json(order.as_json()) == order
