"""Welcomes: the e-mail with which a reader sets a first password; sent again at any time, singly or to many.

Each makes a one-time link of its own when it leaves, and ends the one before. How it went is read from the outbox.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, select

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.prepared import PreparedForSome
from kbadmin.readers import email_settings, emails, passwords
from kbadmin.readers.models import Reader
from kbadmin.readers.template_models import TemplateKind
from kbadmin.readers.welcomers import WELCOMERS, Welcomer

#: How long a welcome waits for a service that cannot send: its link is made when it leaves.
WAITS = timedelta(days=14)
WENT_WRONG = (Status.FAILED, Status.HELD, Status.EXPIRED)


class NobodySends(RuntimeError):
    """Neither a service nor a platform sender is there."""


@dataclass(frozen=True)
class Welcome:
    """How a reader's last welcome stands: ``status`` of its message, none if the delivery log has forgotten it.

    It was asked for at ``sent_at``; ``accepted_at`` is later by as long as it waited for its service.
    """

    sent_at: datetime
    status: Status | None
    reply: str = ""
    accepted_at: datetime | None = None
    is_cleared: bool = False

    @property
    def went_wrong(self) -> bool:
        """Whether it did not reach the mail server, and nobody has said that they know."""
        return self.status in WENT_WRONG and not self.is_cleared


def send(reader: Reader) -> None:
    """Queue a welcome in the caller's write section. Raises :class:`NobodySends`."""
    message = emails.send_link(
        TemplateKind.WELCOME,
        reader,
        lifetime=email_settings.welcome_lifetime(),
        expires_at=clock.now() + WAITS,
    )
    if message is None:
        raise NobodySends
    reader.welcome_message_id, reader.welcomed_at, reader.welcome_cleared_at = message.id, clock.now(), None


def send_again(reader_ids: Iterable[uuid.UUID], *, actor: Actor) -> int:
    """Welcome these readers (again), as far as they may sign in; answers how many. Raises :class:`NobodySends`."""
    begin_writing()
    readers = [one for one in _found(reader_ids) if passwords.may_sign_in(one)]
    for reader in readers:
        send(reader)
    if len(readers) == 1:
        record("reader welcomed", actor=actor, subject=Subject("reader", readers[0].id, readers[0].label))
    elif readers:
        record("readers welcomed", actor=actor, number=len(readers))
    return len(readers)


def clear(reader_id: uuid.UUID, *, actor: Actor) -> None:
    """Somebody knows that the welcome failed: no marker any more. Raises LookupError."""
    begin_writing()
    reader = db.session.get(Reader, reader_id)
    if reader is None:
        raise LookupError(reader_id)
    reader.welcome_cleared_at = clock.now()
    record("failed welcome cleared", actor=actor, subject=Subject("reader", reader.id, reader.label))


def welcomes_of(readers: Sequence[Reader]) -> Mapping[uuid.UUID, Welcome]:
    """How the last welcome of each of them stands, in one query."""
    ids = [one.welcome_message_id for one in readers if one.welcome_message_id is not None]
    messages = _standing(ids) if ids else {}
    found = {}
    for one in readers:
        if one.welcomed_at is not None:
            status, reply, accepted_at = messages.get(one.welcome_message_id or 0, (None, "", None))
            is_cleared = one.welcome_cleared_at is not None
            found[one.id] = Welcome(one.welcomed_at, status, reply, accepted_at, is_cleared)
    return found


_STANDING = PreparedForSome(
    lambda ids: select(
        OutboxMessage.id, OutboxMessage.status, OutboxMessage.last_reply, OutboxMessage.settled_at
    ).where(OutboxMessage.id.in_(ids)),
    BigInteger(),
)


def _standing(message_ids: Sequence[int]) -> dict[int, tuple[Status, str, datetime | None]]:
    return {
        row.id: (Status(row.status), row.last_reply, row.settled_at if row.status == Status.ACCEPTED else None)
        for row in _STANDING.rows(message_ids)
    }


def _found(reader_ids: Iterable[uuid.UUID]) -> list[Reader]:
    return list(db.session.scalars(select(Reader).where(Reader.id.in_(list(reader_ids)), Reader.deleted_at.is_(None))))


def _send_if_possible(reader: Reader) -> bool:
    """A new reader is kept, also where nobody can write to them: their page says that they were not welcomed."""
    if emails.way_to(reader) is None:
        return False
    send(reader)
    return True


WELCOMERS.append(Welcomer(can_send=email_settings.can_send, send=_send_if_possible))
