"""Reading the audit log: filtered, newest first, a page at a time from where the last one ended."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, or_, select

from kbadmin import clock
from kbadmin.audit.models import AuditEntry
from kbadmin.audit.operations import Subject
from kbadmin.database import db

PAGE = 50
LOOKED_BACK = timedelta(days=7)  # for what was done to one subject
LOOKED_THROUGH = 5000  # entries that the choices of the filter are gathered from


@dataclass(frozen=True)
class Wanted:
    """Which entries to show; days are days of the account's zone, both included."""

    actor: str = ""
    action: str = ""
    first_day: date | None = None
    last_day: date | None = None
    zone: str = "UTC"

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered out."""
        return not (self.actor or self.action or self.first_day or self.last_day)


@dataclass(frozen=True)
class Page:
    """One page of the log, and the entries that the pages before and after it start from."""

    entries: Sequence[AuditEntry] = field(default_factory=list)
    newer_than: uuid.UUID | None = None
    older_than: uuid.UUID | None = None


def page(wanted: Wanted, *, older_than: uuid.UUID | None = None, newer_than: uuid.UUID | None = None) -> Page:
    """The entries after or before one entry, or the newest. An entry that is not there is ignored."""
    query = _filtered(wanted)
    before = _entry(older_than)
    after = _entry(newer_than) if before is None else None
    if after is not None:
        query = query.where(_comes_after(after)).order_by(AuditEntry.at, AuditEntry.id)
    else:
        query = query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    if before is not None:
        query = query.where(_comes_before(before))
    found = list(db.session.scalars(query.limit(PAGE + 1)))
    has_more, entries = len(found) > PAGE, found[:PAGE]
    if after is not None:
        entries.reverse()
    if not entries:
        return Page()
    has_newer = has_more if after is not None else before is not None
    has_older = True if after is not None else has_more
    return Page(entries, entries[0].id if has_newer else None, entries[-1].id if has_older else None)


def choices() -> tuple[list[str], list[str]]:
    """The people and actions that occur in the newest entries, for the filter's dropdowns."""
    newest = select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.at.desc()).limit(LOOKED_THROUGH).subquery()
    actors = db.session.scalars(select(newest.c.actor).distinct())
    actions = db.session.scalars(select(newest.c.action).distinct())
    return sorted(actors, key=str.casefold), sorted(actions)


def newest(
    subject: Subject, actions: Sequence[str], *, since: datetime, facts: Mapping[str, Any]
) -> Sequence[AuditEntry]:
    """The last times that one of these actions was done to a subject, with these facts, as far as we look back."""
    query = select(AuditEntry).where(
        AuditEntry.at >= max(since, clock.now() - LOOKED_BACK),
        AuditEntry.subject_kind == subject.kind,
        AuditEntry.subject_id == subject.id,
        AuditEntry.action.in_(actions),
    )
    found = db.session.scalars(query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(PAGE))
    return [entry for entry in found if all(entry.facts.get(name) == facts[name] for name in facts)]


def _filtered(wanted: Wanted) -> Select[Any]:
    query = select(AuditEntry)
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.action:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.first_day:
        query = query.where(AuditEntry.at >= _midnight(wanted.first_day, wanted.zone))
    if wanted.last_day:
        query = query.where(AuditEntry.at < _midnight(wanted.last_day + timedelta(days=1), wanted.zone))
    return query


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def _entry(entry_id: uuid.UUID | None) -> AuditEntry | None:
    return db.session.scalar(select(AuditEntry).filter_by(id=entry_id)) if entry_id else None


def _comes_before(entry: AuditEntry) -> ColumnElement[bool]:
    return or_(AuditEntry.at < entry.at, and_(AuditEntry.at == entry.at, AuditEntry.id < entry.id))


def _comes_after(entry: AuditEntry) -> ColumnElement[bool]:
    return or_(AuditEntry.at > entry.at, and_(AuditEntry.at == entry.at, AuditEntry.id > entry.id))
