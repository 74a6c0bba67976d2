"""Makers of what many tests need: an account, people in it, a signed-in browser, the background work.

They return plain values. Do not hold an application context open while a browser is used: both would share
one database session. :func:`inside` looks into the rows of one account and closes behind itself.
"""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event

from kbadmin import clock, engine
from kbadmin.access import Role
from kbadmin.accounts.models import Account
from kbadmin.database import db, unit_of_work
from kbadmin.email_addresses import comparable
from kbadmin.encryption import fingerprint, new_token
from kbadmin.tenancy import enter
from kbadmin.users.models import Membership, User, UserSession
from tests.browser import Browser

PASSWORD = "correct-horse-battery-staple"
_HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with a membership, and the password they type."""

    id: uuid.UUID
    email: str
    name: str
    account_id: uuid.UUID
    membership_id: uuid.UUID
    password: str = field(default=PASSWORD, repr=False)


@dataclass(frozen=True)
class OpenedAccount:
    """A company and its owner."""

    id: uuid.UUID
    name: str
    slug: str
    owner: Person


def open_account(app: Flask, name: str = "Acme") -> OpenedAccount:
    """A new account with an owner, ``owner@<slug>.example``."""
    slug = f"{name.lower().replace(' ', '-')}-{next(_numbers)}"
    with app.app_context(), unit_of_work():
        opened = Account(name=name, slug=slug)
        db.session.add(opened)
        db.session.flush()
        account_id = opened.id
    owner = _add(app, account_id, Role.OWNER, email=f"owner@{slug}.example.com", name="Olive Owner")
    return OpenedAccount(account_id, name, slug, owner)


def add_person(
    app: Flask,
    account: OpenedAccount,
    role: Role | str = Role.EDITOR,
    *,
    email: str | None = None,
    name: str = "",
    **grants: bool,
) -> Person:
    """A person of this account; ``add_person(app, account, "none", manages_smtp=True)`` administers IT."""
    role = Role(role)
    email = email or f"{role}-{next(_numbers)}@{account.slug}.example.com"
    return _add(app, account.id, role, email=email, name=name or f"{role.value.title()} Person", **grants)


def _add(app: Flask, account_id: uuid.UUID, role: Role, *, email: str, name: str, **grants: Any) -> Person:
    with inside(app, account_id), unit_of_work():
        user = db.session.query(User).filter_by(email_key=comparable(email)).one_or_none()
        if user is None:
            user = User(email=email, email_key=comparable(email), name=name, password_hash=_HASHED)
            user.password_changed_at = clock.now()
            db.session.add(user)
            db.session.flush()
        member = Membership(user_id=user.id, role=role, joined_at=clock.now(), **grants)
        db.session.add(member)
        db.session.flush()
        return Person(user.id, email, name, account_id, member.id)


def sign_in(browser: Browser, person: Person) -> Browser:
    """Sign this browser in without passing the sign-in page, which has tests of its own."""
    token = new_token()
    with browser.app.app_context(), unit_of_work():
        db.session.add(
            UserSession(
                fingerprint=fingerprint(token),
                user_id=person.id,
                account_id=person.account_id,
                expires_at=clock.now() + timedelta(hours=12),
            )
        )
    browser.client.set_cookie("kbadmin-user", token, domain="localhost")
    browser.must_not_show(token, person.password)
    return browser


def signed_in(app: Flask, person: Person) -> Browser:
    """A new browser, signed in as this person."""
    return sign_in(Browser(app), person)


@contextmanager
def inside(app: Flask, account: OpenedAccount | uuid.UUID) -> Iterator[None]:
    """A context that has entered an account; read ``db.session``, write in ``unit_of_work()``."""
    with app.app_context():
        enter(account if isinstance(account, uuid.UUID) else account.id)
        yield


class Counted:
    """How many statements the database was sent."""

    total = 0


@contextmanager
def counting(app: Flask) -> Iterator[Counted]:
    """Count the statements of a block: pages cost the same few, however much there is."""
    counted = Counted()

    def one_more(*_: Any) -> None:
        counted.total += 1

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", one_more)
        try:
            yield counted
        finally:
            event.remove(db.engine, "before_cursor_execute", one_more)


class Worker:
    """Does the background work of an application, in this thread or in threads of its own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.engine = engine.of(app)

    def drain(self) -> int:
        """Do all that is queued, and what that queues, and count it. A task that raises fails the test."""
        done = 0
        while task := self.engine.huey.dequeue():
            task.execute()
            done += 1
        return done

    def sweep(self) -> None:
        """Run every sweep once."""
        for function in engine.SWEEPS:
            with self.app.app_context():
                function()

    def start(self) -> None:
        """Work in threads, as ``kbadmin work`` does; the application's fixture stops them."""
        self.engine.start(workers=1)
