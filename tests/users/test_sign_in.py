"""Signing in and out: what a person sees, and what whoever guesses gets."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, Literal

import pytest
from argon2 import PasswordHasher
from flask import Flask

from kbadmin.config import Settings
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import fingerprint
from kbadmin.users import passwords
from kbadmin.users.models import User, UserSession
from tests import factories
from tests.browser import Browser
from tests.conftest import Clock
from tests.databases import both_databases
from tests.factories import OpenedAccount, inside
from tests.users.pages import NEW_PASSWORD, actions, is_signed_in, sign_in

SAME_SENTENCE = "This e-mail address and password do not belong together. Check both, or set a new password."


class CountingHasher:
    """Hashes nothing, and counts how often it was asked."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []
        self.hashed = 0

    def hash(self, password: str) -> str:
        self.hashed += 1
        return f"plain:{password}"

    def verify(self, stored: str | None, password: str) -> bool:
        self.verified.append(stored)
        return False

    def is_outdated(self, stored: str) -> bool:
        return False


def cookie_of(browser: Browser) -> str:
    found = browser.client.get_cookie("kbadmin-user", domain="localhost")
    return found.value if found else ""


@both_databases
def test_a_person_signs_in_and_sees_home(browser: Browser, account: OpenedAccount) -> None:
    page = sign_in(browser, account.owner.email, account.owner.password)
    assert (page.path, page.title) == ("/", "Home")
    assert account.name in page.text


def test_the_address_may_be_typed_in_other_letters(browser: Browser, account: OpenedAccount) -> None:
    assert sign_in(browser, f" {account.owner.email.upper()} ", account.owner.password).path == "/"


def test_unknown_people_and_wrong_passwords_get_the_same_page(browser: Browser, account: OpenedAccount) -> None:
    texts = set()
    for email in (account.owner.email, "nobody@example.com", "no address at all"):
        texts.add(sign_in(browser, email, "not the password", status=422).text)
    assert len(texts) == 1
    assert SAME_SENTENCE in texts.pop()


def test_somebody_unknown_costs_one_comparison_as_a_wrong_password_does(app: Flask, account: OpenedAccount) -> None:
    app.extensions[passwords.EXTENSION] = counting = CountingHasher()
    for email in (account.owner.email, "nobody@example.com", "no address"):
        sign_in(Browser(app), email, "wrong password", status=422)
    assert [stored is None for stored in counting.verified] == [False, True, True]
    assert counting.hashed == 0


def test_comparing_with_nobody_hashes_as_comparing_with_somebody_does() -> None:
    class Counting(PasswordHasher):
        compared: ClassVar[list[str]] = []

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - theirs
            self.compared.append(str(hash)[:30])
            return super().verify(hash, password)

    hasher = passwords.Argon2(Counting(time_cost=1, memory_cost=8, parallelism=1))
    assert hasher.verify(hasher.hash("somebody's password"), "wrong password") is False
    assert hasher.verify(None, "wrong password") is False
    parameters = "$argon2id$v=19$m=8,t=1,p=1$"
    assert [found.startswith(parameters) for found in Counting.compared] == [True, True]


def test_who_never_set_a_password_cannot_sign_in(app: Flask, account: OpenedAccount, browser: Browser) -> None:
    with inside(app, account), unit_of_work():
        db.session.get_one(User, account.owner.id).password_hash = None
    assert SAME_SENTENCE in sign_in(browser, account.owner.email, "anything at all", status=422).text


def test_empty_fields_are_named(browser: Browser) -> None:
    page = sign_in(browser, "", "", status=422)
    assert page.errors == ["Enter your e-mail address.", "Enter your password."]


