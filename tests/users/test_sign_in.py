"""Signing in and out: what a person sees, what an attacker gets."""

import dataclasses

import pytest
from flask import Flask

from kbadmin.database import db, unit_of_work
from kbadmin.users import passwords
from kbadmin.users.models import User
from tests import factories
from tests.browser import Browser, Page
from tests.factories import OpenedAccount, Person, inside

SAME_SENTENCE = "This e-mail address and password do not belong together. Check both, or set a new password."


def sign_in(browser: Browser, email: str, password: str, *, path: str = "/sign-in", status: int | None = None) -> Page:
    form = browser.open(path).form("Sign in")
    return form.fill("E-mail Address", email).fill("Password", password).press(status=status)


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


def test_a_person_signs_in_and_sees_home(browser: Browser, account: OpenedAccount) -> None:
    page = sign_in(browser, account.owner.email, account.owner.password)
    assert page.path == "/"
    assert page.title == "Home"
    assert "Acme" in page.text


def test_the_address_may_be_typed_in_other_letters(browser: Browser, account: OpenedAccount) -> None:
    assert sign_in(browser, f" {account.owner.email.upper()} ", account.owner.password).path == "/"


def test_unknown_people_and_wrong_passwords_get_the_same_sentence(browser: Browser, account: OpenedAccount) -> None:
    wrong = sign_in(browser, account.owner.email, "not the password", status=422)
    unknown = sign_in(browser, "nobody@example.com", "not the password", status=422)
    nonsense = sign_in(browser, "no address at all", "not the password", status=422)
    assert SAME_SENTENCE in wrong.text
    texts = {page.text.replace(account.owner.email, "X") for page in (wrong, unknown, nonsense)}
    assert len(texts) == 1


def test_somebody_unknown_costs_exactly_one_comparison_as_a_wrong_password_does(app: Flask, account: OpenedAccount) -> None:
    counting = CountingHasher()
    app.extensions[passwords.EXTENSION] = counting
    sign_in(Browser(app), account.owner.email, "wrong password", status=422)
    sign_in(Browser(app), "nobody@example.com", "wrong password", status=422)
    sign_in(Browser(app), "no address", "wrong password", status=422)
    assert [stored is None for stored in counting.verified] == [False, True, True]
    assert counting.hashed == 0


def test_a_person_who_never_set_a_password_cannot_sign_in(app: Flask, account: OpenedAccount, browser: Browser) -> None:
    with inside(app, account), unit_of_work():
        db.session.get_one(User, account.owner.id).password_hash = None
    assert SAME_SENTENCE in sign_in(browser, account.owner.email, "anything at all", status=422).text
