"""How the number of subscribers grows: who joined and who left in each of the last weeks, and how many there were."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select

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
    """The last weeks, oldest first; one query. Whoever left and came back counts from then on."""
    begins = _mondays(knowledge_base.time_zone)
    edges = [_midnight(day, knowledge_base.time_zone) for day in [*begins, begins[-1] + timedelta(days=7)]]
    columns = [column for start, end in pairwise(edges) for column in _figures(start, end)]
    row = db.session.execute(select(*columns).where(_is_in(knowledge_base.id))).one()
    figures = [(row[at] or 0, row[at + 1] or 0, row[at + 2] or 0) for at in range(0, len(columns), 3)]
    most = max((total for _, _, total in figures), default=0) or 1
    return [
        Week(day, joined, left, total, 100 * total / most)
        for day, (joined, left, total) in zip(begins, figures, strict=True)
    ]


def _mondays(zone: str) -> list[date]:
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=number) for number in reversed(range(WEEKS))]


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def _figures(start: datetime, end: datetime) -> list[Any]:
    mine = KnowledgeBaseSubscriber
    joined = and_(mine.consented_at >= start, mine.consented_at < end)
    left = and_(mine.unsubscribed_at >= start, mine.unsubscribed_at < end)
    there = and_(mine.consented_at < end, or_(mine.unsubscribed_at.is_(None), mine.unsubscribed_at >= end))
    return [func.sum(case((one, 1), else_=0)) for one in (joined, left, there)]


def _is_in(knowledge_base_id: uuid.UUID) -> Any:
    return KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id
