"""The team: roles and grants, disabling, removing, and what nobody can do to themselves or to the last owner."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from kbadmin.access import Role
from kbadmin.audit.operations import Actor
from kbadmin.database import unit_of_work
from kbadmin.users import team
from kbadmin.users.invitations import Access
from tests import factories
from tests.browser import Browser, Page
from tests.conftest import Clock
from tests.databases import both_databases
from tests.factories import OpenedAccount, Person, inside
from tests.users.pages import actions, is_signed_in, sign_in


@pytest.fixture
def edna(app: Flask, account: OpenedAccount) -> Person:
    return factories.add_person(app, account, Role.EDITOR, name="Edna Editor", manages_smtp=True)


def deed(browser: Browser, person: Person, name: str, button: str, *, status: int | None = None) -> Page:
    return browser.open(f"/team/{person.membership_id}/{name}").press(button, status=status)


def token_on(page: Page) -> str:
    return page.soup.select_one("input[name=csrf_token]")["value"]  # type: ignore[index, return-value]


@pytest.mark.parametrize(("role", "grants"), [("editor", {}), ("writer", {}), ("none", {"manages_smtp": True})])
def test_only_owners_see_the_team(browser_as: Callable[..., Browser], role: str, grants: dict[str, bool]) -> None:
    browser = browser_as(role, **grants)
    for path in ("/team", "/team/invite", "/account", "/audit-log"):
        assert browser.open(path, status=403).title == "You may not open this page"
    assert "Team" not in browser.open("/").links


def test_the_team_lists_everybody_with_what_they_may_do(owner_browser: Browser, edna: Person) -> None:
    rows = [" ".join(row.get_text(" ").split()) for row in owner_browser.open("/team").soup.select("tbody tr")]
    assert rows[0].startswith(f"Edna Editor {edna.email} Editor Manages SMTP services Active")
    assert "(you)" in rows[1]


def test_the_people_of_another_account_do_not_exist_here(app: Flask, owner_browser: Browser) -> None:
    stranger = factories.open_account(app, "Globex").owner
    for path in ("", "/remove", "/disable", "/link"):
        owner_browser.open(f"/team/{stranger.membership_id}{path}", status=404)


@both_databases
def test_a_role_is_changed_and_holds_at_once(app: Flask, owner_browser: Browser, edna: Person) -> None:
    form = owner_browser.open(f"/team/{edna.membership_id}").form("Save")
    assert form.chosen("Role") == "Editor"
    page = form.choose("Owner").press()
    assert page.messages == ["Access of Edna Editor saved."]
    factories.signed_in(app, edna).open("/team")
    assert actions(owner_browser)[0] == f"Role changed: {edna.email}"
    assert "editor, manages SMTP services → owner" in owner_browser.open("/audit-log").text


def test_what_is_taken_away_ends_the_sessions(app: Flask, owner_browser: Browser, edna: Person) -> None:
    browser = factories.signed_in(app, edna)
    assert browser.open("/smtp").status == 200
    owner_browser.open(f"/team/{edna.membership_id}").form("Save").tick("Manage SMTP services", on=False).press()
    assert not is_signed_in(browser)
    again = factories.signed_in(app, edna)
    again.open("/smtp", status=403)


def test_a_lower_role_ends_the_sessions(app: Flask, owner_browser: Browser, edna: Person) -> None:
    browser = factories.signed_in(app, edna)
    page = owner_browser.open(f"/team/{edna.membership_id}").form("Save").choose("Writer").press()
    assert page.messages == ["Access of Edna Editor saved."]
    assert not is_signed_in(browser)


def test_what_is_given_can_be_used_without_signing_in_again(app: Flask, owner_browser: Browser, edna: Person) -> None:
    browser = factories.signed_in(app, edna)
    owner_browser.open(f"/team/{edna.membership_id}").form("Save").choose("Owner").press()
    assert browser.open("/team").title == "Team"


def test_a_disabled_person_is_out_until_enabled(app: Flask, owner_browser: Browser, edna: Person) -> None:
    browser = factories.signed_in(app, edna)
    page = owner_browser.open(f"/team/{edna.membership_id}/disable")
    assert "Edna Editor is signed out of this account at once and cannot come in again." in page.text
    assert page.press("Disable access").messages == ["Access is disabled."]
    assert not is_signed_in(browser)
    refused = sign_in(Browser(app), edna.email, edna.password)
    assert refused.title == "Choose an account"
    assert "you do not belong to an account now" in refused.text
    assert deed(owner_browser, edna, "enable", "Enable access").messages == ["Access is enabled."]
    assert sign_in(Browser(app), edna.email, edna.password).title == "Home"


def test_a_removed_person_is_gone_and_can_be_invited_again(app: Flask, owner_browser: Browser, edna: Person) -> None:
    browser = factories.signed_in(app, edna)
    page = deed(owner_browser, edna, "remove", "Remove from the team")
    assert "Edna Editor" not in page.soup.main.select_one("table").get_text()  # type: ignore[union-attr]
    assert not is_signed_in(browser)
    form = owner_browser.open("/team/invite").form("Invite").fill("E-mail Address", edna.email)
    assert form.press().title == "Invitation link"
    assert actions(owner_browser)[:2] == [f"Invitation sent: {edna.email}", f"Member removed: {edna.email}"]


def test_asking_first_changes_nothing(owner_browser: Browser, edna: Person) -> None:
    for name in ("disable", "remove"):
        owner_browser.open(f"/team/{edna.membership_id}/{name}")
    assert "Active" in owner_browser.open("/team").soup.select_one("tbody tr").get_text()  # type: ignore[union-attr]


def test_nobody_changes_their_own_access(owner_browser: Browser, account: OpenedAccount) -> None:
    path = f"/team/{account.owner.membership_id}"
    page = owner_browser.open(path)
    assert "Nobody changes their own access." in page.text
    forged = {"csrf_token": token_on(page), "role": "writer"}
    owner_browser.post(path, forged)
    for name in ("disable", "remove"):
        assert "Nobody changes their own access." in owner_browser.open(f"{path}/{name}").text
        owner_browser.post(f"{path}/{name}", forged, status=422)
    assert owner_browser.open("/team").title == "Team"


def test_the_last_owner_who_can_work_stays_one(app: Flask, account: OpenedAccount) -> None:
    other = factories.add_person(app, account, Role.OWNER, name="Otto Owner")
    first = factories.signed_in(app, account.owner)
    deed(first, other, "disable", "Disable access")
    with inside(app, account), unit_of_work(), pytest.raises(team.NotAnOwner):  # Whose request was under way.
        team.remove(account.owner.membership_id, actor=Actor(other.id, "Otto"))
    assert is_signed_in(first)


@both_databases
def test_two_owners_who_remove_each_other_at_once_leave_one(app: Flask, account: OpenedAccount) -> None:
    for _ in range(5):
        pair = [account.owner, factories.add_person(app, account, Role.OWNER)]
        survivors = _remove_each_other(app, account, pair)
        assert len(survivors) == 1
        account = factories.OpenedAccount(account.id, account.name, account.slug, survivors[0])


def _remove_each_other(app: Flask, account: OpenedAccount, pair: list[Person]) -> list[Person]:
    removed: list[Person] = []
    ready = threading.Barrier(2)

    def remove(actor: Person, other: Person) -> None:
        with inside(app, account):
            ready.wait()
            try:
                with unit_of_work():
                    team.remove(other.membership_id, actor=Actor(actor.id, actor.name))
                removed.append(other)
            except (team.NotAnOwner, LookupError):
                pass

    threads = [threading.Thread(target=remove, args=(a, b)) for a, b in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [person for person in pair if person not in removed]


def test_the_last_owner_cannot_be_demoted_whoever_asks(app: Flask, account: OpenedAccount) -> None:
    other = factories.add_person(app, account, Role.OWNER)
    with inside(app, account), unit_of_work():
        team.change_access(other.membership_id, Access(Role.WRITER), actor=Actor(account.owner.id, "Olive"))
    with inside(app, account), unit_of_work(), pytest.raises(team.OwnMembership):
        team.change_access(account.owner.membership_id, Access(Role.WRITER), actor=Actor(account.owner.id, "Olive"))


def test_the_password_is_asked_for_again_after_half_an_hour(clock: Clock, app: Flask, account: OpenedAccount) -> None:
    edna = factories.add_person(app, account)
    owner = factories.signed_in(app, account.owner)
    path = f"/team/{edna.membership_id}/disable"
    assert "Your Password" not in owner.open(path).text
    clock.advance(minutes=31)
    page = owner.open(path)
    assert page.press("Disable access", status=422).errors == ["Enter the password you sign in with."]
    page = page.form("Disable access").fill("Your Password", "not mine").press(status=422)
    assert page.errors == ["This is not your password. Type the one you sign in with."]
    page = page.form("Disable access").fill("Your Password", account.owner.password).press()
    assert page.messages == ["Access is disabled."]
    assert "Your Password" not in owner.open(f"/team/{edna.membership_id}/enable").text


def test_guessing_the_own_password_is_held_back(clock: Clock, app: Flask, account: OpenedAccount) -> None:
    owner = factories.signed_in(app, account.owner)
    clock.advance(minutes=31)
    form = owner.open("/team/invite").form("Invite").fill("E-mail Address", "bob@example.com")
    for _ in range(5):
        form.fill("Your Password", "a guess").press(status=422)
    page = form.fill("Your Password", account.owner.password).press(status=422)
    assert page.errors == ["That was tried too often. Wait 15 min, then try again."]
    clock.advance(minutes=15)
    assert page.form("Invite").fill("Your Password", account.owner.password).press().title == "Invitation link"


def test_a_refused_request_stands_in_the_audit_log(owner_browser: Browser, browser_as: Callable[..., Browser]) -> None:
    browser_as("writer").open("/team", status=403)
    page = owner_browser.open("/audit-log")
    assert "Request refused" in actions(owner_browser)[0]
    assert "page: /team needed: manage account" in page.text


def test_refusals_cannot_bury_the_log(owner_browser: Browser, browser_as: Callable[..., Browser]) -> None:
    browser = browser_as("writer")
    for _ in range(70):
        browser.open("/team", status=403)
    shown = len(actions(owner_browser)) + len(
        owner_browser.open("/audit-log").click("Older").soup.select("td[data-label=What]")
    )
    assert shown == 60
