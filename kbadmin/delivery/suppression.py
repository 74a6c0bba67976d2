"""Addresses that refuse mail for good: noted at the first refusal, suppressed from the second, cleared by a person."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.adding import added
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.delivery.models import SuppressedAddress

REFUSALS = 2
PAGE = 50


@dataclass(frozen=True)
class Page:
    """Addresses by name, and the one that the next page starts after."""

    addresses: list[SuppressedAddress]
    next_after: str | None


def note_refusal(session: Session, account_id: uuid.UUID, recipient: str, reply: str) -> None:
    """A server said that this address takes no mail, now or ever."""
    address = recipient.casefold()
    now = clock.now()
    query = select(SuppressedAddress).where(
        SuppressedAddress.account_id.in_([account_id]), SuppressedAddress.address == address
    )
    found = session.scalar(query.with_for_update())
    if found is None:
        made = SuppressedAddress(account_id=account_id, address=address, last_reply=reply[:400])
        found = added(made, lambda: session.scalar(query.with_for_update()), session=session)
        if found is made:
            return
    found.refusals += 1
    found.last_refused_at, found.last_reply = now, reply[:400]
    if found.refusals >= REFUSALS:
        found.suppressed_at = found.suppressed_at or now


def page(*, searched: str = "", after: str = "") -> Page:
    """The suppressed addresses of the account, by name, from after one of them."""
    query = select(SuppressedAddress).where(SuppressedAddress.suppressed_at.is_not(None))
    if searched:
        query = query.where(SuppressedAddress.address.contains(searched.casefold(), autoescape=True))
    query = query.where(SuppressedAddress.address > after).order_by(SuppressedAddress.address).limit(PAGE + 1)
    found = list(db.session.scalars(query))
    return Page(found[:PAGE], found[PAGE - 1].address if len(found) > PAGE else None)


def find(address_id: uuid.UUID) -> SuppressedAddress | None:
    """One suppressed address, or nothing."""
    query = select(SuppressedAddress).where(SuppressedAddress.suppressed_at.is_not(None))
    return db.session.scalar(query.filter_by(id=address_id))


def is_suppressed(recipient: str) -> bool:
    """Whether nothing but resets is sent to this address."""
    query = select(SuppressedAddress.id).where(SuppressedAddress.suppressed_at.is_not(None))
    return db.session.scalar(query.filter_by(address=recipient.casefold())) is not None


def clear(address_id: uuid.UUID, *, actor: Actor) -> str:
    """Send to this address again; raises LookupError if it is not suppressed. Answers the address."""
    begin_writing()
    found = db.session.get(SuppressedAddress, address_id)
    if found is None:
        raise LookupError(address_id)
    record("suppressed address cleared", actor=actor, subject=Subject("address", found.id, found.address))
    db.session.delete(found)
    return found.address
