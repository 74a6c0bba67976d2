"""The verbs of a knowledge base: create, change, archive, bring back, find."""

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import abandon, begin_writing, db
from kbadmin.knowledge_bases import addresses, pictures
from kbadmin.knowledge_bases.addresses import SlugTaken
from kbadmin.knowledge_bases.models import Audience, GroupRule, KnowledgeBase, KnowledgeBaseAddress, SignUp
from kbadmin.knowledge_bases.pictures import Picture
from kbadmin.names import folded
from kbadmin.prepared import Prepared
from kbadmin.seen import Seen, Trail, Values, require_unchanged

#: Rooms above plan by a knowledge base's time zone, and stop while it is archived: they hear of such changes.
LISTENERS: list[Callable[[KnowledgeBase], None]] = []
#: A change of these changes who may see what.
DECIDES_VISIBILITY = ("audience", "group_rule")


class NameTaken(ValueError):
    """Another knowledge base of the account has this name already, perhaps in other letters."""


@dataclass(frozen=True)
class Settings:
    """What an editor decides about a knowledge base."""

    name: str
    slug: str
    description: str
    time_zone: str
    colour: str
    audience: Audience
    group_rule: GroupRule
    sign_up: SignUp
    sign_up_domains: str  # one a line; empty: every domain
    remember_days: int


def create(*, name: str, time_zone: str, audience: Audience, slug: str | None = None, actor: Actor) -> KnowledgeBase:
    """A new, empty knowledge base. Without a slug, one is made of the name.

    Raises :class:`NameTaken`, and :class:`SlugTaken` for a slug that was asked for.
    """
    begin_writing()
    _require_free_name(name)
    chosen = slug or addresses.free_slug(name)
    if slug is not None:
        addresses.require_free(slug)
    knowledge_base = KnowledgeBase(
        name=name, name_key=folded(name), slug=chosen, time_zone=time_zone, audience=audience, created_by=actor.label
    )
    db.session.add(knowledge_base)
    _flush_or_refuse()
    db.session.add(KnowledgeBaseAddress(slug=chosen, knowledge_base_id=knowledge_base.id))
    _flush_or_refuse()
    record("knowledge base created", actor=actor, subject=subject_of(knowledge_base), audience=audience.value)
    return knowledge_base


def change_settings(
    knowledge_base_id: uuid.UUID,
    wanted: Settings,
    *,
    logo: Picture | None = None,
    without_logo: bool = False,
    seen: Seen | None = None,
    actor: Actor,
) -> KnowledgeBase:
    """Save the settings, and another logo if there is one; the old address goes on leading here.

    Raises LookupError, :class:`NameTaken`, :class:`SlugTaken` and :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    knowledge_base = held(knowledge_base_id)
    trail = Trail(subject_of(knowledge_base), ("knowledge base settings changed", "knowledge base logo changed"))
    logo_id = None if without_logo else knowledge_base.logo_id
    if logo is not None:
        logo_id = pictures.keep(logo, knowledge_base_id=knowledge_base.id, by=actor.label).id
    require_unchanged(seen, now=shown(knowledge_base), wanted=asdict(wanted) | {"logo": logo_id}, trail=trail)
    _change_logo(knowledge_base, logo_id, actor=actor)
    changed = {name: value for name, value in asdict(wanted).items() if getattr(knowledge_base, name) != value}
    if "name" in changed and folded(wanted.name) != knowledge_base.name_key:
        _require_free_name(wanted.name)
    if "slug" in changed:
        addresses.require_free(wanted.slug, but=knowledge_base_id)
    said: dict[str, Any] = {name: _in_words(getattr(knowledge_base, name), value) for name, value in changed.items()}
    for name, value in changed.items():
        setattr(knowledge_base, name, value)
    knowledge_base.name_key = folded(wanted.name)
    if not changed:
        return knowledge_base
    knowledge_base.updated_at = clock.now()
    if set(changed) & set(DECIDES_VISIBILITY):
        knowledge_base.visibility_version += 1
    addresses.remember(knowledge_base)
    _flush_or_refuse()
    if "time_zone" in changed:
        _tell_of(knowledge_base)
    record("knowledge base settings changed", actor=actor, subject=subject_of(knowledge_base), **said)
    return knowledge_base


def shown(knowledge_base: KnowledgeBase) -> Values:
    """What the form of its settings shows."""
    return {one.name: getattr(knowledge_base, one.name) for one in fields(Settings)} | {"logo": knowledge_base.logo_id}


def archive(knowledge_base_id: uuid.UUID, *, actor: Actor) -> KnowledgeBase:
    """Show it to nobody and keep all of it. Raises LookupError."""
    begin_writing()
    knowledge_base = held(knowledge_base_id)
    if not knowledge_base.is_archived:
        knowledge_base.archived_at = clock.now()
        knowledge_base.visibility_version += 1
        _tell_of(knowledge_base)
        record("knowledge base archived", actor=actor, subject=subject_of(knowledge_base))
    return knowledge_base


def bring_back(knowledge_base_id: uuid.UUID, *, actor: Actor) -> KnowledgeBase:
    """Show an archived one again, as it was. Raises LookupError."""
    begin_writing()
    knowledge_base = held(knowledge_base_id)
    if knowledge_base.is_archived:
        knowledge_base.archived_at = None
        knowledge_base.visibility_version += 1
        _tell_of(knowledge_base)
        record("knowledge base brought back", actor=actor, subject=subject_of(knowledge_base))
    return knowledge_base


def find(knowledge_base_id: uuid.UUID) -> KnowledgeBase | None:
    """One knowledge base of the account, or nothing if it is another's, deleted, or none at all."""
    query = select(KnowledgeBase).where(KnowledgeBase.id == knowledge_base_id, KnowledgeBase.deleted_at.is_(None))
    return db.session.scalar(query)


