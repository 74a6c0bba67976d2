"""The verbs of categories: create, change, move among sisters, delete; and looking at the tree."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from kbadmin.articles.branches import Branches
from kbadmin.articles.models import Article, Category
from kbadmin.articles.restrictions import Groups, groups_of, restrict
from kbadmin.articles.slugs import free_slug
from kbadmin.articles.writing import Direction, Gone, category_to_write, knowledge_base_to_write, step
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import db
from kbadmin.knowledge_bases.operations import visibility_changed
from kbadmin.seen import Seen, Trail, Values, require_unchanged


class NoRoom(ValueError):
    """A category cannot stand there: it would be inside itself, or the tree would become too deep."""


class NotEmpty(ValueError):
    """A category that still holds something is not deleted."""


@dataclass(frozen=True)
class Wanted:
    """What somebody decides about a category."""

    name: str
    description: str = ""
    parent_id: uuid.UUID | None = None
    groups: Groups = frozenset()


def create(knowledge_base_id: uuid.UUID, wanted: Wanted, *, actor: Actor) -> Category:
    """A new category, the last of its sisters. Raises :class:`Gone` and :class:`NoRoom`."""
    knowledge_base_to_write(knowledge_base_id)
    require_room(knowledge_base_id, None, wanted.parent_id)
    category = Category(
        knowledge_base_id=knowledge_base_id,
        parent_id=wanted.parent_id,
        name=wanted.name,
        slug=free_slug(Category, knowledge_base_id, wanted.name),
        description=wanted.description,
        position=_last_position(knowledge_base_id, wanted.parent_id),
    )
    db.session.add(category)
    db.session.flush()
    record("category created", actor=actor, subject=subject_of(category), for_groups=restrict(category, wanted.groups))
    if wanted.groups:
        visibility_changed(knowledge_base_id)
    return category


def shown(category: Category) -> Values:
    """What the form of a category shows."""
    own = {name: getattr(category, name) for name in ("name", "description", "parent_id")}
    return own | {"groups": groups_of(category)}


def change(
    knowledge_base_id: uuid.UUID, category_id: uuid.UUID, wanted: Wanted, *, seen: Seen | None = None, actor: Actor
) -> Category:
    """Another name, description, place or restriction.

    Raises :class:`Gone`, :class:`NoRoom` and :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    category = category_to_write(knowledge_base_id, category_id)
    trail = Trail(subject_of(category), ("category changed", "category moved"))
    require_unchanged(seen, now=shown(category), wanted=vars(wanted), trail=trail)
    said: dict[str, Any] = {}
    for name in ("name", "description"):
        before, after = getattr(category, name), getattr(wanted, name)
        if before != after:
            setattr(category, name, after)
            said[name] = f"{before} → {after}"
    if wanted.parent_id != category.parent_id:
        require_room(knowledge_base_id, category_id, wanted.parent_id)
        said["moved_to"] = name_of(wanted.parent_id)
        category.position = _last_position(knowledge_base_id, wanted.parent_id)
        category.parent_id = wanted.parent_id
    if groups := restrict(category, wanted.groups):
        said["for_groups"] = groups
    if "moved_to" in said or groups:  # What stands in it is open to others than before.
        visibility_changed(knowledge_base_id)
    if said:
        record("category changed", actor=actor, subject=subject_of(category), **said)
    return category


def move(knowledge_base_id: uuid.UUID, category_id: uuid.UUID, direction: Direction, *, actor: Actor) -> Category:
    """One place up or down among its sisters; the first stays first. Raises :class:`Gone`."""
    category = category_to_write(knowledge_base_id, category_id)
    if step(sisters(knowledge_base_id, category.parent_id), category, direction):
        record("category moved", actor=actor, subject=subject_of(category), direction=direction.value)
    return category


def delete(knowledge_base_id: uuid.UUID, category_id: uuid.UUID, *, actor: Actor) -> None:
    """Delete an empty category. Raises :class:`Gone` and :class:`NotEmpty`."""
    category = category_to_write(knowledge_base_id, category_id)
    if any(contents(category)):
        raise NotEmpty(category.name)
    record("category deleted", actor=actor, subject=subject_of(category))
    db.session.delete(category)


def find(knowledge_base_id: uuid.UUID, category_id: uuid.UUID) -> Category | None:
    """A category of this knowledge base."""
    return db.session.scalar(
        select(Category).where(Category.id == category_id, Category.knowledge_base_id == knowledge_base_id)
    )


def all_in(knowledge_base_id: uuid.UUID) -> list[Category]:
    """Every category of a knowledge base, sisters in their order."""
    query = select(Category).where(Category.knowledge_base_id == knowledge_base_id)
    return list(db.session.scalars(query.order_by(Category.position, Category.name, Category.id)))


def branches(knowledge_base_id: uuid.UUID) -> Branches:
    """The shape of the tree."""
    return Branches({category.id: category.parent_id for category in all_in(knowledge_base_id)})


def contents(category: Category) -> tuple[int, int]:
    """How many articles and how many categories stand directly in it."""
    articles = select(func.count(Article.id)).where(Article.category_id == category.id)
    below = select(func.count(Category.id)).where(Category.parent_id == category.id)
    return db.session.scalar(articles) or 0, db.session.scalar(below) or 0


def subject_of(category: Category) -> Subject:
    """A category as the audit log knows it."""
    return Subject("category", category.id, category.name)


def require_room(knowledge_base_id: uuid.UUID, category_id: uuid.UUID | None, parent_id: uuid.UUID | None) -> None:
    """Raise :class:`NoRoom` where a category (none: a new one) cannot stand, :class:`Gone` where there is nothing."""
    tree = branches(knowledge_base_id)
    if parent_id is not None and parent_id not in tree.parents:
        raise Gone(parent_id)
    if not tree.may_stand_in(category_id, parent_id):
        raise NoRoom(parent_id)


def sisters(knowledge_base_id: uuid.UUID, parent_id: uuid.UUID | None) -> list[Category]:
    """The categories directly in one, or at the top, in their order."""
    return [category for category in all_in(knowledge_base_id) if category.parent_id == parent_id]


def _last_position(knowledge_base_id: uuid.UUID, parent_id: uuid.UUID | None) -> int:
    return max((category.position for category in sisters(knowledge_base_id, parent_id)), default=-1) + 1


def name_of(category_id: uuid.UUID | None) -> str:
    """What a place is called in the audit log."""
    found = db.session.get(Category, category_id) if category_id else None
    return found.name if found is not None else "the top"
