"""Questions other rooms ask about people."""

from sqlalchemy import select

from kbadmin.database import db
from kbadmin.email_addresses import comparable
from kbadmin.users.models import Membership, User


def is_member(address: str) -> bool:
    """Whether the address belongs to somebody who works in the account now."""
    query = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(User.email_key == comparable(address), Membership.disabled_at.is_(None))
    )
    return db.session.scalar(query) is not None
