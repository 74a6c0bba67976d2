"""What a knowledge base has to tell, and which of it somebody is told: what is called out, readable and subscribed to.

A :class:`Board` is loaded once and asked for many people. Who may read what is decided by
:mod:`kbadmin.articles.visibility` alone, as on the page.
"""

import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select

from kbadmin import clock
from kbadmin.articles.branches import Branches
from kbadmin.articles.models import Article, ArticleGroup, Callout, Category
from kbadmin.articles.visibility import STRANGER, Groups, Viewer, is_published, satisfies, tree_of
from kbadmin.database import db
from kbadmin.knowledge_bases.models import GroupRule, KnowledgeBase
from kbadmin.subscriptions.models import Subscription, Target

MOST_REMEMBERED = 10_000  # views; a million readers with subscriptions of their own must not fill the memory


@dataclass(frozen=True)
class Item:
    """An article that is new or updated: what a digest says of it, and what decides who may read it."""

    id: uuid.UUID
    title: str
    slug: str
    callout: Callout
    note: str  # what changed, or else what it is about
    category: str | None
    category_id: uuid.UUID | None
    groups: Groups
    callout_at: datetime
    callout_until: datetime | None


class Wish(NamedTuple):
    """What one subscription is to, without whose it is."""

    target: str
    thing_id: uuid.UUID | None = None
    with_subcategories: bool = True


Wishes = frozenset[Wish]
NO_WISHES: Wishes = frozenset()
EVERYTHING: Wishes = frozenset([Wish(Target.KNOWLEDGE_BASE)])


def wishes_of(subscriptions: Iterable[Subscription]) -> Wishes:
    """Subscriptions as they are compared."""
    return frozenset(
        Wish(one.target, one.category_id or one.article_id, one.with_subcategories) for one in subscriptions
    )


def items_for(
    knowledge_base: KnowledgeBase,
    viewer: Viewer,
    subscriptions: Iterable[Subscription],
    *,
    since: datetime,
    until: datetime,
) -> list[Item]:
    """What one person would be told of callouts later than ``since`` and at ``until`` at the latest."""
    return list(Board(knowledge_base, until).told(viewer, wishes_of(subscriptions), since=since))


class Board:
    """Everything a knowledge base has to tell at a moment, the oldest callout first; five queries."""

    def __init__(self, knowledge_base: KnowledgeBase, until: datetime) -> None:
        self.knowledge_base = knowledge_base
        self.version = knowledge_base.visibility_version
        self.tree = tree_of(knowledge_base)
        self.items = _called_out(knowledge_base, until)
        branches = Branches(self.tree.parents)
        self._ways = {one.id: frozenset(branches.way_to(one.category_id)) for one in self.items}
        #: The groups that anything here asks for.
        self.asked_groups: Groups = frozenset().union(
            *self.tree.restrictions.values(), *(one.groups for one in self.items)
        )
        self._views: dict[tuple[Groups, Wishes], _View] = {}
        self._kinds: dict[tuple[Groups, bool], Viewer | None] = {}
        self._doors: dict[Viewer, tuple[bool, Viewer]] = {}

    def told(self, viewer: Viewer, wishes: Wishes, *, since: datetime) -> tuple[Item, ...]:
        """What this person is told, the newest first."""
        door = self._doors.get(viewer)
        if door is None:
            door = self._doors[viewer] = viewer.may_enter(self.knowledge_base), viewer.belongs(self.knowledge_base)
        may_enter, as_whom = door
        if not may_enter:
            return ()
        view = self._view(as_whom.groups, wishes)
        return view.since(bisect_right(view.moments, since))

    def viewer(self, groups: Groups, *, has_access: bool) -> Viewer | None:
        """A reader like this one, or a stranger; none if the knowledge base does not open for such a one."""
        key = groups, has_access
        if key not in self._kinds:
            here = frozenset([self.knowledge_base.id])
            one = Viewer(groups=groups, is_active=True, knowledge_bases=here) if has_access else STRANGER
            self._kinds[key] = one if one.may_enter(self.knowledge_base) else None
        return self._kinds[key]

    def _view(self, groups: Groups, wishes: Wishes) -> "_View":
        found = self._views.get((groups, wishes))
        if found is None:
            if len(self._views) >= MOST_REMEMBERED:
                self._views.clear()
            items = [one for one in self._readable(groups) if any(self._fits(one, wish) for wish in wishes)]
            found = self._views[groups, wishes] = _View(items)
        return found

    def _readable(self, groups: Groups) -> list[Item]:
        is_open, rule = self.tree.open_to(groups), GroupRule(self.knowledge_base.group_rule)
        return [
            one
            for one in self.items
            if (one.category_id is None or one.category_id in is_open) and satisfies(groups, one.groups, rule)
        ]

    def _fits(self, item: Item, wish: Wish) -> bool:
        match wish.target:
            case Target.ARTICLE:
                return item.id == wish.thing_id
            case Target.CATEGORY if wish.with_subcategories:
                return wish.thing_id in self._ways[item.id]
            case Target.CATEGORY:
                return item.category_id == wish.thing_id
        return True


class _View:
    """What somebody may read and subscribed to, the oldest callout first; and, once asked for, the end of it."""

    def __init__(self, items: list[Item]) -> None:
        self.items, self.moments = items, [one.callout_at for one in items]
        self._ends: dict[int, tuple[Item, ...]] = {}

    def since(self, first: int) -> tuple[Item, ...]:
        """From this one on, the newest first: one and the same list for everybody who is told of it."""
        if first not in self._ends:
            self._ends[first] = tuple(reversed(self.items[first:]))
        return self._ends[first]


def _called_out(knowledge_base: KnowledgeBase, until: datetime) -> tuple[Item, ...]:
    columns = select(
        Article.id, Article.title, Article.slug, Article.callout, Article.change_note, Article.summary,
        Article.category_id, Category.name, Article.callout_at, Article.callout_until,
    )  # fmt: skip
    query = columns.outerjoin(Category, Category.id == Article.category_id).where(
        Article.knowledge_base_id == knowledge_base.id,
        is_published(),
        Article.callout.is_not(None),
        Article.callout_at <= until,
        or_(Article.callout_until.is_(None), Article.callout_until > clock.now()),
    )
    rows = db.session.execute(query.order_by(Article.callout_at, Article.id)).all()
    groups = _groups_of([row.id for row in rows])
    return tuple(
        Item(
            id=row.id,
            title=row.title,
            slug=row.slug,
            callout=Callout(row.callout),
            note=row.change_note or row.summary,
            category=row.name,
            category_id=row.category_id,
            groups=frozenset(groups.get(row.id, ())),
            callout_at=row.callout_at,
            callout_until=row.callout_until,
        )
        for row in rows
    )


def _groups_of(article_ids: list[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    query = select(ArticleGroup.article_id, ArticleGroup.group_id).where(ArticleGroup.article_id.in_(article_ids))
    for article_id, group_id in db.session.execute(query):
        found[article_id].add(group_id)
    return found
