"""What becomes of messages after an attempt: accepted, again later, refused, held; each in one short transaction."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, null, update
from sqlalchemy.orm import Session

from kbadmin import clock, logs
from kbadmin.delivery import lanes, marks, suppression
from kbadmin.delivery.contents import Broken
from kbadmin.delivery.decisions import Action, Decision, Failure, decide
from kbadmin.delivery.journals import Accepted
from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.leases import Claimed
from kbadmin.delivery.marks import Outcome
from kbadmin.delivery.service_troubles import ServiceTrouble
from kbadmin.delivery.turns import turn
from kbadmin.outbox.models import MESSAGES, Kind, Status
from kbadmin.smtp.failures import SubmissionFailed
from kbadmin.smtp.models import SmtpService

NOTED_EVERY = timedelta(seconds=10)
OTHERS_FIRST = timedelta(seconds=5)
STATUS_AFTER = {
    Action.RETRY: Status.QUEUED,
    Action.REFRESH: Status.QUEUED,
    Action.PAUSE: Status.QUEUED,
    Action.FAIL: Status.FAILED,
    Action.FAIL_RECIPIENT: Status.FAILED,
    Action.HOLD: Status.HELD,
    Action.EXPIRE: Status.EXPIRED,
}

log = logs.get(__name__)


def record_accepted(session: Session, terms: Terms, accepted: Sequence[Accepted]) -> None:
    """Record acceptances, and that the service works."""
    if not accepted:
        return
    count = marks.accept(session, accepted)
    lanes.count_results(session, terms.lane_id, accepted=count)
    if terms.account_id is not None:
        _note_working(session, terms)
    if terms.is_troubled:
        lanes.open_again(session, terms.lane_id)


def after_failure(
    terms: Terms, claimed: Claimed, lease_token: int, failed: SubmissionFailed, *, is_oauth: bool
) -> ServiceTrouble | None:
    """Decide about one message that was not accepted and record it; answers the trouble if it is the service's."""
    failure = Failure.of(failed)
    decision = decide(
        failure,
        kind=Kind(claimed.kind),
        attempts=claimed.attempts,
        queued_at=claimed.requeued_at or claimed.created_at,
        now=clock.now(),
        expires_at=claimed.expires_at,
        is_oauth=is_oauth,
        has_refreshed=False,
        uncertain="hold" if terms.holds_uncertain else "resend",
    )
    with turn() as session:
        outcome = _outcome(claimed, lease_token, failure, decision)
        marks.settle(session, outcome)
        if decision.suppresses:
            suppression.note_refusal(session, claimed.account_id, claimed.recipient, outcome.reply)
        if outcome.status is Status.FAILED:
            lanes.count_results(session, terms.lane_id, failed=1)
    log.info(
        "message not accepted", id=str(claimed.public_id), stage=failure.stage, kind=failure.kind, code=failure.code,
        action=decision.action,
    )  # fmt: skip
    return ServiceTrouble(failure, decision) if decision.is_for_service else None


def settle_broken(terms: Terms, broken: Broken, lease_token: int) -> None:
    """A message that we cannot make goes to nobody; it stays visible, and the others go on."""
    log.error("message cannot be made", id=str(broken.claimed.public_id), reason=broken.reason)
    with turn() as session:
        marks.settle(
            session,
            Outcome(
                id=broken.claimed.id,
                account_id=broken.claimed.account_id,
                lease_token=lease_token,
                status=Status.FAILED,
                attempt=Action.FAIL.value,
                facts={"stage": "compose", "kind": "not_sendable", "text": broken.reason[:300]},
                reply="kbadmin could not make this message. Its operator finds the reason in the log.",
            ),
        )
        lanes.take(session, terms.lane_id, terms.per_minute, {broken.claimed.account_id: -1})
        lanes.count_results(session, terms.lane_id, failed=1)


def give_back(terms: Terms, claimed: Sequence[Claimed], lease_token: int) -> None:
    """Messages that were not tried wait as before, and what they took of the lane's limits is given back."""
    with turn() as session:
        marks.give_back(session, lease_token, [one.id for one in claimed])
        taken = Counter(one.account_id for one in claimed)
        lanes.take(session, terms.lane_id, terms.per_minute, {account: -count for account, count in taken.items()})


def hold_all(session: Session, lane_id: uuid.UUID, reason: str) -> None:
    """Nothing will ever leave this way: what waits is held, for a person to decide."""
    waiting = update(MESSAGES).where(MESSAGES.c.lane_id == lane_id, MESSAGES.c.status == Status.QUEUED.value)
    session.execute(waiting.values(status=Status.HELD.value, settled_at=clock.now(), last_reply=reason))


def _outcome(claimed: Claimed, lease_token: int, failure: Failure, decision: Decision) -> Outcome:
    again_at = None
    if decision.action is Action.RETRY and decision.wait is not None:
        # Where the server blamed itself, others go first next time: perhaps it was this message after all.
        again_at = clock.now() + decision.wait + (OTHERS_FIRST if decision.is_for_service else timedelta())
    return Outcome(
        id=claimed.id,
        account_id=claimed.account_id,
        lease_token=lease_token,
        status=STATUS_AFTER[decision.action],
        attempt=decision.action.value,
        facts=failure.as_facts(),
        reply=failure.said,
        again_at=again_at,
        is_counted=not decision.is_for_service,
    )


def _note_working(session: Session, terms: Terms) -> None:
    """The service has just sent with these settings: it is ready, and no longer in difficulties."""
    now = clock.now()
    # Whoever has just put it right waits for the first message after that, however soon it comes.
    noted_since = max(now - NOTED_EVERY, terms.changed_at) if terms.changed_at else now - NOTED_EVERY
    is_noted = terms.is_noted_at is not None and terms.is_noted_at > noted_since
    if is_noted and not terms.is_troubled:
        return
    values: dict[str, Any] = {"last_accepted_at": now, "tested_at": func.coalesce(SmtpService.tested_at, now)}
    if terms.is_troubled:
        values |= {"degraded_at": None, "submission_failure": null()}
    service = update(SmtpService).where(
        SmtpService.id == terms.lane_id,
        SmtpService.configuration_version == terms.configuration_version,
        SmtpService.paused_at.is_(None),
    )
    session.execute(service.values(values))
