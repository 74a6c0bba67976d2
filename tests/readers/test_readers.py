"""One reader on their pages: added, changed, disabled, enabled, deleted, by those who may."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.links import OneTimeLink, Purpose, hand_out
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.readers import operations
from kbadmin.readers.models import ReaderAccess, ReaderGroupMember, ReaderStatus
from tests.databases import both_databases
from tests.delivery.log_rows import put
from tests.factories import add_person, inside, open_account, signed_in
from tests.readers.people import OLIVE, add, add_group, names, row_of, sessions, sign_in
from tests.users.pages import actions


@both_databases
def test_the_first_reader_is_added_from_home(app, account, owner_browser, knowledge_base):
    page = owner_browser.open("/").click("Add a reader")
    assert page.title == "Add Reader"
    form = page.form("Add Reader").fill("E-mail Address", "Rita@EXAMPLE.org").fill("First Name", "Rita")
    page = form.fill("Last Name", "Reader").choose("These only").tick("Customer Help").press()
    assert page.messages == ["Reader Rita Reader added."]
    assert names(page) == ["Rita Reader"]
    assert "Rita@example.org" in page.text
    assert "Customer Help" in page.text
    assert actions(owner_browser)[0] == "Reader created: Rita Reader"
    assert "There is somebody to read." in owner_browser.open("/").text


def test_an_empty_list_says_what_readers_are(owner_browser):
    page = owner_browser.open("/readers")
    assert "No reader yet" in page.text
    assert page.click("Add Reader").title == "Add Reader"


@pytest.mark.parametrize(("role", "grants"), [("editor", {}), ("writer", {}), ("none", {"manages_smtp": True})])
def test_only_who_manages_readers_sees_them(browser_as, role, grants):
    browser = browser_as(role, **grants)
    for path in ("/readers", "/readers/new", "/readers/groups", "/readers/fields", "/readers/export"):
        browser.open(path, status=403)
    assert "Readers" not in browser.open("/").links


def test_whoever_was_granted_it_manages_readers(browser_as):
    assert browser_as("none", manages_readers=True).open("/").click("Readers").title == "Readers"


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "Enter the e-mail address of the reader."),
        ("rita", "Enter an e-mail address such as support@example.com."),
        ("a@example.com, b@example.com", "Enter one address only."),
    ],
)
def test_a_bad_address_comes_back_with_a_way_out(owner_browser, typed, error):
    form = (
        owner_browser.open("/readers/new").form("Add Reader").fill("E-mail Address", typed).fill("First Name", "Rita")
    )
    page = form.press(status=422)
    assert page.form("Add Reader").error("E-mail Address") == error
    assert page.form("Add Reader").value("First Name") == "Rita"


@both_databases
def test_an_address_belongs_to_one_reader_of_an_account(app, two_accounts):
    acme, globex = two_accounts
    add(app, globex, "rita@example.org")
    add(app, acme, "rita@example.org", "Rita")
    browser = signed_in(app, acme.owner)
    form = browser.open("/readers/new").form("Add Reader").fill("E-mail Address", "RITA@example.org")
    page = form.press(status=422)
    assert page.errors == ["Another reader has this address already. Change that one, or enter another address."]
    assert page.click("Open Rita").title == "Rita"


@both_databases
def test_what_is_known_of_a_reader_is_changed(app, account, owner_browser, knowledge_base):
    partners, staff = add_group(app, account, "Partners"), add_group(app, account, "Staff")
    reader_id = add(app, account, "rita@example.org", "Rita", groups=[partners])
    form = owner_browser.open(f"/readers/{reader_id}").form("Save")
    form.fill("Last Name", "Reader").tick("Partners", on=False).tick("Staff").choose("These only").tick("Customer Help")
    page = form.press()
    assert page.messages == ["Reader Rita Reader saved."]
    with inside(app, account):
        assert list(db.session.scalars(select(ReaderGroupMember.group_id))) == [staff]
        assert list(db.session.scalars(select(ReaderAccess.knowledge_base_id))) == [knowledge_base]
        assert db.session.scalar(select(KnowledgeBase.visibility_version)) == 3  # as added, and as changed
    assert "last name, groups or access" in owner_browser.open("/audit-log").text
    page = owner_browser.open(f"/readers/{reader_id}").form("Save").choose("All knowledge bases").press()
    with inside(app, account):
        assert db.session.scalars(select(ReaderAccess)).all() == []
    assert row_of(app, account, reader_id).reads_everything


def test_saving_nothing_new_is_no_change(app, account, owner_browser, knowledge_base):
    named = {"reads_everything": False, "knowledge_bases": frozenset([knowledge_base])}
    reader_id = add(app, account, "rita@example.org", "Rita", **named)
    before = actions(owner_browser)
    owner_browser.open(f"/readers/{reader_id}").form("Save").press()
    assert actions(owner_browser) == before


def test_access_to_an_archived_knowledge_base_is_kept(app, account, owner_browser, knowledge_base):
    named = {"reads_everything": False, "knowledge_bases": frozenset([knowledge_base])}
    reader_id = add(app, account, "rita@example.org", "Rita", **named)
    owner_browser.open(f"/knowledge-bases/{knowledge_base}/archive").press("Archive")
    form = owner_browser.open(f"/readers/{reader_id}").form("Save").fill("First Name", "Maria")
    assert "Customer Help (archived)" in form.labels
    form.press()
    with inside(app, account):
        assert list(db.session.scalars(select(ReaderAccess.knowledge_base_id))) == [knowledge_base]


def test_a_new_address_ends_sessions_and_links_and_a_new_name_does_not(app, account, owner_browser):
    reader_id, other = add(app, account, "rita@example.org"), add(app, account)
    for one in (reader_id, other):
        sign_in(app, account, one)
    with inside(app, account), unit_of_work():
        hand_out(Purpose.SET_PASSWORD, subject_id=reader_id, lifetime=timedelta(hours=1))
    owner_browser.open(f"/readers/{reader_id}").form("Save").fill("First Name", "Rita").press()
    assert sessions(app) == 2
    owner_browser.open(f"/readers/{reader_id}").form("Save").fill("E-mail Address", "rita@example.com").press()
    assert sessions(app) == 1
    with app.app_context():
        assert db.session.scalars(select(OneTimeLink)).all() == []
    assert row_of(app, account, reader_id).email_domain == "example.com"


@both_databases
def test_a_disabled_reader_is_signed_out_and_can_come_back(app, account, owner_browser):
    reader_id = add(app, account, "rita@example.org", "Rita")
    sign_in(app, account, reader_id)
    page = owner_browser.open(f"/readers/{reader_id}").click("Disable")
    assert "signed out everywhere at once" in page.text
    page = page.press("Disable")
    assert page.messages == ["Rita is disabled."]
    assert sessions(app) == 0
    assert row_of(app, account, reader_id).status == ReaderStatus.DISABLED
    page = page.click("Enable").press("Enable")
    assert page.messages == ["Rita is enabled."]
    assert actions(owner_browser)[:2] == ["Reader enabled: Rita", "Reader disabled: Rita"]


def test_a_reader_who_waits_is_let_in(app, account, owner_browser):
    reader_id = add(app, account, "rita@example.org", "Rita", status=ReaderStatus.PENDING)
    page = owner_browser.open(f"/readers/{reader_id}").click("Let In")
    assert "tell them yourself" in page.text  # Nobody can send e-mail here.
    assert page.press("Let In").messages == ["Rita is let in."]
    assert row_of(app, account, reader_id).status == ReaderStatus.ACTIVE
    page = owner_browser.open(f"/readers/{reader_id}/refuse")
    assert page.messages == ["Nothing to do: Rita is active."]
    assert actions(owner_browser)[0] == "Reader let in: Rita"


@both_databases
def test_nothing_personal_is_left_of_a_deleted_reader(app, account, owner_browser, knowledge_base):
    group = add_group(app, account)
    reader_id = add(
        app, account, "Rita@example.org", "Rita", "Reader", fields={"field_1": "Purchasing"}, groups=[group],
        reads_everything=False, knowledge_bases=frozenset([knowledge_base]),
    )  # fmt: skip
    sign_in(app, account, reader_id)
    put(app, account, recipient="Rita@example.org", status=Status.QUEUED)
    page = owner_browser.open(f"/readers/{reader_id}").click("Delete").press("Delete")
    assert page.messages == ["Rita Reader is deleted."]
    row = row_of(app, account, reader_id)
    assert row.deleted_at is not None
    kept = [str(value) for name, value in vars(row).items() if not name.startswith("_")]
    assert not [value for value in kept if any(word in value.casefold() for word in ("rita", "example.org", "purchas"))]
    with inside(app, account):
        assert db.session.scalars(select(ReaderGroupMember)).all() == []
        assert db.session.scalars(select(ReaderAccess)).all() == []
        message = db.session.scalars(select(OutboxMessage)).one()
        assert (message.recipient, message.status) == ("(deleted)", Status.CANCELLED)
    assert sessions(app) == 0
    assert actions(owner_browser)[0] == "Reader deleted: a deleted reader"
    owner_browser.open(f"/readers/{reader_id}", status=404)
    assert names(owner_browser.open("/readers")) == []
    add(app, account, "rita@example.org")  # The address is free.


@both_databases
def test_the_readers_of_another_account_do_not_exist_here(app, owner_browser):
    globex = open_account(app, "Globex")
    reader_id = add(app, globex, "rita@example.org", "Rita")
    group_id = add_group(app, globex)
    for path in (
        f"{reader_id}",
        f"{reader_id}/delete",
        f"{reader_id}/disable",
        f"groups/{group_id}",
        f"groups/{group_id}/delete",
    ):
        owner_browser.open(f"/readers/{path}", status=404)
    assert "Rita" not in owner_browser.open("/readers").text
    assert "Partners" not in owner_browser.open("/readers/new").text


def test_a_group_of_another_account_cannot_be_chosen(app, account, owner_browser):
    foreign = add_group(app, open_account(app, "Globex"))
    page = owner_browser.open("/readers/new")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    sent = {"csrf_token": token, "email": "rita@example.org", "access": "all", "groups": str(foreign)}
    page = owner_browser.post("/readers/new", sent, status=422)
    assert "One of these is gone by now. Choose again." in page.errors


def test_a_reader_who_went_meanwhile_is_not_found(app, account, owner_browser):
    reader_id = add(app, account, "rita@example.org")
    page = owner_browser.open(f"/readers/{reader_id}/delete")
    with inside(app, account), unit_of_work():
        operations.remove(reader_id, actor=OLIVE)
    page.press("Delete", status=404)


def test_a_person_of_the_team_may_be_a_reader_with_the_same_address(app, account, owner_browser):
    person = add_person(app, account, "writer", email="rita@example.org")
    reader_id = add(app, account, person.email)
    owner_browser.open(f"/readers/{reader_id}/delete").press("Delete")
    assert person.email in owner_browser.open("/team").text
