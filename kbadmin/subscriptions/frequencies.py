"""For whom a run is: those who hear with every digest, the weekly ones with the first of a week, or the hasty ones."""

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import exists, select

from kbadmin.database import db
from kbadmin.subscriptions.models import Frequency, SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage


def due_in(run: DigestRun, settings: SubscriptionSettings) -> Collection[Frequency]:
    """The frequencies whose subscribers are told by this run."""
    if run.kind == RunKind.IMMEDIATE:
        return [Frequency.IMMEDIATE]
    if run.kind == RunKind.BY_HAND or not settings.allows_weekly or _is_first_of_week(run):
        return everybody()
    return [Frequency.SCHEDULED, Frequency.IMMEDIATE]


def everybody() -> Collection[Frequency]:
    """All of them."""
    return list(Frequency)


def _is_first_of_week(run: DigestRun) -> bool:
    """Whether no digest went out on an earlier day of its week, from Monday on.

    One that was skipped, or had nothing to tell anybody, is none: what is new next would wait for another week.
    """
    day = date.fromisoformat(run.slot)
    monday = day - timedelta(days=day.weekday())
    earlier = exists().where(
        DigestRun.knowledge_base_id == run.knowledge_base_id,
        DigestRun.kind == RunKind.SCHEDULED,
        DigestRun.stage.not_in([RunStage.SKIPPED, RunStage.EMPTY]),
        DigestRun.slot >= monday.isoformat(),
        DigestRun.slot < day.isoformat(),
    )
    return not db.session.scalar(select(earlier))