def held(knowledge_base_id: uuid.UUID) -> KnowledgeBase:
    """The same, kept from others who write into it until the write section ends. Raises LookupError.

    Its key is not: who has added a row that refers to it (what a reader may open) may go on to change it.
    """
    query = select(KnowledgeBase).where(KnowledgeBase.id == knowledge_base_id, KnowledgeBase.deleted_at.is_(None))
    found = db.session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if found is None:
        raise LookupError(knowledge_base_id)
    return found


def find_by_slug(slug: str) -> KnowledgeBase | None:
    """The knowledge base that this slug leads to, now or from old times; compare with its ``slug``."""
    query = (
        select(KnowledgeBase)
        .join(KnowledgeBaseAddress, KnowledgeBaseAddress.knowledge_base_id == KnowledgeBase.id)
        .where(KnowledgeBaseAddress.slug == slug, KnowledgeBase.deleted_at.is_(None))
    )
    return db.session.scalar(query)


def all_of_account() -> list[KnowledgeBase]:
    """Every knowledge base by name, archived ones last."""
    return list(db.session.scalars(_in_order(select(KnowledgeBase))))


def names_of_account() -> list[Any]:
    """The same for menus and choices: ``id``, ``name`` and ``is_archived`` of each."""
    return _NAMES.rows()


def _in_order(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    is_there = KnowledgeBase.deleted_at.is_(None)
    return query.where(is_there).order_by(KnowledgeBase.archived_at.is_not(None), KnowledgeBase.name_key)


_IS_ARCHIVED = KnowledgeBase.archived_at.is_not(None).label("is_archived")
_NAMES = Prepared(lambda: _in_order(select(KnowledgeBase.id, KnowledgeBase.name, _IS_ARCHIVED)))


def visibility_changed(knowledge_base_id: uuid.UUID) -> None:
    """Who may see what has changed: whatever was decided before has to be decided again (digests)."""
    knowledge_base = held(knowledge_base_id)
    knowledge_base.visibility_version += 1


def hear_with(listener: Callable[[KnowledgeBase], None]) -> None:
    """Have a function called, in the write section, when a time zone changes and when one is archived or comes back."""
    LISTENERS.append(listener)


def subject_of(knowledge_base: KnowledgeBase) -> Subject:
    """A knowledge base as the audit log knows it."""
    return Subject("knowledge base", knowledge_base.id, knowledge_base.name)


def _tell_of(knowledge_base: KnowledgeBase) -> None:
    for listener in LISTENERS:
        listener(knowledge_base)


def _change_logo(knowledge_base: KnowledgeBase, logo_id: uuid.UUID | None, *, actor: Actor) -> None:
    if knowledge_base.logo_id != logo_id:
        knowledge_base.logo_id, knowledge_base.updated_at = logo_id, clock.now()
        record("knowledge base logo changed", actor=actor, subject=subject_of(knowledge_base))


def _require_free_name(name: str) -> None:
    if db.session.scalar(select(KnowledgeBase.id).where(KnowledgeBase.name_key == folded(name))) is not None:
        raise NameTaken(name)


def _flush_or_refuse() -> None:
    """Somebody else may take a name or slug between our look and our row: the database has the last word."""
    try:
        db.session.flush()
    except IntegrityError as error:
        abandon()
        raise (SlugTaken if "slug" in str(error.orig) else NameTaken)(str(error.orig)) from None


def _in_words(before: Any, after: Any) -> str:
    return " → ".join(", ".join(str(one).splitlines()) or "none" for one in (before, after))
