"""Inviting colleagues: the link, who may use it, and what it opens."""

import dataclasses
import threading
from collections.abc import Callable

import pytest
from flask import Flask

from kbadmin.access import Role
from kbadmin.config import Settings
from kbadmin.database import db
from kbadmin.outbox.models import OutboxMessage
from kbadmin.users import invitations, sessions
from kbadmin.users.commands import accounts
from kbadmin.users.models import Membership, User
from kbadmin.users.password_changes import DeadLink
from kbadmin.users.principal import SignedIn
from kbadmin.users.sessions import Visitor
from tests import factories
from tests.browser import Browser, Page
from tests.conftest import Clock
from tests.databases import both_databases
from tests.factories import OpenedAccount, inside
from tests.users.pages import NEW_PASSWORD, actions, is_signed_in, set_password, sign_in

BOB = "bob@example.com"


def invite(browser: Browser, email: str = BOB, role: str = "Writer", **grants: bool) -> Page:
    form = browser.open("/team/invite").form("Invite").fill("E-mail Address", email).choose(role)
    for label, field in [("Manage SMTP services", "manages_smtp"), ("Manage readers", "manages_readers")]:
        form.tick(label, on=grants.get(field, False))
    return form.press()


def link_on(page: Page) -> str:
    return page.soup.select_one(".copy-value").get_text().removeprefix("http://localhost")  # type: ignore[union-attr]


def join(page: Page, name: str = "Bob Builder") -> Page:
    page.form("Join").fill("Your Name", name)
    return set_password(page, button="Join")


@both_databases
def test_a_colleague_is_invited_and_joins(app: Flask, owner_browser: Browser) -> None:
    page = invite(owner_browser, role="No role", manages_smtp=True)
    assert f"{BOB} is invited." in page.text
    bob = Browser(app)
    opened = bob.open(link_on(page))
    assert opened.path == "/invite"  # The token has left the address.
    assert "You were invited to Acme as bob@example.com" in opened.text
    joined = join(opened)
    assert (joined.path, joined.messages) == ("/", ["Welcome to Acme."])
    assert "SMTP" in joined.text
    assert "Team" not in joined.text
    assert "Bob Builder" in owner_browser.open("/team").text
    assert actions(owner_browser)[:2] == [f"Invitation accepted: {BOB}", f"Invitation sent: {BOB}"]


def test_the_link_is_shown_once(owner_browser: Browser) -> None:
    page = invite(owner_browser)
    token = link_on(page).rpartition("/")[2]
    again = owner_browser.open(page.path)
    assert token not in again.html
    assert "The link was shown once and is not stored." in again.text


def test_opening_a_link_does_not_use_it_up(app: Flask, owner_browser: Browser) -> None:
    path = link_on(invite(owner_browser))
    for _ in range(3):
        Browser(app).open(path)
    assert join(Browser(app).open(path)).path == "/"


def test_a_used_link_is_dead(app: Flask, owner_browser: Browser) -> None:
    path = link_on(invite(owner_browser))
    join(Browser(app).open(path))
    assert Browser(app).open(path, status=410).title == "This invitation no longer works"


def test_an_invitation_lasts_seven_days(clock: Clock, app: Flask, account: OpenedAccount) -> None:
    path = link_on(invite(factories.signed_in(app, account.owner)))
    clock.advance(days=6, hours=23)
    Browser(app).open(path)
    clock.advance(hours=1)
    Browser(app).open(path, status=410)
    assert "Expired" in factories.signed_in(app, account.owner).open("/team").text


def test_sending_again_makes_a_new_link_and_ends_the_old_one(app: Flask, owner_browser: Browser) -> None:
    old = link_on(invite(owner_browser))
    page = owner_browser.open("/team").click("Send again to bob@example.com")
    assert "The link that was sent before stops working." in page.text
    new = link_on(page.press("Send again"))
    Browser(app).open(old, status=410)
    Browser(app).open(new)


