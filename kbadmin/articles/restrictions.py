"""Which reader groups a category or an article is for: read, written, and told in words."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from kbadmin.articles.models import Article, ArticleGroup, Category, CategoryGroup
from kbadmin.articles.writing import Gone
from kbadmin.database import db
from kbadmin.readers.models import ReaderGroup

Groups = frozenset[uuid.UUID]

_ROWS: dict[type[Any], tuple[type[Any], str]] = {
    Article: (ArticleGroup, "article_id"),
    Category: (CategoryGroup, "category_id"),
}


def all_groups() -> list[ReaderGroup]:
    """The account's reader groups by name."""
    return list(db.session.scalars(select(ReaderGroup).order_by(ReaderGroup.name_key)))


def groups_of(thing: Article | Category) -> Groups:
    """The groups that an article or a category itself asks for."""
    model, owner = _ROWS[type(thing)]
    return frozenset(db.session.scalars(select(model.group_id).where(getattr(model, owner) == thing.id)))


def names_by_thing(model: type[Article] | type[Category], ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """For each of these articles or categories that is restricted: the names of its groups, in one query."""
    rows, owner = _ROWS[model]
    query = (
        select(getattr(rows, owner), ReaderGroup.name)
        .join(ReaderGroup, ReaderGroup.id == rows.group_id)
        .where(getattr(rows, owner).in_(list(ids)))
        .order_by(ReaderGroup.name_key)
    )
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for thing_id, name in db.session.execute(query):
        found[thing_id].append(name)
    return found


def restrict(thing: Article | Category, groups: Groups) -> str | None:
    """Let an article or a category ask for these groups and no others.

    Returns the change in words, or nothing if there is none. Raises :class:`Gone` for a group that is not there: to
    leave it out would open what was to be closed.
    """
    before = groups_of(thing)
    if before == groups:
        return None
    known = select(ReaderGroup.id, ReaderGroup.name).where(ReaderGroup.id.in_(before | groups))
    names = {row.id: row.name for row in db.session.execute(known)}
    if not groups <= set(names):
        raise Gone("a reader group is gone")
    model, owner = _ROWS[type(thing)]
    gone = select(model).where(getattr(model, owner) == thing.id, model.group_id.in_(before - groups))
    for row in db.session.scalars(gone):
        db.session.delete(row)
    db.session.add_all(model(**{owner: thing.id, "group_id": group_id}) for group_id in sorted(groups - before))
    db.session.flush()
    return f"{_in_words(before, names)} → {_in_words(groups, names)}"


def _in_words(groups: Groups, names: dict[uuid.UUID, str]) -> str:
    return ", ".join(sorted(names[group_id] for group_id in groups if group_id in names)) or "everybody"
