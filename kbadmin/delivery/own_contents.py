"""What messages with a content of their own need beside it: another name to be from, and a link made just now.

A link that lets somebody in is made when its message leaves, not when it is queued: however long a service was away,
the link lives as long as the message says. An attempt that comes again carries the same link, for the one before may
have arrived; its life begins anew. Nobody but the message ever holds the token: it is stored sealed, beside it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from kbadmin import links
from kbadmin.delivery.leases import Claimed, place_of
from kbadmin.encryption import KeyRing, Unreadable
from kbadmin.links import Purpose
from kbadmin.outbox.models import MESSAGES

PURPOSE = "outbox"

_HAS_ANY = or_(
    MESSAGES.c.from_name.is_not(None), MESSAGES.c.reply_to.is_not(None), MESSAGES.c.link_purpose.is_not(None)
)
_OWN = select(
    MESSAGES.c.id,
    MESSAGES.c.from_name,
    MESSAGES.c.reply_to,
    MESSAGES.c.link_purpose,
    MESSAGES.c.link_subject_id,
    MESSAGES.c.link_minutes,
    MESSAGES.c.link_address,
).where(_HAS_ANY, MESSAGES.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class Own:
    """What one message has of its own; ``link`` is whole, with the token in it."""

    from_name: str | None = None
    reply_to: str | None = None
    link: str | None = None


NOTHING = Own()


def own_of(session: Session, keys: KeyRing, claimed: Sequence[Claimed]) -> Mapping[int, Own]:
    """What these messages have of their own, in the transaction that claimed them; few have anything."""
    found = {one.id: one for one in claimed if one.body_id is None}
    if not found:
        return {}
    rows = session.execute(_OWN, {"ids": list(found)}).all()
    return {
        row.id: Own(row.from_name, row.reply_to, _link(session, keys, found[row.id], row) if row.link_purpose else None)
        for row in rows
    }


def _link(session: Session, keys: KeyRing, one: Claimed, row: Any) -> str | None:
    """The link; none if this version of the program does not know what it would be for."""
    if row.link_purpose not in set(Purpose):
        return None
    lifetime = timedelta(minutes=row.link_minutes)
    kept = _kept(keys, one)
    if kept is not None and links.prolong(kept, lifetime=lifetime, session=session):
        return f"{row.link_address}{kept}"
    token = links.hand_out(
        Purpose(row.link_purpose),
        subject_id=row.link_subject_id,
        lifetime=lifetime,
        account_id=one.account_id,
        session=session,
    )
    sealed = keys.seal_text(json.dumps({"token": token}), purpose=PURPOSE, place=place_of(one, "parts_sealed"))
    session.execute(update(MESSAGES).where(MESSAGES.c.id == one.id).values(parts_sealed=sealed))
    return f"{row.link_address}{token}"


def _kept(keys: KeyRing, one: Claimed) -> str | None:
    """The token of an attempt before. One that cannot be read any more must not hold up the others."""
    if one.parts_sealed is None:
        return None
    try:
        opened = keys.open_text(one.parts_sealed, purpose=PURPOSE, place=place_of(one, "parts_sealed"))
        token: str = json.loads(opened)["token"]
    except (Unreadable, ValueError, KeyError):
        return None
    return token
