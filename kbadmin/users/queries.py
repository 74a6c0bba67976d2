"""Finding people: by address, in this account, and the accounts of one person."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from kbadmin.access import Permission
from kbadmin.database import db
from kbadmin.email_addresses import NotOneAddress, comparable
from kbadmin.tenancy import every_account
from kbadmin.users.models import Membership, User


@dataclass(frozen=True)
class AccountChoice:
    """An account somebody may work in."""

    account_id: uuid.UUID
    name: str
    role: str


def find_user(email: str) -> User | None:
    """The person with this address, in whatever letters it was typed."""
    try:
        key = comparable(email)
    except NotOneAddress:
        return None
    return db.session.scalar(select(User).filter_by(email_key=key))


def is_member(email: str) -> bool:
    """Whether this address belongs to somebody who works in the present account."""
    try:
        key = comparable(email)
    except NotOneAddress:
        return False
    query = select(Membership).join(User, User.id == Membership.user_id).where(User.email_key == key)
    found = db.session.scalar(query)
    return found is not None and found.is_active


def members() -> list[Membership]:
    """Everybody in the present account, invited and disabled people included, by name."""
    return sorted(db.session.scalars(select(Membership)), key=lambda member: member.user.label.casefold())


def members_who_may(permission: Permission) -> list[Membership]:
    """Everybody who may do this in the present account now."""
    return [member for member in members() if member.is_active and member.may(permission)]


def find_member(membership_id: uuid.UUID) -> Membership | None:
    """One membership of the present account."""
    return db.session.scalar(select(Membership).filter_by(id=membership_id))


def accounts_of(user_id: uuid.UUID) -> list[AccountChoice]:
    """The accounts this person may work in now, by name. The one look of this room across all accounts."""
    with every_account() as session:
        found = [
            AccountChoice(member.account_id, member.account.name, member.role)
            for member in session.scalars(select(Membership).filter_by(user_id=user_id))
            if member.is_active
        ]
    return sorted(found, key=lambda choice: choice.name.casefold())
