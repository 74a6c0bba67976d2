"""An account that is read: a knowledge base of some size, readers by the thousand, and people of the admin."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert, text

from kbadmin import clock
from kbadmin.articles import markup
from kbadmin.articles.models import Article, ArticleStatus, Category, CategoryGroup
from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import db, new_id, unit_of_work
from kbadmin.encryption import fingerprint, new_token
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import Reader, ReaderGroup, ReaderGroupMember, ReaderSession
from kbadmin.tenancy import current_account
from kbadmin.users.models import User
from kbadmin.users.passwords import hasher

SHELVES, ON_EACH, USERS = 20, 25, 1_000
PASSWORD = "correct-horse-battery-staple"
_CHUNK = 5_000
_TEXT = "\n\n".join(
    f"## Step {number}\n\nOpen the **lid** and put the roll in, *labels facing down*. Then see [the guide](/guide).\n\n"
    "| Light | What it means |\n|---|---|\n| green | ready |\n| red | no roll |\n\n- Close the lid\n- Press **Power**"
    for number in range(8)
)


@dataclass(frozen=True)
class Library:
    """Where it is, and the cookie of a reader who is in half of its groups."""

    home: str
    article: str
    reader_cookie: str = field(repr=False)


def reader_email(number: int) -> str:
    """The address of a reader that :func:`fill` made."""
    return f"reader{number:06}@company{number % 97}.example.com"


def user_email(number: int) -> str:
    """The address of a person that :func:`fill` made."""
    return f"person{number:04}@example.com"


def fill(slug: str, readers: int) -> Library:
    """Make all of it in the account that was entered."""
    with unit_of_work():
        made = knowledge_bases.create(name="Help", time_zone="UTC", audience=Audience.PUBLIC, actor=COMMAND_LINE)
        groups = [ReaderGroup(name=f"Group {n}", name_key=f"group {n}") for n in range(10)]
        db.session.add_all(groups)
        db.session.flush()
        html = markup.render(_TEXT).html
        for number in range(SHELVES):
            _add_shelf(made.id, number, groups[number % len(groups)].id if number % 2 else None, html)
        _insert(Reader, _readers(readers, hasher().hash(PASSWORD)))
        ids = list(db.session.scalars(db.select(Reader.id).order_by(Reader.sort_key)))
        group_ids = [group.id for group in groups]
        _insert(ReaderGroupMember, _memberships(ids, group_ids))
        db.session.connection().execute(insert(User.__table__), _users(hasher().hash(PASSWORD)))
        cookie = _session(ids[0])
        slug_of_base = made.slug
    with unit_of_work():
        db.session.connection().execute(text("ANALYZE"))
    home = f"/kb/{slug}/{slug_of_base}"
    return Library(home, f"{home}/articles/article-0-3", cookie)


def _add_shelf(knowledge_base_id: uuid.UUID, number: int, group_id: uuid.UUID | None, html: str) -> None:
    shelf = Category(knowledge_base_id=knowledge_base_id, name=f"Shelf {number}", slug=f"shelf-{number}")
    shelf.position = number
    db.session.add(shelf)
    db.session.flush()
    if group_id:
        db.session.add(CategoryGroup(category_id=shelf.id, group_id=group_id))
    db.session.add_all(
        Article(
            knowledge_base_id=knowledge_base_id, category_id=shelf.id, title=f"Article {number} {place}",
            slug=f"article-{number}-{place}", summary="How it is done.", body=_TEXT, html=html, words=_TEXT,
            status=ArticleStatus.PUBLISHED, position=place,
        )
        for place in range(ON_EACH)
    )  # fmt: skip


def _readers(count: int, hashed: str) -> Iterator[dict[str, Any]]:
    now, account_id = clock.now(), current_account()
    for number in range(count):
        email, first, last = reader_email(number), f"Anna{number % 500}", f"Berg{number:06}"
        yield {
            "id": new_id(), "account_id": account_id, "email": email, "first_name": first, "last_name": last,
            **vars(keys_of(email, first, last)), "password_hash": hashed, "reads_everything": True, "status": "active",
            "created_at": now - timedelta(minutes=number), "updated_at": now,
        }  # fmt: skip


def _memberships(ids: list[uuid.UUID], groups: list[uuid.UUID]) -> Iterator[dict[str, Any]]:
    account_id = current_account()
    for number, reader_id in enumerate(ids):
        for group_id in groups[number % 2 :: 2] if number == 0 else groups[number % 10 : number % 10 + 2]:
            yield {"id": new_id(), "account_id": account_id, "reader_id": reader_id, "group_id": group_id}


def _users(hashed: str) -> list[dict[str, Any]]:
    return [
        {"id": new_id(), "email": user_email(n), "email_key": user_email(n), "name": "", "password_hash": hashed,
         "created_at": clock.now()}
        for n in range(USERS)
    ]  # fmt: skip


def _session(reader_id: uuid.UUID) -> str:
    token = new_token()
    row = ReaderSession(reader_id=reader_id, account_id=current_account(), fingerprint=fingerprint(token))
    row.expires_at = clock.now() + timedelta(hours=12)
    db.session.add(row)
    return token


def _insert(model: type[Any], rows: Iterator[dict[str, Any]]) -> None:
    while chunk := list(islice(rows, _CHUNK)):
        db.session.connection().execute(insert(model.__table__), chunk)