def test_a_withdrawn_invitation_is_dead_and_gone(app: Flask, owner_browser: Browser) -> None:
    path = link_on(invite(owner_browser))
    page = owner_browser.open("/team").click("Withdraw the invitation of bob@example.com").press("Withdraw invitation")
    assert page.messages == ["The invitation is withdrawn."]
    assert BOB not in page.text
    Browser(app).open(path, status=410)
    invite(owner_browser)


def test_nobody_is_invited_twice(owner_browser: Browser, account: OpenedAccount) -> None:
    invite(owner_browser)
    assert invite(owner_browser, "BOB@example.com").errors == [
        "This person has been invited already. Send the invitation again from the Team page."
    ]
    assert invite(owner_browser, account.owner.email).errors == [
        "This person belongs to the team already. Change what they may do on the Team page."
    ]


def test_somebody_without_a_role_needs_a_permission(owner_browser: Browser) -> None:
    page = invite(owner_browser, role="No role")
    assert page.errors == ["Choose a role, or tick at least one of the permissions below."]


@pytest.mark.parametrize("email", ["", "no address", "a@example.com, b@example.com", "Bob <bob@example.com>"])
def test_an_invitation_goes_to_one_address(owner_browser: Browser, email: str) -> None:
    assert invite(owner_browser, email).status == 422


def test_a_person_with_a_password_signs_in_to_accept(app: Flask, owner_browser: Browser) -> None:
    globex = factories.open_account(app, "Globex")
    path = link_on(invite(owner_browser, globex.owner.email, "Editor"))
    browser = Browser(app)
    page = browser.open(path)
    assert page.buttons == []
    form = page.click("Sign in to accept").form("Sign in").fill("E-mail Address", globex.owner.email)
    page = form.fill("Password", globex.owner.password).press()
    assert page.buttons == ["Accept invitation"]
    page = page.press("Accept invitation")
    assert page.messages == ["You joined Acme, and work in it now."]
    choices = page.click("Switch account")
    assert choices.title == "Choose an account"
    back = choices.press("Globex")
    assert "Globex" in back.text
    assert is_signed_in(browser)


def test_somebody_else_cannot_accept(app: Flask, owner_browser: Browser) -> None:
    globex = factories.open_account(app, "Globex")
    stranger = factories.signed_in(app, factories.add_person(app, globex))
    path = link_on(invite(owner_browser, globex.owner.email))
    page = stranger.open(path)
    assert "Sign out, open the invitation again" in page.text
    assert page.buttons == ["Sign out"]
    token = page.soup.select_one("input[name=csrf_token]")["value"]  # type: ignore[index]
    stranger.post("/invite", {"csrf_token": token})
    assert "Open invitations" in owner_browser.open("/team").text
    assert globex.owner.email in owner_browser.open("/team").links.__repr__()


def test_an_invitation_is_not_accepted_in_the_name_of_somebody_else(app: Flask, owner_browser: Browser) -> None:
    globex = factories.open_account(app, "Globex")
    stranger = factories.add_person(app, globex)
    cookie = factories.signed_in(app, stranger).client.get_cookie("kbadmin-user")
    token = link_on(invite(owner_browser, globex.owner.email)).rpartition("/")[2]
    with app.test_request_context():
        invitation = invitations.find(token)
        row = sessions.find(cookie.value if cookie else "")
        assert invitation is not None
        with pytest.raises(DeadLink):
            invitations.accept_as_oneself(invitation, SignedIn(row, None, ""))
        assert invitations.find(token) is not None


def test_the_name_of_a_person_who_has_not_joined_is_not_told(app: Flask, owner_browser: Browser) -> None:
    globex = factories.open_account(app, "Globex")
    page = invite(owner_browser, globex.owner.email)
    assert globex.owner.name not in page.soup.main.get_text()  # type: ignore[union-attr]
    rows = owner_browser.open("/team").soup.select("tbody")[1].get_text()
    assert globex.owner.name not in rows


