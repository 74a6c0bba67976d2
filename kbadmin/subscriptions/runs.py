"""How runs went: counted while they are under way, kept once every message has come to an end.

Figures that are kept hold until somebody sends such a message again, or cancels it: then the run is under way again.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select, update

from kbadmin import clock
from kbadmin.database import begin_writing, commit, db
from kbadmin.delivery import run_figures
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.subscriptions import digest_words
from kbadmin.subscriptions.run_models import DigestRun, RunStage
from kbadmin.tenancy import enter, every_account

#: A message's life, and some time for those that are just being sent.
OVER = timedelta(hours=73)
WITHOUT_MESSAGES = (RunStage.EMPTY, RunStage.SKIPPED)
UNDER_WAY = (Status.QUEUED.value, Status.SENDING.value)


@dataclass(frozen=True)
class Tally:
    """Subscribers who were due, and what became of the message of each. ``skipped`` says by reason who got none."""

    planned: int = 0
    queued: int = 0
    sent: int = 0
    failed: int = 0
    held: int = 0
    expired: int = 0
    cancelled: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        """Who got no message, for whatever reason."""
        return sum(self.reasons.values())

    @property
    def messages(self) -> int:
        """All messages of the run, wherever they stand."""
        return self.queued + self.sent + self.failed + self.held + self.expired + self.cancelled


#: Under which word a message is counted.
WORDS = {
    Status.QUEUED: "queued",
    Status.SENDING: "queued",
    Status.ACCEPTED: "sent",
    Status.FAILED: "failed",
    Status.HELD: "held",
    Status.EXPIRED: "expired",
    Status.CANCELLED: "cancelled",
}


def tallies_of(run_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Tally]:
    """How these runs stand, in two queries: messages are counted of those only that have not come to an end."""
    columns = select(DigestRun.id, DigestRun.stage, DigestRun.planned, DigestRun.skipped, DigestRun.tallies)
    rows = db.session.execute(columns.where(DigestRun.id.in_(run_ids))).all()
    numbers = _counted([row.id for row in rows if not _is_kept(row)])
    return {row.id: _tally(row, numbers.get(row.id, {})) for row in rows}


def _is_kept(row: Any) -> bool:
    return row.stage in WITHOUT_MESSAGES or (row.stage == RunStage.DONE and row.tallies is not None)


def _counted(run_ids: Collection[uuid.UUID]) -> dict[uuid.UUID | None, dict[str, int]]:
    """The messages of these runs, by run and word."""
    numbers: dict[uuid.UUID | None, dict[str, int]] = {}
    if not run_ids:
        return numbers
    query = (
        select(OutboxMessage.run_id, OutboxMessage.status, func.count(OutboxMessage.id))
        .where(OutboxMessage.run_id.in_(run_ids))
        .group_by(OutboxMessage.run_id, OutboxMessage.status)
    )
    for run_id, status, number in db.session.execute(query):
        known, word = numbers.setdefault(run_id, {}), WORDS[Status(status)]
        known[word] = known.get(word, 0) + number
    return numbers


def reopen(run_ids: Collection[uuid.UUID]) -> None:
    """Messages of these runs were changed after their end: count them again, until the sweep ends the runs anew."""
    query = select(DigestRun).where(DigestRun.id.in_(run_ids)).order_by(DigestRun.id).with_for_update()
    for run in db.session.scalars(query.execution_options(populate_existing=True)):
        if run.stage == RunStage.DONE:
            there = _counted([run.id]).get(run.id, {})
            run.tallies = {word: max(0, number - there.get(word, 0)) for word, number in (run.tallies or {}).items()}
            run.stage, run.finished_at = RunStage.QUEUED, None


@task
def end_digest_run(account_id: str, run_id: str) -> None:
    """Every message has come to its end, or is too late to: keep the figures."""
    enter(uuid.UUID(account_id))
    begin_writing()
    run = db.session.scalar(select(DigestRun).where(DigestRun.id == uuid.UUID(run_id)).with_for_update())
    if run is not None and run.stage == RunStage.QUEUED:
        if run.due_at < clock.now() - OVER:
            _expire(run)
        tally = tallies_of([run.id])[run.id]
        if tally.queued == 0:
            run.stage, run.finished_at = RunStage.DONE, clock.now()
            run.tallies = {word: getattr(tally, word) for word in dict.fromkeys(WORDS.values())}
    commit()


@sweep
def digest_runs_that_ended() -> None:
    """Find the runs whose last message has come to its end, or whose time is over."""
    waits = exists().where(
        OutboxMessage.account_id.in_([DigestRun.account_id]),
        OutboxMessage.run_id == DigestRun.id,
        OutboxMessage.status.in_(UNDER_WAY),
    )
    is_over = DigestRun.due_at < clock.now() - OVER
    with every_account() as session:
        query = select(DigestRun.account_id, DigestRun.id).where(
            DigestRun.stage == RunStage.QUEUED, or_(~waits, is_over)
        )
        found = [tuple(str(part) for part in row) for row in session.execute(query)]
    if found:
        begin_writing()
        for ids in found:
            wake(end_digest_run, *ids)
        commit()


def _expire(run: DigestRun) -> None:
    """What a stopped service kept waiting is of no use any more. Nobody claims it, so nobody else would see that."""
    late = update(OutboxMessage).where(OutboxMessage.run_id == run.id, OutboxMessage.status == Status.QUEUED.value)
    values = {"status": Status.EXPIRED.value, "settled_at": clock.now(), "last_reply": digest_words.TOO_LATE}
    wiped = {"content_sealed": None, "parts_sealed": None}
    db.session.execute(late.values(**values, **wiped).execution_options(synchronize_session=False))


def _tally(row: Any, counted: dict[str, int]) -> Tally:
    """What is kept of a run that has come to an end; else the messages' own count, unless some are forgotten by now."""
    planned, reasons, kept = row.planned, row.skipped or {}, row.tallies
    words = dict.fromkeys(WORDS.values())
    # Of a run that was opened again, what is kept is what the outbox has forgotten.
    numbers = {word: (kept or {}).get(word, 0) + (0 if _is_kept(row) else counted.get(word, 0)) for word in words}
    return Tally(planned=planned, reasons=reasons, **numbers)


run_figures.hear_with(reopen)
