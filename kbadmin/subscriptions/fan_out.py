"""Fan-out: the messages of a run into the outbox, some hundred subscribers at a time, in constant memory.

One transaction of each chunk moves the run's position, counts, tells the subscribers' rows that they have been told,
and queues the messages. So a run that was interrupted anywhere goes on where it stood, and of two who work at the same
run one finds that the position has moved. Runs of one knowledge base go one after the other; a pause holds them where
they stand.
"""

import time
import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from kbadmin import clock
from kbadmin.database import abandon, begin_writing, commit, db
from kbadmin.engine import task, wake
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox import fan_out as outbox
from kbadmin.outbox.fan_out import Batch
from kbadmin.outbox.models import OutboxMessage
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import digest_words, entitlement, progress
from kbadmin.subscriptions.bodies import Bodies
from kbadmin.subscriptions.entitlement import Entitled, Reason
from kbadmin.subscriptions.frequencies import due_in
from kbadmin.subscriptions.items import Board
from kbadmin.subscriptions.messages import LIFE, Facts, made_for
from kbadmin.subscriptions.models import Frequency, KnowledgeBaseSubscriber, SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun, RunStage
from kbadmin.tenancy import current_account, enter

PIECE_SECONDS = 5.0  # of one task: whoever stops the worker need not wait for the end of a run


@dataclass
class _Work:
    """What one task knows of the run it works at. What stands in plain values is not read again after each commit."""

    facts: Facts
    until_at: datetime
    knowledge_base: KnowledgeBase
    bodies: Bodies
    frequencies: Collection[Frequency]
    is_public: bool
    board: Board
    position: uuid.UUID | None
    skipped: Counter[str]

    @property
    def current_board(self) -> Board:
        """The board as of this version of the knowledge base."""
        if self.board.version != self.knowledge_base.visibility_version:
            self.board = Board(self.knowledge_base, self.until_at)
        return self.board


@task
def fan_out_digests(account_id: str, run_id: str) -> None:
    """Work at a run for some seconds; then go on in another task, so that others take their turn."""
    enter(uuid.UUID(account_id))
    work = _begun(uuid.UUID(run_id))
    if work is None:
        return
    until = time.monotonic() + PIECE_SECONDS
    while time.monotonic() < until:
        if not _may_go_on(work):
            return  # The sweep asks again.
        people = _next(work)
        if not people:
            _end(work.facts.run_id, work.position)
            return
        for start in range(0, len(people), outbox.CHUNK):
            chunk = people[start : start + outbox.CHUNK]
            if not _queue(work, chunk, is_last=chunk[-1] is people[-1]):
                return  # Somebody else works at it.
    begin_writing()
    wake(fan_out_digests, account_id, run_id)
    commit()


def _begun(run_id: uuid.UUID) -> _Work | None:
    """The run, if there is something to do for it, and none before it."""
    run = db.session.get(DigestRun, run_id)
    if run is None or run.stage != RunStage.FANNING_OUT:
        return None
    earlier = exists().where(
        DigestRun.knowledge_base_id == run.knowledge_base_id,
        DigestRun.stage == RunStage.FANNING_OUT,
        DigestRun.id < run.id,
    )
    knowledge_base = db.session.get(KnowledgeBase, run.knowledge_base_id)
    settings = _settings_of(run.knowledge_base_id)
    service = db.session.get(SmtpService, run.smtp_service_id) if run.smtp_service_id else None
    if db.session.scalar(select(earlier)) or knowledge_base is None or settings is None or service is None:
        return None
    if (reason := _why_over(run, settings)) is not None:
        _end(run.id, run.position, reason)
        return None
    facts = Facts(run.id, knowledge_base.id, service.id, run.due_at, service.send_from_address.rpartition("@")[2])
    return _Work(
        facts=facts,
        until_at=run.until_at,
        knowledge_base=knowledge_base,
        bodies=Bodies(run, knowledge_base, settings, service),
        frequencies=due_in(run, settings),
        is_public=settings.is_public,
        board=Board(knowledge_base, run.until_at),
        position=run.position,
        skipped=Counter(run.skipped),
    )


