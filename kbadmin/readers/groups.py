"""The verbs of reader groups: create, change, delete, find; and who joins them by the domain of their address."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import abandon, begin_writing, db
from kbadmin.names import folded
from kbadmin.prepared import Prepared
from kbadmin.readers.group_usages import GroupInUse, usages
from kbadmin.readers.models import ReaderGroup, ReaderGroupDomain, ReaderGroupMember
from kbadmin.seen import Seen, Trail, Values, require_unchanged


class NameTaken(ValueError):
    """Another group of the account has this name already, perhaps in other letters."""


@dataclass(frozen=True)
class Listed:
    """A group as the list shows it."""

    group: ReaderGroup
    readers: int
    domains: list[str]


def create(*, name: str, description: str, domains: Sequence[str], actor: Actor) -> ReaderGroup:
    """A new group. Raises :class:`NameTaken`."""
    begin_writing()
    group = ReaderGroup(name=name, name_key=folded(name), description=description)
    db.session.add(group)
    _flush_or_refuse()
    _set_domains(group, domains)
    record("reader group created", actor=actor, subject=subject_of(group), domains=list(domains))
    return group


def shown(group: ReaderGroup) -> Values:
    """What the form of a group shows."""
    return {"name": group.name, "description": group.description, "domains": domains_of(group.id)}


def change(
    group_id: uuid.UUID,
    *,
    name: str,
    description: str,
    domains: Sequence[str],
    seen: Seen | None = None,
    actor: Actor,
) -> ReaderGroup:
    """Save what a group is called and which domains join it.

    Raises LookupError, :class:`NameTaken` and :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    group = _found(group_id)
    wanted = {"name": name, "description": description, "domains": domains}
    require_unchanged(seen, now=shown(group), wanted=wanted, trail=Trail(subject_of(group), ("reader group changed",)))
    before = (group.name, group.description, domains_of(group.id))
    group.name, group.name_key, group.description = name, folded(name), description
    _flush_or_refuse()
    if before != (name, description, sorted(domains)):
        _set_domains(group, domains)
        renamed = f"{before[0]} → {name}" if before[0] != name else None
        record("reader group changed", actor=actor, subject=subject_of(group), name=renamed, domains=list(domains))
    return group


def remove(group_id: uuid.UUID, *, actor: Actor) -> ReaderGroup:
    """Delete a group; its readers stay. Raises LookupError, and :class:`GroupInUse` while it restricts something.

    The database refuses, too: what was restricted to a group must never become open because the group is gone.
    """
    begin_writing()
    group = _found(group_id)
    subject, found = subject_of(group), usages(group_id)
    if found:
        raise GroupInUse(found)
    try:
        db.session.delete(group)
        db.session.flush()
    except IntegrityError:
        abandon()
        raise GroupInUse([]) from None
    record("reader group deleted", actor=actor, subject=subject)
    return group


def find(group_id: uuid.UUID) -> ReaderGroup | None:
    """One group of the account, or nothing."""
    return db.session.scalar(select(ReaderGroup).filter_by(id=group_id))


def all_groups() -> list[ReaderGroup]:
    """Every group by name."""
    return list(db.session.scalars(select(ReaderGroup).order_by(ReaderGroup.name_key)))


_NAMES = Prepared(lambda: select(ReaderGroup.id, ReaderGroup.name).order_by(ReaderGroup.name_key))


def names() -> list[Any]:
    """The same for choices: ``id`` and ``name`` of each."""
    return _NAMES.rows()


def listed() -> list[Listed]:
    """Every group with its readers counted and its domains, in three queries."""
    members = select(ReaderGroupMember.group_id, func.count()).group_by(ReaderGroupMember.group_id)
    counts = {row[0]: row[1] for row in db.session.execute(members)}
    domains: dict[uuid.UUID, list[str]] = defaultdict(list)
    query = select(ReaderGroupDomain.group_id, ReaderGroupDomain.domain).order_by(ReaderGroupDomain.domain)
    for group_id, domain in db.session.execute(query):
        domains[group_id].append(domain)
    return [Listed(group, counts.get(group.id, 0), domains[group.id]) for group in all_groups()]


def groups_of_domain(domain: str) -> list[uuid.UUID]:
    """The groups that whoever is added, is imported or signs up with an address of this domain joins."""
    return groups_of_domains([domain]).get(domain, [])


def groups_of_domains(domains: Collection[str]) -> dict[str, list[uuid.UUID]]:
    """The same for several domains, in one query."""
    query = select(ReaderGroupDomain.domain, ReaderGroupDomain.group_id).where(ReaderGroupDomain.domain.in_(domains))
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for domain, group_id in db.session.execute(query):
        found[domain].append(group_id)
    return found


def domains_of(group_id: uuid.UUID) -> list[str]:
    """The domains of one group."""
    query = select(ReaderGroupDomain.domain).where(ReaderGroupDomain.group_id == group_id)
    return sorted(db.session.scalars(query))


def subject_of(group: ReaderGroup) -> Subject:
    """A group as the audit log knows it."""
    return Subject("reader group", group.id, group.name)


def _found(group_id: uuid.UUID) -> ReaderGroup:
    group = db.session.scalar(select(ReaderGroup).where(ReaderGroup.id == group_id).with_for_update())
    if group is None:
        raise LookupError(group_id)
    return group


def _set_domains(group: ReaderGroup, domains: Sequence[str]) -> None:
    db.session.execute(delete(ReaderGroupDomain).where(ReaderGroupDomain.group_id == group.id))
    db.session.add_all(ReaderGroupDomain(group_id=group.id, domain=domain) for domain in domains)


def _flush_or_refuse() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        abandon()
        raise NameTaken(str(error.orig)) from None
