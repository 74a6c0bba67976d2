"""Passwords: which are good enough, how they are changed, and how a forgotten one is replaced."""

import dataclasses
import threading
from collections.abc import Callable

import pytest
from flask import Flask

from kbadmin.config import Settings
from kbadmin.database import db
from kbadmin.outbox.models import OutboxMessage
from kbadmin.users import password_changes
from kbadmin.users.commands import users
from kbadmin.users.password_rules import WeakPassword, require_strong
from kbadmin.users.sessions import Visitor
from tests import factories
from tests.browser import Browser
from tests.conftest import Clock
from tests.databases import both_databases
from tests.factories import OpenedAccount, inside
from tests.users.pages import NEW_PASSWORD, actions, is_signed_in, set_password, sign_in

SENDER = "smtp://127.0.0.1:2525?from=kb@example.com"


def printed_link(app: Flask, email: str) -> str:
    """What the operator's command prints, as a path."""
    result = app.test_cli_runner().invoke(users, ["reset", email])
    assert result.exit_code == 0, result.output
    return str(result.output).strip().removeprefix("http://localhost")


def mails(app: Flask, account: OpenedAccount) -> list[tuple[str, str, str]]:
    """Kind, recipient and text of the messages in the outbox."""
    with inside(app, account):
        rows = db.session.query(OutboxMessage).order_by(OutboxMessage.id).all()
        return [(row.kind, row.recipient, row.content.reveal().replace("=\r\n", "")) for row in rows]


@pytest.fixture
def mailing(settings: Settings, make_app: Callable[[Settings], Flask]) -> Flask:
    """An installation whose platform can send mail."""
    return make_app(dataclasses.replace(settings, system_smtp_url=SENDER))


@pytest.mark.parametrize(
    "password",
    [
        "violet harbour 7 lanterns",
        "  leading and trailing blanks  ",
        "🦉🌲🎈🚲🍋🧭🪁🎻🧩🛶",
        "x7#Kp2!vQz",
        "длинный пароль тут",
        "word " * 6 + "tail" * 3 + "é" * 3 + "k9",
        "ab8" + "Zq4!mNw" * 145,
    ],
)
def test_long_passwords_are_good_whatever_they_are_made_of(password: str) -> None:
    require_strong(password)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "at least 10"),
        ("seven77", "at least 10"),
        ("eight888", "at least 10"),
        ("k" * 5 + "j" * 1020, "at most 1,024"),
        ("aaaaaaaaaaaa", "without a pattern"),
        ("abcabcabcabc", "without a pattern"),
        ("1234567890", "without a pattern"),
        ("abcdefghijkl", "without a pattern"),
        ("qwertyuiop12", "without a pattern"),
        ("Password123!", "a common password"),
        ("P@ssw0rd2026!!", "a common password"),
        ("1q2w3e4r5t6y", "a common password"),
        ("Welcome2026!", "a common password"),
        ("iloveyousomuch", "a common password"),
        ("kbadmin rules here", "Leave out “kbadmin”"),
        ("My AcmeDocs secret", "Leave out “Acme Docs”"),
        ("olive.owner is great", "Leave out “olive.owner”"),
    ],
)
def test_weak_passwords_are_refused_with_a_sentence_that_helps(password: str, said: str) -> None:
    with pytest.raises(WeakPassword, match=said):
        require_strong(password, known_words=["Acme Docs", "olive.owner", "Bo"])


def test_the_longest_password_counts_to_its_last_character(app: Flask, account: OpenedAccount) -> None:
    longest = "Zq4!mNw" * 146 + "ab"
    assert len(longest) == 1024
    path = printed_link(app, account.owner.email)
    set_password(Browser(app).open(path), longest)
    sign_in(Browser(app), account.owner.email, longest[:-1], status=422)
    sign_in(Browser(app), account.owner.email, longest + "b", status=422)
    assert sign_in(Browser(app), account.owner.email, longest).path == "/"


