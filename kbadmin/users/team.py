"""Changing what people are in the account: role and grants, disabling, removing. Always somebody else.

Whoever changes something is an owner who can work here, and stays one: so there always is an owner, whatever two of
them do to each other at the same moment.
"""

import uuid

from sqlalchemy import or_, select

from kbadmin import clock, links
from kbadmin.access import Permission, Role
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.links import Purpose
from kbadmin.seen import Seen, Trail, Values, require_unchanged
from kbadmin.users import sessions
from kbadmin.users.invitations import Access
from kbadmin.users.models import Membership

RANKS = [Role.NONE, Role.WRITER, Role.EDITOR, Role.OWNER]
GRANTABLE = (Permission.MANAGE_ACCOUNT, Permission.MANAGE_SMTP, Permission.MANAGE_READERS)


class OwnMembership(Exception):
    """Nobody changes what they are themselves; another owner does."""


class NotAnOwner(Exception):
    """Whoever asks has stopped being an owner while they asked."""


def shown(member: Membership) -> Values:
    """What the form of somebody's access shows."""
    return {name: getattr(member, name) for name in ("role", "manages_smtp", "manages_readers")}


def change_access(membership_id: uuid.UUID, access: Access, *, seen: Seen | None = None, actor: Actor) -> Membership:
    """Give somebody another role or other grants. What they lose ends their sessions here.

    Raises LookupError, :class:`OwnMembership`, :class:`NotAnOwner` and :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    member = _to_change(membership_id, actor=actor)
    require_unchanged(seen, now=shown(member), wanted=vars(access), trail=Trail(_subject(member), ("role changed",)))
    before, had, rank = _described(member), _permissions(member), RANKS.index(member.role)
    member.role = access.role
    member.manages_smtp, member.manages_readers = access.manages_smtp, access.manages_readers
    if before != _described(member):
        record("role changed", actor=actor, subject=_subject(member), change=f"{before} → {_described(member)}")
    if had - _permissions(member) or RANKS.index(access.role) < rank:
        sessions.end_in_account(member.user_id, member.account_id)
    return member


def disable(membership_id: uuid.UUID, *, actor: Actor) -> Membership:
    """Keep somebody out at once, and keep what they are. Raises as :func:`change_access`."""
    member = _to_change(membership_id, actor=actor)
    member.disabled_at = clock.now()
    _shut_out(member)
    record("member disabled", actor=actor, subject=_subject(member))
    return member


def enable(membership_id: uuid.UUID, *, actor: Actor) -> Membership:
    """Let somebody in again. Raises as :func:`change_access`."""
    member = _to_change(membership_id, actor=actor)
    member.disabled_at = None
    record("member enabled", actor=actor, subject=_subject(member))
    return member


def remove(membership_id: uuid.UUID, *, actor: Actor) -> str:
    """End a membership; answers the person's label. Raises as :func:`change_access`."""
    member = _to_change(membership_id, actor=actor)
    label = member.user.label
    _shut_out(member)
    record("member removed", actor=actor, subject=_subject(member), role=_described(member))
    db.session.delete(member)
    return label


def _to_change(membership_id: uuid.UUID, *, actor: Actor) -> Membership:
    """The membership, locked together with all owners, in one order: two owners cannot undo each other at once."""
    begin_writing()
    query = select(Membership).where(or_(Membership.id == membership_id, Membership.role == Role.OWNER))
    rows = list(db.session.scalars(query.order_by(Membership.id).with_for_update(of=Membership)))
    if not any(row.user_id == actor.id and row.role == Role.OWNER and row.is_active for row in rows):
        raise NotAnOwner
    member = next((row for row in rows if row.id == membership_id), None)
    if member is None or member.joined_at is None:
        raise LookupError(membership_id)
    if member.user_id == actor.id:
        raise OwnMembership
    return member


def _shut_out(member: Membership) -> None:
    sessions.end_in_account(member.user_id, member.account_id)
    links.revoke(Purpose.SET_PASSWORD, subject_id=member.user_id)


def _permissions(member: Membership) -> set[Permission]:
    return {permission for permission in GRANTABLE if member.may(permission)}


def _described(member: Membership) -> str:
    words = {"manages SMTP services": member.manages_smtp, "manages readers": member.manages_readers}
    return ", ".join([str(member.role), *(word for word, is_given in words.items() if is_given)])


def _subject(member: Membership) -> Subject:
    return Subject("user", member.user_id, member.user.email)
