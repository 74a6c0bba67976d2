"""How the number of subscribers grows: who joined and who left in each of the last weeks, and how many there were."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select

from kbadmin import clock
from kbadmin.database import db
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber

WEEKS = 12


@dataclass(frozen=True)
class Week:
    """One week from a Monday on; ``total`` is how many were subscribed at its end, or are now."""

    begins: date
    joined: int
    left: int
    total: int
    share: float  # of the largest total, per cent


def weeks(knowledge_base: KnowledgeBase) -> list[Week]:
    """The last weeks, oldest first; two queries. Whoever left and came back counts from then on."""
    begins = _mondays(knowledge_base.time_zone)
    edges = [_midnight(day, knowledge_base.time_zone) for day in [*begins, begins[-1] + timedelta(days=7)]]
    joined = _by_week(KnowledgeBaseSubscriber.consented_at, edges, knowledge_base.id)
    left = _by_week(KnowledgeBaseSubscriber.unsubscribed_at, edges, knowledge_base.id)
    # Nobody leaves before they came, so whoever is there came and has not left.
    totals = list(accumulate(came - went for came, went in zip(joined, left, strict=True)))
    most = max(totals[1:]) or 1
    figures = zip(begins, joined[1:], left[1:], totals[1:], strict=True)
    return [Week(day, came, went, total, 100 * total / most) for day, came, went, total in figures]


def _by_week(moment: Any, edges: Sequence[datetime], knowledge_base_id: uuid.UUID) -> list[int]:
    """How many rows have this moment before the first edge, and between each edge and the next."""
    week = case(*((moment < edge, number) for number, edge in enumerate(edges)))
    query = select(week, func.count()).where(
        KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id, moment < edges[-1]
    )
    found: dict[int, int] = dict(db.session.execute(query.group_by(week)).all())
    return [found.get(number, 0) for number in range(len(edges))]


def _mondays(zone: str) -> list[date]:
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=number) for number in reversed(range(WEEKS))]


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))