def test_a_link_to_one_account_never_opens_another(
    app: Flask, two_accounts: tuple[OpenedAccount, OpenedAccount]
) -> None:
    acme, globex = two_accounts
    from_acme = link_on(invite(factories.signed_in(app, acme.owner)))
    invite(factories.signed_in(app, globex.owner), role="Owner")
    bob = Browser(app)
    assert "Acme" in join(bob.open(from_acme)).text
    assert "Globex" not in bob.open("/choose-account").text


def test_where_the_platform_can_mail_the_invitation_is_mailed(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(dataclasses.replace(settings, system_smtp_url="smtp://127.0.0.1:2525?from=kb@example.com"))
    account = factories.open_account(app)
    page = invite(factories.signed_in(app, account.owner))
    assert "The invitation is on its way by e-mail, too." in page.text
    with inside(app, account):
        message = db.session.query(OutboxMessage).one()
        assert (message.kind, message.recipient) == ("user_invitation", BOB)
        assert link_on(page) in message.content.reveal().replace("=\r\n", "")


@both_databases
def test_of_fifty_who_join_at_once_one_succeeds(app: Flask, owner_browser: Browser) -> None:
    token = link_on(invite(owner_browser)).rpartition("/")[2]
    with app.app_context():
        invitation = invitations.find(token)
    assert invitation is not None
    outcomes: list[str] = []

    def use() -> None:
        with app.app_context():
            try:
                invitations.accept_as_new(invitation, name="Bob", password=NEW_PASSWORD, visitor=Visitor())
                outcomes.append("in")
            except DeadLink:
                outcomes.append("dead")

    threads = [threading.Thread(target=use) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["dead"] * 49 + ["in"]


def open_account(app: Flask, name: str, owner: str) -> str:
    result = app.test_cli_runner().invoke(accounts, ["open", name, "--owner", owner])
    assert result.exit_code == 0, result.output
    return str(result.output).strip().removeprefix("http://localhost")


@both_databases
def test_the_operator_opens_an_account_and_its_owner_begins(app: Flask) -> None:
    path = open_account(app, "Initech  Manuals", "Boss@Initech.example.com")
    assert path.startswith("/set-password/")
    browser = Browser(app)
    page = join(browser.open(path), "Bill Boss")
    assert "Initech Manuals" in page.text
    assert browser.open("/account").form("Save").value("Account Name") == "Initech Manuals"
    assert sign_in(Browser(app), "Boss@initech.example.com", NEW_PASSWORD).path == "/"
    with app.app_context():
        assert db.session.query(User).one().email == "Boss@initech.example.com"


def test_two_accounts_may_have_the_same_name(app: Flask) -> None:
    assert open_account(app, "Acme", BOB) != open_account(app, "Acme", BOB)


def test_an_account_for_a_person_who_has_one_waits_for_their_link(app: Flask, account: OpenedAccount) -> None:
    path = open_account(app, "Second", account.owner.email)
    browser = Browser(app)
    assert "Acme" in sign_in(browser, account.owner.email, account.owner.password).text
    assert "Second" not in browser.open("/choose-account").text
    assert "You joined Second" in browser.open(path).press("Accept invitation").messages[0]


@pytest.mark.parametrize(("name", "owner"), [("", BOB), ("x" * 121, BOB), ("Acme", "no address"), ("A\u0007", BOB)])
def test_an_account_needs_a_name_and_an_owner(app: Flask, name: str, owner: str) -> None:
    assert app.test_cli_runner().invoke(accounts, ["open", name, "--owner", owner]).exit_code == 1


def test_an_invited_person_is_no_member_before_joining(
    app: Flask, owner_browser: Browser, account: OpenedAccount
) -> None:
    invite(owner_browser, role="Owner")
    with inside(app, account):
        waiting = db.session.query(Membership).filter_by(role=Role.OWNER, joined_at=None).one()
        assert not waiting.is_active
