"""Knowledge bases on their pages: created, changed, archived and brought back, by those who may."""

import re

import pytest
from sqlalchemy import select

from kbadmin.access import Role
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations, roles
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.users.models import Membership
from tests import factories
from tests.databases import both_databases
from tests.factories import inside
from tests.knowledge_bases.conftest import picture
from tests.users.pages import actions


def rows(page):
    return [" ".join(row.get_text(" ").split()) for row in page.soup.select("tbody tr")]


def row_of(app, account, knowledge_base_id):
    with inside(app, account):
        found = db.session.get(KnowledgeBase, knowledge_base_id)
        db.session.expunge_all()
        return found


def settings(browser, knowledge_base_id):
    return browser.open(f"/knowledge-bases/{knowledge_base_id}/settings").form("Save")


@both_databases
def test_the_first_one_is_created_from_the_empty_list(owner_browser):
    page = owner_browser.open("/").click("Create a knowledge base")
    form = page.form("Create").fill("Name", "Customer Help").choose("Readers only")
    page = form.press()
    assert page.messages == ["Knowledge base Customer Help created."]
    assert page.title == "Customer Help"
    listed = owner_browser.open("/knowledge-bases")
    assert rows(listed)[0].startswith("Customer Help Readers only")
    assert actions(owner_browser)[0] == "Knowledge base created: Customer Help"


def test_an_empty_list_says_what_a_knowledge_base_is_for(owner_browser):
    page = owner_browser.open("/knowledge-bases")
    assert "No knowledge base yet" in page.text
    assert page.click("Create Knowledge Base").title == "Create Knowledge Base"


def test_a_name_of_its_own_is_asked_for_and_nothing_typed_is_lost(owner_browser, knowledge_base):
    page = owner_browser.open("/knowledge-bases/new")
    page = page.form("Create").fill("Name", "CUSTOMER help").choose("Everybody").press(status=422)
    assert page.errors == ["Another knowledge base has this name already. Choose a name of its own."]
    assert page.form("Create").chosen("Who May Read") == "Everybody"
    page = owner_browser.open("/knowledge-bases/new").form("Create").fill("Name", "").press(status=422)
    assert "Enter a name, such as Customer Help." in page.errors


@both_databases
def test_settings_are_saved_and_told_in_the_audit_log(app, account, owner_browser, knowledge_base):
    form = settings(owner_browser, knowledge_base)
    form.fill("Name", "Help Centre").fill("Description", "Answers.").fill("Colour", "#7a1f5c").choose("Everybody")
    page = form.press()
    assert page.messages == ["Settings of Help Centre saved."]
    row = row_of(app, account, knowledge_base)
    assert (row.name, row.description, row.colour, row.audience) == ("Help Centre", "Answers.", "#7a1f5c", "public")
    assert "readers → public" in owner_browser.open("/audit-log").text


def test_readers_may_sign_up_and_be_remembered_as_an_editor_decides(app, account, owner_browser, knowledge_base):
    form = settings(owner_browser, knowledge_base).choose("With approval")
    form.fill("Allowed Domains", "Example.ORG\n@müller.example,\n example.org").fill("Remember Me for … Days", "0")
    page = form.press()
    row = row_of(app, account, knowledge_base)
    assert (row.sign_up, row.remember_days) == ("approval", 0)
    assert row.sign_up_domains == "example.org\nxn--mller-kva.example"
    assert page.form("Save").value("Remember Me for … Days") == "0"
    told = owner_browser.open("/audit-log").text
    assert "closed → approval" in told
    assert "none → example.org, xn--mller-kva.example" in told


def test_who_may_see_what_is_decided_anew_after_a_change_of_audience(app, account, owner_browser, knowledge_base):
    before = row_of(app, account, knowledge_base).visibility_version
    settings(owner_browser, knowledge_base).fill("Description", "Other words.").press()
    assert row_of(app, account, knowledge_base).visibility_version == before
    settings(owner_browser, knowledge_base).choose("Everybody").press()
    assert row_of(app, account, knowledge_base).visibility_version == before + 1


