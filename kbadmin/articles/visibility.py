"""Who may see what of a knowledge base: the one place that decides, for pages, search and digests alike.

Three questions, all of which must be answered with yes:

- May the viewer enter? A public knowledge base is open to everybody, the other kind to active readers with access.
- Is each category on the way open? A restricted one asks for its groups, and so do all above it.
- Is the article published by now, and open by its own restriction?

What a restriction to several groups means (any of them, all of them) is a setting of the knowledge base. A title is
content, too: what may not be read is not listed, not counted and not found.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from kbadmin import clock
from kbadmin.articles.models import Article, ArticleGroup, ArticleStatus, Category, CategoryGroup
from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience, Front, GroupRule, KnowledgeBase
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus

Groups = frozenset[uuid.UUID]
Parents = Mapping[uuid.UUID, uuid.UUID | None]


@dataclass(frozen=True)
class Viewer:
    """Whoever looks: a reader with their groups, or a stranger."""

    reader_id: uuid.UUID | None = None
    groups: Groups = frozenset()
    is_active: bool = False
    reads_everything: bool = False
    knowledge_bases: frozenset[uuid.UUID] = frozenset()

    def may_enter(self, knowledge_base: Front) -> bool:
        """Whether the knowledge base opens for them at all."""
        if knowledge_base.is_archived or knowledge_base.deleted_at is not None:
            return False
        return knowledge_base.audience == Audience.PUBLIC or self._has_access(knowledge_base.id)

    def belongs(self, knowledge_base: Front) -> "Viewer":
        """As which this person looks at it: groups count only where the reader has access."""
        return self if self._has_access(knowledge_base.id) else STRANGER

    def _has_access(self, knowledge_base_id: uuid.UUID) -> bool:
        return self.is_active and (self.reads_everything or knowledge_base_id in self.knowledge_bases)


STRANGER = Viewer()


def viewer_of(reader: Reader) -> Viewer:
    """A reader as a viewer; two queries."""
    groups = select(ReaderGroupMember.group_id).where(ReaderGroupMember.reader_id == reader.id)
    access = select(ReaderAccess.knowledge_base_id).where(ReaderAccess.reader_id == reader.id)
    return Viewer(
        reader_id=reader.id,
        groups=frozenset(db.session.scalars(groups)),
        is_active=reader.status == ReaderStatus.ACTIVE and reader.deleted_at is None,
        reads_everything=reader.reads_everything,
        knowledge_bases=frozenset(db.session.scalars(access)),
    )


@dataclass(frozen=True)
class Tree:
    """The categories of one knowledge base with their restrictions; enough to decide for any viewer."""

    rule: GroupRule
    parents: Parents
    restrictions: Mapping[uuid.UUID, Groups] = field(default_factory=dict)

    def open_to(self, groups: Groups) -> frozenset[uuid.UUID]:
        """The categories that somebody with these groups may open."""
        decided: dict[uuid.UUID, bool] = {}
        for category_id in self.parents:
            self._decide(category_id, groups, decided)
        return frozenset(category_id for category_id, is_open in decided.items() if is_open)

    def _decide(self, category_id: uuid.UUID, groups: Groups, decided: dict[uuid.UUID, bool]) -> None:
        """From the top down, without recursion: a tree may be as deep as somebody made it."""
        way: list[uuid.UUID] = []
        here: uuid.UUID | None = category_id
        while here is not None and here not in decided:
            if here in way or here not in self.parents:  # A circle or a lost parent: nobody can say who may see it.
                decided.update(dict.fromkeys(way, False))
                return
            way.append(here)
            here = self.parents[here]
        for step in reversed(way):
            parent = self.parents[step]
            is_open = parent is None or decided[parent]
            decided[step] = is_open and satisfies(groups, self.restrictions.get(step, frozenset()), self.rule)

    @cached_property
    def is_restricted(self) -> bool:
        """Whether any category asks for a group."""
        return any(self.restrictions.values())


def satisfies(groups: Groups, asked: Iterable[uuid.UUID], rule: GroupRule) -> bool:
    """Whether these groups meet a restriction; one without groups restricts nothing."""
    wanted = frozenset(asked)
    if not wanted:
        return True
    return bool(wanted & groups) if rule == GroupRule.ANY else wanted <= groups


def tree_of(knowledge_base: KnowledgeBase, parents: Parents | None = None) -> Tree:
    """The categories and their restrictions, in two queries; in one for whoever has read the categories already."""
    if parents is None:
        categories = select(Category.id, Category.parent_id).where(Category.knowledge_base_id == knowledge_base.id)
        parents = {row.id: row.parent_id for row in db.session.execute(categories)}
    asked = (
        select(CategoryGroup.category_id, CategoryGroup.group_id)
        .join(Category, Category.id == CategoryGroup.category_id)
        .where(Category.knowledge_base_id == knowledge_base.id)
    )
    restrictions: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for category_id, group_id in db.session.execute(asked):
        restrictions[category_id].add(group_id)
    return Tree(
        rule=GroupRule(knowledge_base.group_rule),
        parents=parents,
        restrictions={category_id: frozenset(groups) for category_id, groups in restrictions.items()},
    )


def open_categories(
    knowledge_base: KnowledgeBase, viewer: Viewer, *, parents: Parents | None = None
) -> frozenset[uuid.UUID]:
    """The categories that this viewer may open; none at all if they may not enter.

    Whoever has read all categories already hands over the parent of each, and nothing is asked twice.
    """
    if not viewer.may_enter(knowledge_base):
        return frozenset()
    return tree_of(knowledge_base, parents).open_to(viewer.belongs(knowledge_base).groups)


def readable(
    knowledge_base: KnowledgeBase, viewer: Viewer, *, categories: frozenset[uuid.UUID] | None = None
) -> ColumnElement[bool]:
    """What a query on :class:`Article` must ask for, so that it finds exactly what this viewer may read now.

    Whoever knows the :func:`open_categories` already hands them over, and nothing is asked twice.
    """
    if not viewer.may_enter(knowledge_base):
        return Article.id.is_(None)
    groups = viewer.belongs(knowledge_base).groups
    if categories is None:
        categories = tree_of(knowledge_base).open_to(groups)
    return and_(
        Article.knowledge_base_id == knowledge_base.id,
        is_published(),
        or_(Article.category_id.is_(None), Article.category_id.in_(categories)),
        _open_by_itself(groups, GroupRule(knowledge_base.group_rule)),
    )


def is_published() -> ColumnElement[bool]:
    """Published, or scheduled for a time that has come: nobody has to wait for the sweep."""
    has_come = and_(Article.status == ArticleStatus.SCHEDULED, Article.publish_at <= clock.now())
    return or_(Article.status == ArticleStatus.PUBLISHED, has_come)


def changes_by_itself_at(knowledge_base: KnowledgeBase, *, after: datetime) -> datetime | None:
    """When what is shown changes next though nobody does anything: an article appears, or a callout ends."""
    here = Article.knowledge_base_id == knowledge_base.id
    appears = select(func.min(Article.publish_at)).where(here, Article.status == ArticleStatus.SCHEDULED)
    ends = select(func.min(Article.callout_until)).where(here, Article.callout.is_not(None))
    moments = select(
        appears.where(Article.publish_at > after).scalar_subquery(),
        ends.where(Article.callout_until > after).scalar_subquery(),
    )
    return min((moment for moment in db.session.execute(moments).one() if moment is not None), default=None)


def _open_by_itself(groups: Groups, rule: GroupRule) -> ColumnElement[bool]:
    own = ArticleGroup.article_id == Article.id
    if rule == GroupRule.ALL:
        return ~exists().where(own, ArticleGroup.group_id.not_in(groups))
    return or_(~exists().where(own), exists().where(own, ArticleGroup.group_id.in_(groups)))
