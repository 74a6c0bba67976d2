"""What the delivery room forgets of people who are deleted: their addresses, and whatever servers said of them.

So goes the subject of a letter that an account wrote itself: merge fields put the name or the address into it.

Messages that wait are cancelled. One that a worker holds is taken out of its hands: if the server takes it all the
same, nobody notes that. The address of somebody who works in the account stays on what was sent to them as such.
"""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import case, delete, select, update

from kbadmin import clock
from kbadmin.audit.operations import forget_labels, forget_subjects
from kbadmin.database import begin_writing, db
from kbadmin.delivery import run_figures
from kbadmin.delivery.models import SuppressedAddress, TestRun
from kbadmin.outbox.models import DeliveryAttempt, Kind, OutboxMessage, Status
from kbadmin.users.models import Membership, User

FORGOTTEN = "(deleted)"
FOR_READERS = (Kind.WELCOME, Kind.READER_RESET, Kind.READER_SIGN_UP, Kind.SUBSCRIPTION_CONFIRMATION, Kind.DIGEST)
CHUNK = 1_000  # of what one statement names: some readers have had a digest every day for years
NAMING = (Kind.WELCOME, Kind.READER_RESET)  # whose subjects may name the recipient; a digest's stands there without
WAITING = (Status.QUEUED, Status.SENDING, Status.HELD)


def forget_addresses(addresses: Sequence[str], *, people: Sequence[uuid.UUID] = ()) -> None:
    """Purge these canonical addresses from the account's messages, tests and suppressed addresses.

    ``people`` are those who had them: letters with a link for one of them went to addresses that they had before, too.
    """
    begin_writing()
    colleagues = _colleagues(addresses)
    strangers = [address for address in addresses if address.casefold() not in colleagues]
    known = [address for address in addresses if address.casefold() in colleagues]
    _forget_messages(OutboxMessage.recipient, _forms(strangers))
    _forget_messages(OutboxMessage.recipient, _forms(known), FOR_READERS)
    _forget_messages(OutboxMessage.link_subject_id, people, FOR_READERS)
    forget_labels("address", _forms(strangers), label=FORGOTTEN)
    _execute(delete(SuppressedAddress).where(SuppressedAddress.address.in_(_forms(strangers))))
    over = update(TestRun).where(TestRun.recipient.in_(_forms(strangers)), TestRun.finished_at.is_not(None))
    _execute(over.values(recipient=FORGOTTEN, failure=None, steps=[]))


def _colleagues(addresses: Sequence[str]) -> set[str]:
    """Those of the addresses with which somebody signs in to this account."""
    keys = {address.casefold() for address in addresses}
    query = select(User.email_key).join(Membership, Membership.user_id == User.id).where(User.email_key.in_(keys))
    return {key for key in db.session.scalars(query) if key}


def _forget_messages(column: Any, values: Collection[Any], kinds: Sequence[Kind] = tuple(Kind)) -> None:
    if not values:
        return
    query = select(OutboxMessage.id, OutboxMessage.public_id, OutboxMessage.run_id, OutboxMessage.status).where(
        column.in_(values),
        OutboxMessage.kind.in_([kind.value for kind in kinds]),
        # A test e-mail is in the hands of its run, which ends within seconds.
        ~((OutboxMessage.kind == Kind.TEST.value) & (OutboxMessage.status == Status.SENDING.value)),
    )
    found = db.session.execute(query).all()
    run_figures.changed(row.run_id for row in found if row.status in WAITING)
    for start in range(0, len(found), CHUNK):
        some = found[start : start + CHUNK]
        _forget([row.id for row in some])
        forget_subjects("message", [row.public_id for row in some], label=FORGOTTEN)


def _forget(ids: Sequence[int]) -> None:
    waits = OutboxMessage.status.in_([status.value for status in WAITING])
    names = OutboxMessage.kind.in_([kind.value for kind in NAMING])
    _execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(ids))
        .values(
            recipient=FORGOTTEN,
            subject=case((names, FORGOTTEN), else_=OutboxMessage.subject),
            last_reply="",
            content_sealed=None,  # It is bound to the recipient: nobody could open it any more.
            parts_sealed=None,
            leased_by=None,
            lease_token=None,
            settled_at=case((waits, clock.now()), else_=OutboxMessage.settled_at),
            status=case((waits, Status.CANCELLED.value), else_=OutboxMessage.status),
        )
    )
    _execute(delete(DeliveryAttempt).where(DeliveryAttempt.outbox_message_id.in_(ids)))


def _forms(addresses: Sequence[str]) -> set[str]:
    """An address as it was typed, and as it is compared."""
    return {form for address in addresses for form in (address, address.casefold())}


def _execute(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
