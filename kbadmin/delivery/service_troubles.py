"""What follows when a service itself is at fault: its lane waits, or the service is paused and people are told.

Its messages are not to blame: their attempts are not counted, and they wait in the queue.
"""

import uuid
from datetime import timedelta
from typing import Self

from kbadmin import clock, logs
from kbadmin.audit.operations import WORKER, Subject, record
from kbadmin.database import begin_writing, commit
from kbadmin.delivery import lanes
from kbadmin.delivery.decisions import SLOW_FOR, Action, Decision, Failure, decide_for_service
from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.schedules import breaker_wait
from kbadmin.delivery.turns import turn
from kbadmin.smtp import operations
from kbadmin.smtp.access_token import TokenUnavailable
from kbadmin.smtp.failures import Stage
from kbadmin.tenancy import enter

log = logs.get(__name__)


class ServiceGone(Exception):
    """The service was switched off or deleted meanwhile; its lane has nothing to open."""


class ServiceTrouble(Exception):
    """A service could not be reached, signed in to or sent through. ``decision`` is none if it is paused already."""

    def __init__(self, failure: Failure, decision: Decision | None) -> None:
        super().__init__(failure.kind)
        self.failure = failure
        self.decision = decision

    @classmethod
    def of(cls, failure: Failure, *, is_oauth: bool) -> Self:
        """The trouble that this failure means, with no further refresh to try."""
        return cls(failure, decide_for_service(failure, is_oauth=is_oauth, has_refreshed=True))

    @classmethod
    def without_token(cls, error: TokenUnavailable | LookupError) -> Self:
        """There is no access token: for now, or until a person acts, and then the service is paused already."""
        failure = Failure(stage=Stage.SIGN_IN, kind="no_token")
        if isinstance(error, TokenUnavailable) and error.is_transient:
            return cls(failure, decide_for_service(failure, is_oauth=True, has_refreshed=True))
        return cls(failure, None)


def strike(terms: Terms, trouble: ServiceTrouble) -> float | None:
    """Close the lane for a while, or pause its service; answers in how many seconds to come again, if by itself."""
    decision, failure = trouble.decision, trouble.failure
    log.warning("service trouble", lane=str(terms.lane_id), stage=failure.stage, kind=failure.kind, code=failure.code)
    if decision is None:
        return None
    if decision.action is Action.PAUSE and terms.account_id is not None:
        pause(terms.account_id, terms.lane_id, failure, decision)
        return None if decision.resumes_after is None else decision.resumes_after.total_seconds()
    with turn() as session:
        failures = lanes.strike(session, terms.lane_id, slowed_for=SLOW_FOR if decision.slow_down else None)
        wait = max(decision.wait or timedelta(), breaker_wait(failures) or timedelta())
        lanes.close_for(session, terms.lane_id, wait)
    if terms.account_id is not None and not decision.slow_down:
        note_degraded(terms.account_id, terms.lane_id, failure)
    return wait.total_seconds()


def pause(account_id: uuid.UUID, service_id: uuid.UUID, failure: Failure, decision: Decision) -> None:
    """Stop a service with the reason; the queue waits, and whoever looks after it is told."""
    enter(account_id)
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is None or service.paused_at is not None:
        commit()
        return
    now = clock.now()
    service.paused_at, service.pause_reason = now, decision.reason
    service.paused_until = None if decision.resumes_after is None else now + decision.resumes_after
    service.submission_failure = failure.as_facts() | {"at": now.isoformat(timespec="seconds")}
    record(
        "smtp service stopped",
        actor=WORKER,
        subject=Subject("smtp service", service.id, service.friendly_name),
        stage=failure.stage,
        kind=failure.kind,
        reply=" ".join(str(part) for part in (failure.code, failure.enhanced) if part),
    )
    commit()


def note_degraded(account_id: uuid.UUID, service_id: uuid.UUID, failure: Failure) -> None:
    """The service has difficulties that may pass by themselves; its page says which."""
    enter(account_id)
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is not None and service.paused_at is None:
        now = clock.now()
        service.degraded_at = service.degraded_at or now
        service.submission_failure = failure.as_facts() | {"at": now.isoformat(timespec="seconds")}
    commit()
