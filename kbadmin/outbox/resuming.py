"""What waits in the queue of a paused installation, and what is too old to be sent when it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from kbadmin import clock
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.sealing import SEALED
from kbadmin.tenancy import every_account

#: What rooms above settle before a paused installation goes on, as it may have been done since elsewhere; each answers
#: a sentence for whoever lets it go on, or nothing.
BEFORE: list[Callable[[], str]] = []


def before_resuming(function: Callable[[], str]) -> Callable[[], str]:
    """Have a function called, outside a write section, before a paused installation goes on."""
    BEFORE.append(function)
    return function


@dataclass(frozen=True)
class Waiting:
    """The queue of all accounts."""

    queued: int
    sending: int  # claimed when the backup was made, and perhaps sent since
    oldest: datetime | None


def waiting() -> Waiting:
    """What would be sent now."""
    with every_account() as session:
        rows = session.execute(
            select(OutboxMessage.status, func.count(), func.min(OutboxMessage.created_at))
            .where(OutboxMessage.status.in_((Status.QUEUED, Status.SENDING)))
            .group_by(OutboxMessage.status)
        ).all()
    counts = {status: count for status, count, _ in rows}
    oldest = min((created for _, _, created in rows), default=None)
    return Waiting(counts.get(Status.QUEUED, 0), counts.get(Status.SENDING, 0), oldest)


def expire_older_than(moment: datetime) -> int:
    """Settle every message that was queued before this moment and still waits; answers how many."""
    with every_account() as session:
        done = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.status == Status.QUEUED, OutboxMessage.created_at < moment)
            .values(status=Status.EXPIRED, settled_at=clock.now(), **dict.fromkeys(_contents()))
            .returning(OutboxMessage.id)
            .execution_options(synchronize_session=False)
        )
        return len(done.all())


def _contents() -> list[str]:
    """The columns that a settled message has no more need of."""
    return [found.attribute.column for found in SEALED if found.model is OutboxMessage]
