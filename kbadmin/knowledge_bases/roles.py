"""Who works in which knowledge base: a member's role everywhere, or narrowed to named knowledge bases."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from kbadmin.access import Role
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.knowledge_bases.models import KnowledgeBase, KnowledgeBaseRole
from kbadmin.prepared import Prepared
from kbadmin.seen import Seen, Trail, Values, require_unchanged
from kbadmin.users.models import Membership

_OF_MEMBER = Prepared(
    lambda: select(KnowledgeBaseRole.knowledge_base_id, KnowledgeBaseRole.role).where(
        KnowledgeBaseRole.membership_id == bindparam("membership_id")
    )
)
NARROWED = "knowledge bases of a member changed"
RANKS = (Role.NONE, Role.WRITER, Role.EDITOR, Role.OWNER)


@dataclass(frozen=True)
class Roles:
    """What a member is: ``everywhere``, or in the knowledge bases that are named and in no other."""

    everywhere: Role
    named: Mapping[uuid.UUID, Role]

    @property
    def is_narrowed(self) -> bool:
        """Whether only named knowledge bases are theirs. An owner is one everywhere."""
        return bool(self.named) and self.everywhere is not Role.OWNER

    def in_one(self, knowledge_base_id: uuid.UUID) -> Role:
        """The role in one knowledge base; never more than the role in the account."""
        if not self.is_narrowed:
            return self.everywhere
        return min(self.named.get(knowledge_base_id, Role.NONE), self.everywhere, key=RANKS.index)


def roles_of(membership: Any) -> Roles:
    """The roles of one member, in one query. Their ``id`` and ``role`` are all that is asked of them."""
    named = {row.knowledge_base_id: Role(row.role) for row in _OF_MEMBER.rows(membership_id=membership.id)}
    return Roles(Role(membership.role), named)


def narrowed_members() -> dict[uuid.UUID, list[tuple[str, Role]]]:
    """For each member who works in named knowledge bases only: their names and roles, in one query."""
    query = (
        select(KnowledgeBaseRole.membership_id, KnowledgeBase.name, KnowledgeBaseRole.role)
        .join(KnowledgeBase, KnowledgeBase.id == KnowledgeBaseRole.knowledge_base_id)
        .order_by(KnowledgeBase.name_key)
    )
    found: dict[uuid.UUID, list[tuple[str, Role]]] = defaultdict(list)
    for membership_id, name, role in db.session.execute(query):
        found[membership_id].append((name, Role(role)))
    return found


def is_at_least(role: Role, least: Role) -> bool:
    """Whether a role covers what another one may do."""
    return RANKS.index(role) >= RANKS.index(least)


def shown(roles: Roles, knowledge_bases: Iterable[uuid.UUID]) -> Values:
    """What the form of a member's knowledge bases shows: ``where`` they work, and as what in each of these."""
    if not roles.is_narrowed:
        return {"where": "all"} | {str(one): Role.NONE for one in knowledge_bases}
    return {"where": "named"} | {str(one): roles.in_one(one) for one in knowledge_bases}


def narrow(
    membership_id: uuid.UUID, named: Mapping[uuid.UUID, Role], *, seen: Seen | None = None, actor: Actor
) -> Membership:
    """Let a member work in these knowledge bases only, as what is named; in all of them if none is named.

    Raises LookupError for a member or a knowledge base that is not there, ValueError for a role above theirs, and
    :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    held = select(Membership).where(Membership.id == membership_id).with_for_update(of=Membership)
    member = db.session.scalar(held)  # Two who narrow the same member take turns.
    known = {row.id: row.name for row in db.session.execute(select(KnowledgeBase.id, KnowledgeBase.name))}
    if member is None or not set(named) <= set(known):
        raise LookupError(membership_id)
    if any(not is_at_least(Role(member.role), role) for role in named.values()):
        raise ValueError("nobody is more in a knowledge base than in the account")
    before, after = roles_of(member), Roles(Role(member.role), dict(named))
    subject = Subject("user", member.user_id, member.user.email)
    trail = Trail(subject, (NARROWED,))
    require_unchanged(seen, now=shown(before, known), wanted=shown(after, known), trail=trail)
    if before == after:
        return member
    db.session.execute(delete(KnowledgeBaseRole).where(KnowledgeBaseRole.membership_id == membership_id))
    for knowledge_base_id, role in named.items():
        db.session.add(KnowledgeBaseRole(membership_id=membership_id, knowledge_base_id=knowledge_base_id, role=role))
    words = ", ".join(sorted(f"{known[found]}: {role}" for found, role in named.items())) or "all"
    record(NARROWED, actor=actor, subject=subject, knowledge_bases=words)
    return member