def test_blanks_at_the_ends_belong_to_the_password(app: Flask, account: OpenedAccount) -> None:
    set_password(Browser(app).open(printed_link(app, account.owner.email)), f"  {NEW_PASSWORD} ")
    sign_in(Browser(app), account.owner.email, NEW_PASSWORD, status=422)
    assert sign_in(Browser(app), account.owner.email, f"  {NEW_PASSWORD} ").path == "/"


def test_an_accent_typed_as_two_characters_is_the_same_accent(app: Flask, account: OpenedAccount) -> None:
    set_password(Browser(app).open(printed_link(app, account.owner.email)), "caf\u00e9 und Kuchen")
    assert sign_in(Browser(app), account.owner.email, "cafe\u0301 und Kuchen").path == "/"


def test_changing_it_asks_for_the_current_one(owner_browser: Browser, account: OpenedAccount) -> None:
    page = owner_browser.open("/profile/password")
    page.form("Change password").fill("Current Password", "not this one")
    page = set_password(page, button="Change password", status=422)
    assert page.errors == ["This is not your password. Type the one you sign in with."]


def test_what_is_missing_is_listed_as_it_stands_on_the_page(owner_browser: Browser) -> None:
    page = owner_browser.open("/profile/password").press("Change password", status=422)
    asked_for = ["Enter the password you have now.", "Enter a new password.", "Enter the new password again."]
    assert page.errors == asked_for
    assert [line.get_text(strip=True) for line in page.soup.select(".error-summary li")] == asked_for


def test_a_new_password_is_checked_against_what_is_known_of_the_person(
    app: Flask, owner_browser: Browser, account: OpenedAccount
) -> None:
    page = owner_browser.open("/profile/password")
    page.form("Change password").fill("Current Password", account.owner.password)
    page = set_password(page, "Olive Owner was here", button="Change password", status=422)
    assert page.form("Change password").error("New Password").startswith("Leave out “Olive Owner”")


def test_the_two_new_passwords_must_be_the_same(app: Flask, account: OpenedAccount) -> None:
    form = Browser(app).open(printed_link(app, account.owner.email)).form("Set password")
    page = form.fill("New Password", NEW_PASSWORD).fill("Repeat New Password", NEW_PASSWORD + "x").press(status=422)
    assert page.errors == ["The two passwords differ."]


def test_password_fields_tell_managers_what_they_are_for(owner_browser: Browser) -> None:
    soup = owner_browser.open("/profile/password").soup
    found = {field["name"]: field["autocomplete"] for field in soup.select("input[autocomplete]")}
    assert found == {
        "current_password": "current-password",
        "username": "username",
        "new_password": "new-password",
        "repeated": "new-password",
    }


def test_without_a_platform_sender_the_page_says_whom_to_ask(browser: Browser) -> None:
    page = browser.open("/forgot-password")
    assert "no link can be mailed to you" in page.text
    assert "kbadmin users reset you@example.com" in page.text
    assert page.buttons == []


@both_databases
def test_the_printed_link_sets_a_password_once(app: Flask, account: OpenedAccount) -> None:
    old = factories.signed_in(app, account.owner)
    path = printed_link(app, account.owner.email)
    browser = Browser(app)
    page = browser.open(path)
    assert page.path == "/set-password"  # The token has left the address.
    assert account.owner.email in page.text
    browser.open(path)
    page = set_password(browser.open(path))
    assert page.path == "/"
    assert not is_signed_in(old)
    assert actions(browser)[0] == f"Password set with a link: {account.owner.email}"
    assert Browser(app).open(path, status=410).title == "This link no longer works"
    assert sign_in(Browser(app), account.owner.email, NEW_PASSWORD).path == "/"


def test_a_newer_link_ends_the_older_one(app: Flask, account: OpenedAccount) -> None:
    older, newer = printed_link(app, account.owner.email), printed_link(app, account.owner.email)
    Browser(app).open(older, status=410)
    Browser(app).open(newer)