def _why_over(run: DigestRun, settings: SubscriptionSettings) -> str | None:
    """Why nobody else is told by this run, in a sentence: they hear of the same with the next one."""
    if not settings.is_on:
        return digest_words.TURNED_OFF
    return digest_words.NOT_FINISHED if run.due_at + LIFE <= clock.now() else None


def _may_go_on(work: _Work) -> bool:
    """Whether nobody paused digests, or turned them off, since we looked."""
    here = SubscriptionSettings
    sends = exists().where(
        here.knowledge_base_id == work.facts.knowledge_base_id, here.is_on.is_(True), here.paused_at.is_(None)
    )
    return bool(db.session.scalar(select(sends)))


def _next(work: _Work) -> list[Entitled]:
    """The next subscribers; none either if nothing is new for anybody, which costs one look."""
    if work.position is None and not _is_news_for_anybody(work):
        return []
    return entitlement.after(work.current_board, work.position, frequencies=work.frequencies, is_public=work.is_public)


def _is_news_for_anybody(work: _Work) -> bool:
    here = KnowledgeBaseSubscriber
    if not work.board.items:
        return False
    query = exists().where(
        here.knowledge_base_id == work.knowledge_base.id,
        here.unsubscribed_at.is_(None),
        here.told_until_at < work.board.items[-1].callout_at,
    )
    return bool(db.session.scalar(select(query)))


def _queue(work: _Work, people: list[Entitled], *, is_last: bool = True) -> bool:
    """Queue one chunk. False if somebody else did, and nothing was changed.

    The last chunk of what was read waits for the disk, on SQLite for all of them: after a power cut position and
    messages stand where they stood together, and the run goes on from there.
    """
    made = made_for(work.facts, work.bodies, people, version=work.board.version)
    reasons = Counter(one.reason.value for one in people if one.reason is not None)
    reasons[Reason.LEFT_OUT] += made.left_out
    begin_writing(survives_power_cut=is_last)
    still_there = progress.tell(work.facts, people, work.frequencies, work.until_at)
    reasons[Reason.UNSUBSCRIBED] += sum(one.reason is None and one.id not in still_there for one in people)
    skipped = work.skipped + reasons
    if not progress.move(work.facts, work.position, people, skipped):
        abandon()
        return False
    for batch, owners in made.batches:
        if len(still_there) < len(people):
            pairs = zip(batch.rows, owners, strict=True)
            batch = Batch(batch.shared, [row for row, owner in pairs if owner in still_there])
        outbox.insert(batch)
    commit()
    work.position, work.skipped = uuid.UUID(people[-1].id), skipped
    return True


def _end(run_id: uuid.UUID, position: uuid.UUID | None, reason: str = "") -> None:
    """All are queued, nobody was told anything, or ``reason`` says why no more are; whoever waited for it goes on."""
    begin_writing()
    run = db.session.scalar(select(DigestRun).where(DigestRun.id == run_id).with_for_update())
    if run is not None and run.stage == RunStage.FANNING_OUT and run.position == position:
        has_mail = db.session.scalar(select(exists().where(OutboxMessage.run_id == run.id)))
        without = RunStage.SKIPPED if reason else RunStage.EMPTY
        run.stage, run.reason = RunStage.QUEUED if has_mail else without, reason or run.reason
        run.moved_at = clock.now()
        run.finished_at = None if has_mail else clock.now()
        waiting = select(DigestRun.id).where(
            DigestRun.knowledge_base_id == run.knowledge_base_id,
            DigestRun.stage == RunStage.FANNING_OUT,
            DigestRun.id != run.id,
        )
        if (following := db.session.scalar(waiting.order_by(DigestRun.id).limit(1))) is not None:
            wake(fan_out_digests, str(current_account()), str(following))
    commit()


def _settings_of(knowledge_base_id: uuid.UUID) -> SubscriptionSettings | None:
    return db.session.scalar(select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base_id))
