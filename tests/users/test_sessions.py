"""Sessions: how long they last, where they are listed, and what ends them at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from flask import Flask

from kbadmin import clock as house_clock
from kbadmin.access import Role
from kbadmin.database import db, unit_of_work
from kbadmin.users.models import Membership, UserSession
from tests import factories
from tests.browser import Browser
from tests.conftest import Clock
from tests.databases import both_databases
from tests.factories import OpenedAccount, add_person, inside, signed_in
from tests.users.pages import NEW_PASSWORD, actions, is_signed_in, set_password, sign_in


def test_two_idle_hours_end_a_session(clock: Clock, owner_browser: Browser) -> None:
    clock.advance(hours=1, minutes=59)
    assert is_signed_in(owner_browser)
    clock.advance(hours=2, minutes=1)
    assert not is_signed_in(owner_browser)


def test_twelve_hours_end_a_session_however_busy(browser: Browser, account: OpenedAccount, clock: Clock) -> None:
    sign_in(browser, account.owner.email, account.owner.password)
    for _ in range(11):
        clock.advance(hours=1)
        assert is_signed_in(browser)
    clock.advance(hours=1, seconds=1)
    assert not is_signed_in(browser)


def test_keeping_me_signed_in_lasts_seven_days(browser: Browser, account: OpenedAccount, clock: Clock) -> None:
    form = browser.open("/sign-in").form("Sign in").tick("Keep me signed in")
    page = form.fill("E-mail Address", account.owner.email).fill("Password", account.owner.password).press(follow=False)
    assert any("Max-Age=604800" in cookie for cookie in page.response.headers.getlist("Set-Cookie"))
    clock.advance(days=6, hours=23)
    assert is_signed_in(browser)
    clock.advance(hours=1, seconds=1)
    assert not is_signed_in(browser)


def test_the_last_use_is_noted_every_five_minutes_at_most(
    clock: Clock, app: Flask, owner_browser: Browser, account: OpenedAccount
) -> None:
    def seen_ago() -> timedelta:
        with inside(app, account):
            return house_clock.now() - db.session.query(UserSession).one().seen_at

    clock.advance(minutes=4)
    owner_browser.open("/")
    assert seen_ago() == timedelta(minutes=4)
    clock.advance(minutes=2)
    owner_browser.open("/")
    assert seen_ago() == timedelta(0)


def test_every_browser_is_listed_and_this_one_marked(app: Flask, account: OpenedAccount) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    one, other = Browser(app), Browser(app)
    one.client.environ_base["HTTP_USER_AGENT"] = agent
    sign_in(one, account.owner.email, account.owner.password)
    sign_in(other, account.owner.email, account.owner.password)
    rows = [" ".join(row.get_text(" ").split()) for row in one.open("/profile/sessions").soup.select("tbody tr")]
    assert len(rows) == 2
    assert next(row for row in rows if "This one" in row).startswith("Firefox on Windows This one 127.0.0.1")


@both_databases
def test_another_browser_is_signed_out_from_the_list(
    app: Flask, account: OpenedAccount, owner_browser: Browser
) -> None:
    other = factories.signed_in(app, account.owner)
    page = owner_browser.open("/profile/sessions").press("End Unknown browser,")
    assert page.messages == ["That browser is signed out."]
    assert is_signed_in(owner_browser)
    assert not is_signed_in(other)
    assert actions(owner_browser)[0] == f"Session ended: {account.owner.email}"


def test_all_other_browsers_are_signed_out_together(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    others = [factories.signed_in(app, account.owner) for _ in range(3)]
    assert owner_browser.open("/profile/sessions").press("End all others").messages == ["Signed out elsewhere: 3."]
    assert [is_signed_in(other) for other in others] == [False, False, False]
    assert is_signed_in(owner_browser)


def test_nobody_ends_the_session_of_somebody_else(
    app: Flask, account: OpenedAccount, owner_browser: Browser, browser_as: Callable[..., Browser]
) -> None:
    with app.app_context():
        session_id = db.session.query(UserSession).one().id
    editor = browser_as("editor")
    token = editor.open("/profile").soup.select_one("input[name=csrf_token]")["value"]  # type: ignore[index]
    editor.post(f"/profile/sessions/{session_id}/end", {"csrf_token": token})
    assert is_signed_in(owner_browser)


def test_a_disabled_membership_ends_the_session_at_once(app: Flask, account: OpenedAccount) -> None:
    person = factories.add_person(app, account)
    browser = factories.signed_in(app, person)
    assert is_signed_in(browser)
    with inside(app, account), unit_of_work():
        db.session.get_one(Membership, person.membership_id).disabled_at = house_clock.now()
    assert not is_signed_in(browser)


def test_a_removed_membership_ends_the_session_at_once(app: Flask, account: OpenedAccount) -> None:
    person = factories.add_person(app, account)
    browser = factories.signed_in(app, person)
    with inside(app, account), unit_of_work():
        db.session.delete(db.session.get_one(Membership, person.membership_id))
    assert not is_signed_in(browser)


def test_changing_the_password_ends_other_sessions_and_renews_this_one(
    app: Flask, account: OpenedAccount, owner_browser: Browser
) -> None:
    other = factories.signed_in(app, account.owner)
    before = owner_browser.client.get_cookie("kbadmin-user", domain="localhost").value  # type: ignore[union-attr]
    page = owner_browser.open("/profile/password")
    page.form("Change password").fill("Current Password", account.owner.password)
    page = set_password(page, button="Change password")
    assert page.messages == ["Your password is changed. Wherever else you were signed in, you no longer are."]
    assert is_signed_in(owner_browser)
    assert not is_signed_in(other)
    thief = Browser(app)
    thief.client.set_cookie("kbadmin-user", before, domain="localhost")
    assert not is_signed_in(thief)
    assert sign_in(Browser(app), account.owner.email, NEW_PASSWORD).path == "/"
    sign_in(Browser(app), account.owner.email, account.owner.password, status=422)


@both_databases
def test_a_person_is_in_each_account_what_they_are_there(
    app: Flask, two_accounts: tuple[OpenedAccount, OpenedAccount]
) -> None:
    first, second = two_accounts
    owner = first.owner
    guest = replace(owner, account_id=second.id)
    assert signed_in(app, guest).open("/team").title == "Sign in"  # a session there, and no membership
    add_person(app, second, Role.WRITER, email=owner.email)
    for _ in range(2):
        signed_in(app, guest).open("/team", status=403)
        assert signed_in(app, owner).open("/team").title != "Sign in"
