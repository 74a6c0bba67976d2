"""What a person may do to messages in the log: send again, cancel; one, or all that a filter finds.

All of them are done a thousand at a time, each thousand in a transaction of its own and from the newest backwards, so
that nothing is met twice. The first thousand are done at once, the rest by :func:`go_on`. If that wake-up is lost,
the messages that were not reached stand in the log as before, and the person presses again.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db, unit_of_work
from kbadmin.delivery import run_figures
from kbadmin.delivery.log_filters import IS_OPEN, Wanted, conditions
from kbadmin.engine import task, wake
from kbadmin.outbox.models import PLATFORM, Kind, OutboxMessage, Status
from kbadmin.outbox.operations import wake_lane
from kbadmin.smtp.models import SmtpService
from kbadmin.tenancy import current_account, enter

CHUNK = 1_000


class Deed(StrEnum):
    """What is done."""

    SEND_AGAIN = "send-again"
    CANCEL = "cancel"


#: Which states a deed applies to, the usual one first.
FROM = {
    Deed.SEND_AGAIN: (Status.FAILED, Status.HELD, Status.CANCELLED),
    Deed.CANCEL: (Status.QUEUED, Status.HELD),
}
PHRASES = {Deed.SEND_AGAIN: "message sent again", Deed.CANCEL: "message cancelled"}
PHRASES_FOR_MANY = {Deed.SEND_AGAIN: "messages sent again", Deed.CANCEL: "messages cancelled"}


class NotPossible(RuntimeError):
    """The message is in another state by now, or has no content any more. ``str()`` says which, and what to do."""


@dataclass(frozen=True)
class Done:
    """How many of the messages were changed so far, and whether more follow in the background."""

    number: int
    goes_on: bool


def why_not(message: OutboxMessage, deed: Deed, *, is_lane_there: bool) -> str | None:
    """Why a deed is not possible for this message now; nothing if it is."""
    if message.status not in FROM[deed]:
        return "It is in another state by now. See where it stands."
    if deed is Deed.CANCEL:
        return None
    if message.kind == Kind.TEST:
        return "A test e-mail is sent once. Send another one from its service’s page."
    if message.expires_at is not None and message.expires_at <= clock.now():
        return "It would come too late to be of use. Whoever needs it asks for a new one."
    if message.content_sealed is None and message.parts_sealed is None:
        return "Its content is no longer kept, so it cannot be sent again."
    return None if is_lane_there else "Its service was deleted, so there is no way to send it."


def do(public_id: uuid.UUID, deed: Deed, *, actor: Actor) -> str:
    """Send one message again, or cancel it; answers its recipient. Raises LookupError and :class:`NotPossible`."""
    begin_writing()
    query = select(OutboxMessage).filter_by(public_id=public_id)
    run_figures.changed(
        db.session.scalars(query.with_only_columns(OutboxMessage.run_id))
    )  # Runs before their messages.
    message = db.session.scalar(query.with_for_update())
    if message is None:
        raise LookupError(public_id)
    reason = why_not(message, deed, is_lane_there=message.lane_id in _lanes_there())
    if reason is not None:
        raise NotPossible(reason)
    before = message.status
    for name, value in _changes(deed).items():
        setattr(message, name, value)
    subject = Subject("message", message.public_id, f"{message.subject} → {message.recipient}")
    record(PHRASES[deed], actor=actor, subject=subject, before=before)
    if deed is Deed.SEND_AGAIN:
        wake_lane(message.lane_id)
    return message.recipient


def do_to_all(wanted: Wanted, deed: Deed, *, actor: Actor, facts: Mapping[str, Any]) -> Done:
    """Begin to send again, or to cancel, everything wanted; ``facts`` say in the audit log what that was."""
    begin_writing()
    number, last = _do_chunk(wanted, deed, None)
    record(PHRASES_FOR_MANY[deed], actor=actor, number=number if last is None else f"more than {number:,}", **facts)
    if last is not None:
        wake(go_on, str(current_account()), deed.value, json.dumps(wanted.as_json()), last)
    return Done(number, goes_on=last is not None)


@task
def go_on(account_id: str, deed: str, wanted: str, older_than: int) -> None:
    """The next thousand of :func:`do_to_all`, and so on."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        _, last = _do_chunk(Wanted.from_json(json.loads(wanted)), Deed(deed), older_than)
        if last is not None:
            wake(go_on, account_id, deed, wanted, last)


def applicable(wanted: Wanted, deed: Deed) -> list[ColumnElement[bool]]:
    """Conditions for the messages that the deed would change."""
    where = conditions(db.session(), wanted).all
    if deed is Deed.CANCEL:
        return where
    return [
        *where,
        OutboxMessage.kind != Kind.TEST.value,
        or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > clock.now()),
        or_(OutboxMessage.content_sealed.is_not(None), OutboxMessage.parts_sealed.is_not(None)),
        OutboxMessage.lane_id.in_(_lanes_there()),
    ]


def _do_chunk(wanted: Wanted, deed: Deed, older_than: int | None) -> tuple[int, int | None]:
    """Change up to a thousand messages; answers how many, and the last one's id if there may be more."""
    query = select(OutboxMessage.id, OutboxMessage.lane_id, OutboxMessage.run_id).where(*applicable(wanted, deed))
    if older_than is not None:
        query = query.where(OutboxMessage.id < older_than)
    rows = list(db.session.execute(query.order_by(OutboxMessage.id.desc()).limit(CHUNK)))
    ids = [row.id for row in rows]
    run_figures.changed(row.run_id for row in rows)  # Runs before their messages.
    chosen = update(OutboxMessage).where(OutboxMessage.id.in_(ids), OutboxMessage.status == wanted.state, IS_OPEN)
    changed: Any = db.session.execute(chosen.values(_changes(deed)).execution_options(synchronize_session=False))
    if deed is Deed.SEND_AGAIN:
        for lane_id in {row.lane_id for row in rows}:
            wake_lane(lane_id)
    return changed.rowcount, ids[-1] if len(ids) == CHUNK else None


def _changes(deed: Deed) -> dict[str, Any]:
    """A cancelled message keeps its content, so that a mistake can be put right, until the log forgets it."""
    if deed is Deed.CANCEL:
        return {"status": Status.CANCELLED, "settled_at": clock.now(), "not_before_at": None}
    return {
        "status": Status.QUEUED,
        "attempts": 0,
        "not_before_at": None,
        "settled_at": None,
        "data_at": None,
        "last_reply": "",
        "requeued_at": clock.now(),
    }


def _lanes_there() -> set[uuid.UUID]:
    """Lanes whose service was not deleted."""
    return {PLATFORM, *db.session.scalars(select(SmtpService.id).where(SmtpService.deleted_at.is_(None)))}
