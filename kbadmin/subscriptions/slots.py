"""Slots taken: the one run of a slot is written down, whether it is sent or not. Parts of an operation."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from kbadmin import clock
from kbadmin.database import db
from kbadmin.engine import wake_named
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from kbadmin.subscriptions.schedule import Slot
from kbadmin.tenancy import current_account


@dataclass(frozen=True)
class Occasion:
    """What a run is for. ``key`` is the slot: a local date, a moment, or somebody's request."""

    kind: RunKind
    key: str
    due_at: datetime


def scheduled(slot: Slot) -> Occasion:
    """The occasion of a slot of the schedule."""
    return Occasion(RunKind.SCHEDULED, key_of(slot), slot.due_at)


def key_of(slot: Slot) -> str:
    """What a scheduled run is known by: its local date."""
    return slot.day.isoformat()


def taken(knowledge_base_id: uuid.UUID, keys: Collection[str]) -> set[str]:
    """Those of the slots that have their run already."""
    query = select(DigestRun.slot).where(DigestRun.knowledge_base_id == knowledge_base_id, DigestRun.slot.in_(keys))
    return set(db.session.scalars(query))


def begin(
    knowledge_base: KnowledgeBase, settings: SubscriptionSettings, occasion: Occasion, *, reason: str = "", by: str = ""
) -> DigestRun | None:
    """Begin the run of a slot; nothing if the slot has one. Hold the knowledge base's row: two must not ask at once."""
    run = _run(knowledge_base, settings, occasion, reason)
    if run is None:
        return None
    run.begun_by = by
    db.session.flush()
    wake_named("fan_out_digests", str(current_account()), str(run.id))
    return run


def skip(knowledge_base: KnowledgeBase, settings: SubscriptionSettings, occasion: Occasion, *, reason: str) -> None:
    """Write down that a slot passed without a digest, and why."""
    run = _run(knowledge_base, settings, occasion, reason)
    if run is not None:
        run.stage, run.finished_at = RunStage.SKIPPED, clock.now()
        db.session.flush()


def _run(
    knowledge_base: KnowledgeBase, settings: SubscriptionSettings, occasion: Occasion, reason: str
) -> DigestRun | None:
    if taken(knowledge_base.id, [occasion.key]):
        return None
    run = DigestRun(
        knowledge_base_id=knowledge_base.id,
        smtp_service_id=settings.smtp_service_id,
        kind=occasion.kind,
        slot=occasion.key,
        due_at=occasion.due_at,
        until_at=clock.now(),
        reason=reason,
    )
    db.session.add(run)
    return run
