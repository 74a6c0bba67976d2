"""Inviting a colleague: a membership that waits, and a one-time link that begins it.

Only the holder of the link begins the membership, and only as the invited person: whoever has a password signs in
first, whoever has none sets one. A link never opens another account's membership, whatever else is waiting.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kbadmin import clock, links
from kbadmin.access import Role
from kbadmin.accounts import operations as accounts
from kbadmin.adding import added
from kbadmin.audit.operations import COMMAND_LINE, Actor, Subject, record
from kbadmin.database import begin_writing, db, ledger, own_session, stop_reading
from kbadmin.email_addresses import canonical_address, comparable
from kbadmin.links import OneTimeLink, Purpose
from kbadmin.tenancy import current_account
from kbadmin.users import emails, sessions
from kbadmin.users.models import Membership, Person, User
from kbadmin.users.password_changes import DeadLink
from kbadmin.users.passwords import hasher
from kbadmin.users.principal import SignedIn, actor_of
from kbadmin.users.queries import accounts_of, find_member, find_user
from kbadmin.users.sessions import Opened, Visitor
from kbadmin.users.sign_in import Welcome

LIFETIME = timedelta(days=7)


class AlreadyHere(Exception):
    """The person already belongs to the account, or has been invited; ``membership`` is theirs."""

    def __init__(self, membership: Membership) -> None:
        super().__init__("already in the account")
        self.membership = membership


@dataclass(frozen=True)
class Access:
    """What somebody is to be in an account."""

    role: Role
    manages_smtp: bool = False
    manages_readers: bool = False


@dataclass(frozen=True)
class Sent:
    """An invitation that was handed out: its link, to be shown once, and whether it was mailed too."""

    membership_id: uuid.UUID
    email: str
    address: str
    is_mailed: bool


@dataclass(frozen=True)
class Invitation:
    """An invitation as its holder sees it."""

    link_id: uuid.UUID
    membership_id: uuid.UUID
    account_id: uuid.UUID
    account_name: str
    user_id: uuid.UUID
    email: str
    role: str
    has_password: bool


def invite(email: str, access: Access, *, actor: Actor) -> Sent:
    """Invite somebody by address. Raises :class:`AlreadyHere`."""
    begin_writing()
    user = find_user(email) or _new_user(email)
    query = select(Membership).filter_by(user_id=user.id)
    before = db.session.scalar(query)
    if before is not None:
        raise AlreadyHere(before)
    made = Membership(
        user_id=user.id,
        role=access.role,
        manages_smtp=access.manages_smtp,
        manages_readers=access.manages_readers,
    )
    member = added(made, lambda: db.session.scalar(query))
    if member is not made:  # Somebody else has invited them in the same moment.
        raise AlreadyHere(member)
    record("invitation sent", actor=actor, subject=_subject(member), role=access.role)
    return _hand_out(member, invited_by=actor.label)


def send_again(membership_id: uuid.UUID, *, actor: Actor) -> Sent:
    """A new link; the old one stops working. Raises LookupError unless an invitation is open."""
    begin_writing()
    member = _open_invitation(membership_id)
    record("invitation sent again", actor=actor, subject=_subject(member))
    return _hand_out(member, invited_by=actor.label)


def withdraw(membership_id: uuid.UUID, *, actor: Actor) -> None:
    """End an open invitation and its link. Raises LookupError if none is open."""
    begin_writing()
    member = _open_invitation(membership_id)
    links.revoke(Purpose.INVITATION, subject_id=member.id)
    record("invitation withdrawn", actor=actor, subject=_subject(member))
    db.session.delete(member)


def open_account(name: str, owner_email: str) -> str:
    """A new account; answers the one-time address at which its owner sets a password and begins."""
    account = accounts.create_account(name, actor=COMMAND_LINE)
    sent = invite(owner_email, Access(Role.OWNER), actor=COMMAND_LINE)
    assert account.id == current_account()
    # /set-password/ recognises an invitation and shows its page.
    return sent.address.replace("/invite/", "/set-password/")


def open_until(invited: Iterable[Membership]) -> dict[uuid.UUID, datetime]:
    """By membership: when the link of an open invitation ends; those whose link has ended are left out."""
    ids = [member.id for member in invited if member.joined_at is None]
    query = select(OneTimeLink).where(OneTimeLink.purpose == Purpose.INVITATION, OneTimeLink.subject_id.in_(ids))
    return {link.subject_id: link.expires_at for link in db.session.scalars(query) if link.is_alive}


def find(token: str) -> Invitation | None:
    """The invitation of a live link, or nothing."""
    link = links.find(Purpose.INVITATION, token)
    if link is None or link.account_id is None:
        return None
    with own_session(link.account_id) as session:
        member = session.scalar(select(Membership).filter_by(id=link.subject_id, joined_at=None))
        if member is None:
            return None
        return Invitation(
            link.id,
            member.id,
            member.account_id,
            member.account.name,
            member.user_id,
            member.user.email,
            member.role,
            member.user.password_hash is not None,
        )


def accept_as_new(invitation: Invitation, *, name: str, password: str, visitor: Visitor) -> Welcome:
    """Set name and password, join, and begin a session. Raises :class:`DeadLink`."""
    stop_reading()
    hashed = hasher().hash(password)
    with ledger(invitation.account_id) as session:
        user = session.get_one(User, invitation.user_id, with_for_update=True)
        if user.password_hash is not None:
            raise DeadLink  # Somebody was faster; the page asks again, and now for signing in.
        _join(invitation, session)
        user.name, user.password_hash, user.password_changed_at = name, hashed, clock.now()
        _record_accepted(user, visitor.network_address, session)
        opened = sessions.begin(
            user.id, account_id=invitation.account_id, is_kept=False, visitor=visitor, session=session
        )
    return Welcome(opened, tuple(accounts_of(invitation.user_id)))


def accept_as_oneself(invitation: Invitation, principal: SignedIn) -> Opened:
    """Join as whoever is signed in, and go on in the new account. Raises :class:`DeadLink`."""
    if principal.user.id != invitation.user_id:
        raise DeadLink
    with ledger(invitation.account_id) as session:
        _join(invitation, session)
        _record_accepted(principal.user, principal.network_address, session)
        return sessions.renew(principal.session_id, session=session, account_id=invitation.account_id)


def _join(invitation: Invitation, session: Session) -> None:
    if not links.consume(invitation.link_id, session=session):
        raise DeadLink
    session.get_one(Membership, invitation.membership_id).joined_at = clock.now()


def _record_accepted(user: User | Person, network_address: str, session: Session) -> None:
    subject = Subject("user", user.id, user.email)
    record("invitation accepted", actor=actor_of(user, network_address), subject=subject, session=session)


def _hand_out(member: Membership, *, invited_by: str) -> Sent:
    token = links.hand_out(Purpose.INVITATION, subject_id=member.id, lifetime=LIFETIME, account_id=current_account())
    is_mailed = emails.send_invitation(member, token, invited_by=invited_by, expires_at=clock.now() + LIFETIME)
    return Sent(member.id, member.user.email, emails.invitation_address(token), is_mailed)


def _open_invitation(membership_id: uuid.UUID) -> Membership:
    member = find_member(membership_id)
    if member is None or member.joined_at is not None:
        raise LookupError(membership_id)
    return member


def _new_user(email: str) -> User:
    user = User(email=canonical_address(email), email_key=comparable(email))
    return added(user, lambda: find_user(email))


def _subject(member: Membership) -> Subject:
    return Subject("user", member.user_id, member.user.email)