def test_changing_the_password_ends_the_link(app: Flask, account: OpenedAccount, owner_browser: Browser) -> None:
    path = printed_link(app, account.owner.email)
    page = owner_browser.open("/profile/password")
    page.form("Change password").fill("Current Password", account.owner.password)
    set_password(page, button="Change password")
    Browser(app).open(path, status=410)


def test_a_made_up_link_says_where_to_get_one(browser: Browser) -> None:
    page = browser.open("/set-password/made-up", status=410)
    assert page.links["Get a new link"] == "/forgot-password"


def test_a_link_lets_in_whoever_guesses_are_held_back(app: Flask, browser: Browser, account: OpenedAccount) -> None:
    for _ in range(5):
        sign_in(browser, account.owner.email, "wrong password", status=422)
    sign_in(browser, account.owner.email, account.owner.password, status=429)
    assert set_password(browser.open(printed_link(app, account.owner.email))).path == "/"
    assert sign_in(Browser(app), account.owner.email, NEW_PASSWORD).path == "/"


def test_nobody_with_that_address_is_said_on_the_command_line(app: Flask) -> None:
    result = app.test_cli_runner().invoke(users, ["reset", "nobody@example.com"])
    assert result.exit_code == 1
    assert "There is nobody with the address nobody@example.com." in result.output


def test_the_answer_is_the_same_for_known_and_unknown_addresses(mailing: Flask) -> None:
    account = factories.open_account(mailing)
    answers = []
    for email in (account.owner.email, "nobody@example.com"):
        form = Browser(mailing).open("/forgot-password").form("Send link")
        answers.append(form.fill("E-mail Address", email).press().text.replace(email, "X"))
    assert answers[0] == answers[1]


def test_a_mailed_link_goes_to_the_stored_address_for_an_hour(
    clock: Clock, settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(dataclasses.replace(settings, system_smtp_url=SENDER))
    account = factories.open_account(app)
    form = Browser(app).open("/forgot-password").form("Send link")
    form.fill("E-mail Address", account.owner.email.upper()).press()
    assert mails(app, account) == []  # The request itself does the same work for everybody.
    factories.Worker(app).drain()
    [(kind, recipient, text)] = mails(app, account)
    assert (kind, recipient) == ("user_reset", account.owner.email)
    path = "/set-password/" + text.partition("/set-password/")[2].split()[0]
    clock.advance(minutes=59)
    Browser(app).open(path)
    clock.advance(minutes=1)
    Browser(app).open(path, status=410)


def test_asking_for_links_again_and_again_sends_three_an_hour(mailing: Flask) -> None:
    account = factories.open_account(mailing)
    worker = factories.Worker(mailing)
    for _ in range(5):
        form = Browser(mailing).open("/forgot-password").form("Send link")
        form.fill("E-mail Address", account.owner.email).press()
        worker.drain()
    assert len(mails(mailing, account)) == 3


def test_a_person_is_told_that_their_password_has_changed(mailing: Flask) -> None:
    account = factories.open_account(mailing)
    set_password(Browser(mailing).open(printed_link(mailing, account.owner.email)))
    [(kind, recipient, text)] = mails(mailing, account)
    assert (kind, recipient) == ("password_changed", account.owner.email)
    assert NEW_PASSWORD not in text


@both_databases
def test_of_many_who_use_a_link_at_once_one_succeeds(app: Flask, account: OpenedAccount) -> None:
    token = printed_link(app, account.owner.email).rpartition("/")[2]
    outcomes: list[str] = []

    def use() -> None:
        with app.test_request_context():
            try:
                password_changes.set_password_with_link(token, NEW_PASSWORD, visitor=Visitor())
                db.session.commit()
                outcomes.append("in")
            except password_changes.DeadLink:
                outcomes.append("dead")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=use) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["dead"] * 49 + ["in"]
