"""Something to read, and readers: a knowledge base with a public shelf and one for a group, a reader in and one out."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from flask import Flask

from kbadmin import clock
from kbadmin.articles.models import Article, ArticleGroup, ArticleStatus, Category, CategoryGroup
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.email_addresses import comparable
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroup, ReaderGroupMember
from tests.browser import Browser, Page
from tests.factories import OpenedAccount, inside

PASSWORD = "correct-horse-battery-staple"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Made:
    """A reader, and the password they type."""

    id: uuid.UUID
    email: str
    password: str = field(default=PASSWORD, repr=False)


class Library:
    """Makes what stands in one account; answers ids and addresses."""

    def __init__(self, app: Flask, account: OpenedAccount) -> None:
        self.app, self.account = app, account
        self.home = f"/kb/{account.slug}"

    def knowledge_base(self, name: str = "Help", *, audience: Audience = Audience.READERS, **values: Any) -> uuid.UUID:
        with inside(self.app, self.account), unit_of_work():
            made = operations.create(name=name, time_zone="UTC", audience=audience, actor=Actor(None, "test"))
            for column, value in values.items():
                setattr(made, column, value)
            return made.id

    def category(self, kb: uuid.UUID, name: str, *, parent: uuid.UUID | None = None, groups: Any = ()) -> uuid.UUID:
        with inside(self.app, self.account), unit_of_work():
            made = Category(knowledge_base_id=kb, parent_id=parent, name=name, slug=slug_of(name))
            db.session.add(made)
            db.session.flush()
            db.session.add_all([CategoryGroup(category_id=made.id, group_id=group) for group in groups])
            return made.id

    def article(
        self, kb: uuid.UUID, title: str, *, category: uuid.UUID | None = None, groups: Any = (), **values: Any
    ) -> uuid.UUID:
        usual = {
            "slug": slug_of(title),
            "status": ArticleStatus.PUBLISHED,
            "html": f"<p>Text of {title}.</p>",
            "words": f"Text of {title}.",
        }
        with inside(self.app, self.account), unit_of_work():
            made = Article(knowledge_base_id=kb, category_id=category, title=title, **(usual | values))
            db.session.add(made)
            db.session.flush()
            db.session.add_all([ArticleGroup(article_id=made.id, group_id=group) for group in groups])
            return made.id

    def group(self, name: str) -> uuid.UUID:
        with inside(self.app, self.account), unit_of_work():
            made = ReaderGroup(name=name, name_key=name.casefold())
            db.session.add(made)
            db.session.flush()
            return made.id

    def reader(self, email: str = "", *, groups: Any = (), access: Any = None, **values: Any) -> Made:
        email = email or f"reader-{next(_numbers)}@example.com"
        usual = {"password_hash": HASHED, "reads_everything": access is None, "sort_key": email}
        with inside(self.app, self.account), unit_of_work():
            made = Reader(
                email=email, email_key=comparable(email), email_domain=email.partition("@")[2], **(usual | values)
            )
            db.session.add(made)
            db.session.flush()
            db.session.add_all([ReaderGroupMember(group_id=group, reader_id=made.id) for group in groups])
            db.session.add_all([ReaderAccess(knowledge_base_id=kb, reader_id=made.id) for kb in access or ()])
            return Made(made.id, email)

    def change(self, model: type[Any], row_id: uuid.UUID, **values: Any) -> None:
        with inside(self.app, self.account), unit_of_work():
            for column, value in values.items():
                setattr(db.session.get_one(model, row_id), column, value)

    def signed_in(self, reader: Made) -> Browser:
        """A new browser in which this reader has signed in."""
        browser = Browser(self.app)
        sign_in(browser, f"{self.home}/sign-in", reader.email, reader.password)
        browser.must_not_show(cookie_of(browser), reader.password)
        return browser


def sign_in(browser: Browser, path: str, email: str, password: str, *, status: int | None = None) -> Page:
    """Open a page that leads to signing in, fill it in, send it."""
    form = browser.open(path).form("Sign in")
    return form.fill("E-mail Address", email).fill("Password", password).press(status=status)


def cookie_of(browser: Browser) -> str:
    found = browser.client.get_cookie("kbadmin-reader", domain="localhost")
    return found.value if found else ""


def slug_of(text: str) -> str:
    return "-".join(text.lower().split())


def in_future(**units: float) -> datetime:
    return clock.now() + timedelta(**units)