def test_a_password_is_stored_anew_when_the_cost_was_raised(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    limits = dataclasses.replace(settings.limits, argon2_rounds=2)
    app = make_app(dataclasses.replace(settings, limits=limits))
    account = factories.open_account(app)
    for _ in range(2):
        sign_in(Browser(app), account.owner.email, account.owner.password)
        with inside(app, account):
            stored = db.session.get_one(User, account.owner.id).password_hash
            assert stored is not None
            assert "$argon2id$" in stored
            assert "t=2," in stored


def test_five_wrong_passwords_make_one_wait_and_the_right_one_works_after(
    browser: Browser, account: OpenedAccount, clock: Clock
) -> None:
    for _ in range(5):
        sign_in(browser, account.owner.email, "wrong password", status=422)
    page = sign_in(browser, account.owner.email, account.owner.password, status=429)
    assert "Wait 15 min, then sign in with the right password, or set a new one now." in page.text
    assert page.response.headers["Retry-After"] == "900"
    clock.advance(minutes=10)
    sign_in(browser, account.owner.email, account.owner.password, status=429)
    clock.advance(minutes=5, seconds=1)
    assert sign_in(browser, account.owner.email, account.owner.password).path == "/"


def test_being_told_to_wait_does_not_tell_whether_a_person_exists(browser: Browser, account: OpenedAccount) -> None:
    for email in (account.owner.email, "nobody@example.com"):
        for _ in range(5):
            sign_in(browser, email, "wrong password", status=422)
        sign_in(browser, email, "wrong password", status=429)


def test_a_success_forgets_the_failures_before_it(browser: Browser, account: OpenedAccount) -> None:
    for _ in range(3):
        for _ in range(4):
            sign_in(Browser(browser.app), account.owner.email, "wrong password", status=422)
        sign_in(Browser(browser.app), account.owner.email, account.owner.password)


def test_twenty_failures_from_one_network_address_make_it_wait(app: Flask, account: OpenedAccount) -> None:
    for number in range(20):
        sign_in(Browser(app), f"person-{number}@example.com", "wrong password", status=422)
    sign_in(Browser(app), account.owner.email, account.owner.password, status=429)


def test_one_is_taken_to_the_page_one_asked_for(browser: Browser, account: OpenedAccount) -> None:
    asked = browser.open("/profile/sessions")
    assert asked.title == "Sign in"
    form = asked.form("Sign in").fill("E-mail Address", account.owner.email)
    assert form.fill("Password", account.owner.password).press().path == "/profile/sessions"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/%09/evil.example",
        "/%5cevil.example",
        "/a\tb",
    ],
)
def test_nobody_is_taken_elsewhere(browser: Browser, account: OpenedAccount, target: str) -> None:
    page = browser.open("/sign-in").form("Sign in")
    page.forge("next", target)
    done = page.fill("E-mail Address", account.owner.email).fill("Password", account.owner.password).press()
    assert (done.location, done.path) == (None, "/")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser, account: OpenedAccount) -> None:
    form = browser.open("/sign-in").form("Sign in").fill("E-mail Address", account.owner.email)
    page = form.fill("Password", account.owner.password).press(follow=False)
    cookie = next(c for c in page.response.headers.getlist("Set-Cookie") if c.startswith("kbadmin-user="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age" not in cookie
    assert len(cookie_of(browser)) >= 43


def test_over_https_the_cookie_is_bound_to_the_host(settings: Settings, make_app: Callable[[Settings], Flask]) -> None:
    app = make_app(dataclasses.replace(settings, base_url="https://localhost"))
    account = factories.open_account(app)
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost").get_data(as_text=True)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "email": account.owner.email, "password": account.owner.password}
    headers = {"Referer": "https://localhost/sign-in"}
    answer = client.post("/sign-in", base_url="https://localhost", data=data, headers=headers)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-kbadmin-user="))
    assert answer.status_code == 303
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_only_the_fingerprint_of_a_token_is_stored(app: Flask, browser: Browser, account: OpenedAccount) -> None:
    sign_in(browser, account.owner.email, account.owner.password)
    token = cookie_of(browser)
    with app.app_context():
        row = db.session.query(UserSession).one()
        assert row.fingerprint == fingerprint(token)
        assert token not in repr(vars(row))


def test_a_token_planted_before_signing_in_is_worth_nothing_after(browser: Browser, account: OpenedAccount) -> None:
    browser.client.set_cookie("kbadmin-user", "planted-by-somebody-else", domain="localhost")
    sign_in(browser, account.owner.email, account.owner.password)
    assert cookie_of(browser) != "planted-by-somebody-else"
    planted = Browser(browser.app)
    planted.client.set_cookie("kbadmin-user", "planted-by-somebody-else", domain="localhost")
    assert not is_signed_in(planted)


def test_signing_out_ends_the_session_on_the_server_too(browser: Browser, account: OpenedAccount) -> None:
    page = sign_in(browser, account.owner.email, account.owner.password)
    token = cookie_of(browser)
    left = page.press("Sign out", follow=False, status=303)
    assert left.response.headers["Clear-Site-Data"] == '"cache"'
    assert browser.open("/sign-in").messages == ["You are signed out."]
    thief = Browser(browser.app)
    thief.client.set_cookie("kbadmin-user", token, domain="localhost")
    assert not is_signed_in(thief)


def test_signing_out_needs_the_button(owner_browser: Browser) -> None:
    owner_browser.open("/sign-out", status=405)
    owner_browser.post("/sign-out", status=400)
    assert is_signed_in(owner_browser)


def test_signing_in_and_out_stands_in_the_audit_log(browser: Browser, account: OpenedAccount) -> None:
    sign_in(browser, account.owner.email, account.owner.password).press("Sign out")
    sign_in(browser, account.owner.email, account.owner.password)
    email = account.owner.email
    assert actions(browser)[:3] == [f"Signed in: {email}", f"Signed out: {email}", f"Signed in: {email}"]


def test_a_wrong_password_appears_in_no_page_and_no_row(app: Flask, browser: Browser, account: OpenedAccount) -> None:
    browser.must_not_show(NEW_PASSWORD)
    sign_in(browser, account.owner.email, NEW_PASSWORD, status=422)
    with app.app_context():
        dump = "".join(str(row) for row in db.session.connection().connection.iterdump())  # type: ignore[attr-defined]
    assert NEW_PASSWORD not in dump
