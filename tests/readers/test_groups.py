"""Groups of readers: created, renamed, deleted unless something is restricted to them; who joins by their address."""

import pytest
from sqlalchemy import select

from kbadmin.articles.models import Category, CategoryGroup
from kbadmin.database import db, unit_of_work
from kbadmin.readers import group_usages, groups
from kbadmin.readers.models import ReaderGroup, ReaderGroupDomain, ReaderGroupMember
from tests.databases import both_databases
from tests.factories import counting, inside, open_account
from tests.readers.people import add, add_group
from tests.users.pages import actions


def rows(page):
    return [" ".join(row.get_text(" ").split()) for row in page.soup.select("tbody tr")]


def groups_of(app, account, reader_id):
    with inside(app, account):
        return list(db.session.scalars(select(ReaderGroupMember.group_id).filter_by(reader_id=reader_id)))


@both_databases
def test_a_group_is_created_changed_and_listed_with_its_readers(app, account, owner_browser):
    form = owner_browser.open("/readers/groups").click("Create Group").form("Create")
    page = form.fill("Name", "Partners").fill("E-mail Domains", "Example.ORG\n@bücher.example.com, example.org").press()
    assert page.messages == ["Group Partners created."]
    group_id = _only_group(app, account)
    add(app, account, groups=[group_id])
    assert rows(owner_browser.open("/readers/groups")) == [
        "Partners 1 reader of Partners example.org, xn--bcher-kva.example.com Delete Partners"
    ]
    page = owner_browser.open(f"/readers/groups/{group_id}").form("Save").fill("Name", "Resellers").press()
    assert page.messages == ["Group Resellers saved."]
    assert actions(owner_browser)[0] == "Reader group changed: Resellers"
    assert "Partners → Resellers" in owner_browser.open("/audit-log").text


def test_a_name_of_its_own_is_asked_for(app, account, owner_browser):
    add_group(app, account, "Partners")
    other = add_group(app, account, "Staff")
    page = owner_browser.open("/readers/groups/new").form("Create").fill("Name", "PARTNERS").press(status=422)
    assert page.errors == ["Another group has this name already. Choose a name of its own."]
    page = owner_browser.open(f"/readers/groups/{other}").form("Save").fill("Name", "partners").press(status=422)
    assert page.form("Save").value("Name") == "partners"
    assert page.title == "Group Staff"


@pytest.mark.parametrize(
    "typed", ["nonsense", "example.com\nno domain", "a@example.com", "*.example.com", "exa\u200bmple.com"]
)
def test_a_domain_that_is_none_is_named(owner_browser, typed):
    form = owner_browser.open("/readers/groups/new").form("Create").fill("Name", "Partners")
    page = form.fill("E-mail Domains", typed).press(status=422)
    assert "is no domain" in page.form("Create").error("E-mail Domains")
    assert page.form("Create").value("E-mail Domains").strip() == typed


@both_databases
def test_whoever_is_added_with_an_address_of_the_domain_joins(app, two_accounts):
    acme, globex = two_accounts
    group = add_group(app, acme, "Partners", "example.org")
    add_group(app, globex, "Theirs", "example.org")
    assert groups_of(app, acme, add(app, acme, "rita@example.org")) == [group]
    assert groups_of(app, acme, add(app, acme, "rita@sub.example.org")) == []
    with inside(app, acme):
        assert groups.groups_of_domain("example.org") == [group]


@both_databases
def test_a_deleted_group_leaves_its_readers(app, account, owner_browser):
    group = add_group(app, account, "Partners", "example.org")
    reader = add(app, account, "rita@example.org")
    page = owner_browser.open("/readers/groups").click("Delete Partners")
    assert "Its readers stay" in page.text
    page = page.press("Delete")
    assert page.messages == ["Group Partners deleted."]
    assert groups_of(app, account, reader) == []
    with inside(app, account):
        assert db.session.scalars(select(ReaderGroupDomain)).all() == []
    assert actions(owner_browser)[0] == "Reader group deleted: Partners"
    owner_browser.open(f"/readers/groups/{group}", status=404)


@both_databases
def test_a_group_that_restricts_something_is_not_deleted(app, account, owner_browser, knowledge_base):
    group = add_group(app, account, "Partners")
    page = owner_browser.open(f"/readers/groups/{group}/delete")
    with inside(app, account), unit_of_work():
        category = Category(knowledge_base_id=knowledge_base, name="Prices", slug="prices")
        db.session.add(category)
        db.session.flush()
        db.session.add(CategoryGroup(category_id=category.id, group_id=group))
    page = page.press("Delete", status=422)
    assert "The category Prices" in page.links
    with inside(app, account):
        assert db.session.get(ReaderGroup, group) is not None


@pytest.fixture
def restricted():
    """Ids of groups to which a room above has restricted something."""
    found = set()

    def finder(group_id):
        return [group_usages.Usage("Category Prices", "/here")] if group_id in found else []

    group_usages.report_usages_with(finder)
    yield found
    group_usages.USAGE_FINDERS.remove(finder)


def test_what_is_restricted_is_named_where_a_room_says_so(app, account, owner_browser, restricted):
    group = add_group(app, account, "Partners")
    restricted.add(group)
    page = owner_browser.open(f"/readers/groups/{group}/delete")
    assert page.links["Category Prices"] == "/here"
    assert "Delete" not in page.buttons


def test_the_list_of_groups_costs_the_same_few_statements_however_many_there_are(app, account, owner_browser):
    add_group(app, account, "One")
    owner_browser.open("/readers/groups")
    with counting(app) as few:
        owner_browser.open("/readers/groups")
    for number in range(20):
        add_group(app, account, f"Group {number}", f"d{number}.example.com")
    with counting(app) as many:
        owner_browser.open("/readers/groups")
    assert many.total == few.total


def test_the_groups_of_another_account_do_not_exist_here(app, owner_browser):
    add_group(app, open_account(app, "Globex"), "Theirs")
    assert "Theirs" not in owner_browser.open("/readers/groups").text


def _only_group(app, account):
    with inside(app, account):
        return db.session.scalars(select(ReaderGroup.id)).one()