@pytest.mark.parametrize(
    ("label", "typed", "error"),
    [
        ("Address", "Sign-In", "This word stands for a page of the portal. Choose another one."),
        ("Address", "a b", "Use letters from a to z, digits, and single hyphens between them."),
        ("Address", "x", "Enter 2 to 50 characters."),
        ("Address", "", "Enter the word that stands for it in addresses."),
        ("Colour", "#ffee00", "White words cannot be read well on this colour. Choose a darker one."),
        ("Colour", "red", "Enter a colour such as #0a4c99."),
        ("Description", "x" * 301, "Shorten this to 300 characters or fewer."),
        ("Allowed Domains", "nowhere", "“nowhere” is no domain. Enter one a line, such as example.com."),
        ("Remember Me for … Days", "366", "Enter a number of days from 0 to 365."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(owner_browser, knowledge_base, label, typed, error):
    page = settings(owner_browser, knowledge_base).fill(label, typed).press(status=422)
    assert page.errors == [error]


@both_databases
def test_an_old_address_leads_here_for_ever_and_is_nobody_elses(
    app, account, owner_browser, make_knowledge_base, knowledge_base
):
    settings(owner_browser, knowledge_base).fill("Address", "help").press()
    other = make_knowledge_base("Staff Handbook")
    page = settings(owner_browser, other).fill("Address", "customer-help").press(status=422)
    assert page.errors == ["Another knowledge base has, or once had, this address. Choose another one."]
    with inside(app, account):
        assert operations.find_by_slug("customer-help").slug == "help"
        assert operations.find_by_slug("help").id == knowledge_base
    settings(owner_browser, knowledge_base).fill("Address", "customer-help").press()
    with inside(app, account):
        assert operations.find_by_slug("help").slug == "customer-help"


def test_two_names_that_make_one_address_get_two(app, account, make_knowledge_base):
    ids = [make_knowledge_base(name) for name in ("Café", "Cafe!", "日本")]
    assert [row_of(app, account, found).slug for found in ids] == ["cafe", "cafe-2", "kb"]


def test_an_archived_one_is_kept_apart_and_can_be_brought_back(app, account, owner_browser, knowledge_base):
    page = owner_browser.open(f"/knowledge-bases/{knowledge_base}/settings").click("Archive this knowledge base")
    assert "Nobody can read it any more" in page.text
    assert not row_of(app, account, knowledge_base).is_archived
    page = page.press("Archive")
    assert page.messages == ["Customer Help is archived."]
    assert "Archived: nobody reads it" in page.text
    assert "Archived" in owner_browser.open("/knowledge-bases").text
    page = page.click("Bring It Back").press("Bring It Back")
    assert page.messages == ["Customer Help is back."]
    assert not row_of(app, account, knowledge_base).is_archived


def test_the_logo_is_a_picture_written_anew(app, account, owner_browser, knowledge_base):
    path = f"/knowledge-bases/{knowledge_base}/settings"
    hidden = picture("PNG") + b"<script>alert(1)</script>"
    page = upload(owner_browser, knowledge_base, hidden)
    shown = page.soup.select_one("img.logo-preview")["src"]
    answer = owner_browser.client.get(shown)
    assert answer.mimetype == "image/jpeg"
    assert b"script" not in answer.data
    page = owner_browser.open(path).form("Save").tick("Remove the logo").press()
    assert page.soup.select_one("img.logo-preview") is None


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 50]
)
def test_what_is_no_picture_is_refused(owner_browser, knowledge_base, content):
    page = upload(owner_browser, knowledge_base, content, status=422)
    assert page.errors == ["Choose a PNG, JPEG, WebP or GIF picture. This file is none, or it is damaged."]


def test_a_large_file_is_refused_with_a_sentence(owner_browser, knowledge_base):
    content = picture("PNG") + b"\0" * (8 * 1024 * 1024)
    page = upload(owner_browser, knowledge_base, content, status=422)
    assert page.errors == ["Choose a picture of at most 8 MiB."]


def upload(browser, knowledge_base_id, content, *, status=200):
    return settings(browser, knowledge_base_id).attach("Logo", content, "logo.png").press(status=status)


# --- Who may


@pytest.mark.parametrize(
    ("role", "grants", "lists", "creates"),
    [("editor", {}, 200, 200), ("writer", {}, 200, 403), ("none", {"manages_smtp": True}, 403, 403)],
)
def test_doors_open_by_role(browser_as, knowledge_base, role, grants, lists, creates):
    browser = browser_as(role, **grants)
    browser.open("/knowledge-bases", status=lists)
    browser.open(f"/knowledge-bases/{knowledge_base}", status=lists)
    browser.open("/knowledge-bases/new", status=creates)
    browser.open(f"/knowledge-bases/{knowledge_base}/settings", status=creates)
    browser.open(f"/knowledge-bases/{knowledge_base}/archive", status=creates)


def test_another_accounts_knowledge_base_does_not_exist(app, owner_browser, make_knowledge_base):
    theirs = make_knowledge_base("Theirs", of=factories.open_account(app, "Globex"))
    for path in ("", "/settings", "/archive"):
        owner_browser.open(f"/knowledge-bases/{theirs}{path}", status=404)
    assert "Theirs" not in owner_browser.open("/knowledge-bases").text


@both_databases
def test_two_accounts_may_use_the_same_name_and_address(app, account, make_knowledge_base):
    other = factories.open_account(app, "Globex")
    ours, theirs = make_knowledge_base(), make_knowledge_base(of=other)
    with inside(app, account):
        assert operations.find_by_slug("customer-help").id == ours
    with inside(app, other):
        assert operations.find_by_slug("customer-help").id == theirs


@both_databases
def test_a_narrowed_editor_works_in_one_and_knows_of_no_other(app, account, owner_browser, make_knowledge_base):
    mine, others = make_knowledge_base("Mine"), make_knowledge_base("Others")
    edna = factories.add_person(app, account, "editor", name="Edna Editor")
    page = owner_browser.open("/knowledge-bases").click("Who works where")
    assert "Edna Editor" in page.text
    page = page.click("Change Edna Editor")
    page = page.form("Save").choose("These only").press(status=422)
    assert page.errors == ["Choose a role in at least one knowledge base, or “All knowledge bases”."]
    page = page.form("Save").choose("These only").select("Mine", "Writer").press()
    assert page.messages == ["What Edna Editor works in is saved."]
    assert re.search(r"Edna Editor .* Mine as writer", page.text)
    browser = factories.signed_in(app, edna)
    assert [row.split()[0] for row in rows(browser.open("/knowledge-bases"))] == ["Mine"]
    browser.open(f"/knowledge-bases/{mine}")
    browser.open(f"/knowledge-bases/{mine}/settings", status=403)
    browser.open(f"/knowledge-bases/{others}", status=404)
    browser.open("/knowledge-bases/new", status=403)
    owner_browser.open(f"/knowledge-bases/people/{edna.membership_id}").form("Save").choose(
        "All knowledge bases"
    ).press()
    assert len(rows(browser.open("/knowledge-bases"))) == 2


def test_whoever_became_less_everywhere_is_shown_as_what_they_still_are(
    app, account, owner_browser, make_knowledge_base
):
    make_knowledge_base("Mine"), make_knowledge_base("Other")
    member = factories.add_person(app, account, "editor", name="Emil Editor")
    path = f"/knowledge-bases/people/{member.membership_id}"
    owner_browser.open(path).form("Save").choose("These only").select("Mine", "Editor").press()
    owner_browser.open(f"/team/{member.membership_id}").form("Save").choose("Writer").press()
    form = owner_browser.open(path).form("Save")
    assert (form.value("Mine"), form.value("Other")) == ("Writer", "Nothing")
    assert form.press().messages == ["What Emil Editor works in is saved."]
    assert "Writer Mine Change Emil Editor" in owner_browser.open("/knowledge-bases/people").text


def test_an_editor_sees_the_deliveries_of_the_knowledge_bases_they_look_after(app, account, browser_as, knowledge_base):
    page = browser_as("editor").open("/deliveries")
    assert "Messages of the knowledge bases you look after will stand here." in page.text


def test_the_list_costs_the_same_however_long_it_is(app, account, owner_browser, make_knowledge_base):
    def queries():
        with factories.counting(app) as counted:
            owner_browser.open("/knowledge-bases")
        return counted.total

    make_knowledge_base("One")
    few = queries()
    for number in range(12):
        make_knowledge_base(f"Number {number}")
    assert queries() == few


def test_a_member_who_lost_the_role_cannot_be_more_in_one_knowledge_base(app, account, make_knowledge_base):
    knowledge_base = make_knowledge_base()
    wanda = factories.add_person(app, account, "writer")
    with inside(app, account), unit_of_work(), pytest.raises(ValueError, match="nobody is more"):
        roles.narrow(wanda.membership_id, {knowledge_base: Role.EDITOR}, actor=Actor(account.owner.id, "Olive"))
    with inside(app, account), unit_of_work():
        roles.narrow(wanda.membership_id, {knowledge_base: Role.WRITER}, actor=Actor(account.owner.id, "Olive"))
    with inside(app, account):
        member = db.session.scalars(select(Membership).where(Membership.id == wanda.membership_id)).one()
        assert roles.roles_of(member).in_one(knowledge_base) == Role.WRITER
