"""The demo's past weeks, lived through: whatever was due on a day is done with the clock set to that day.

So the history that people find is the product's own. Its schedule began the digests, its worker sent them to the demo's
mail server, and the figures add up because they were counted. The clock is the whole process's: nothing else may work
meanwhile, and no page may be answered.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from kbadmin import clock, engine
from kbadmin.database import commit, db
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.planning import digests_that_are_due
from kbadmin.subscriptions.runs import digest_runs_that_ended
from kbadmin.tenancy import enter

SOON = timedelta(seconds=5)  # the sweep is a little later than what it finds


@dataclass(frozen=True)
class Event:
    """Something that somebody does at a moment. With ``wakes`` background work follows at once, not at some time."""

    at: datetime
    act: Callable[[], object]
    wakes: bool = False


class Past:
    """One account's days, in their order."""

    def __init__(self, app: Flask, account_id: UUID) -> None:
        self._app, self._account_id = app, account_id
        self._engine = engine.of(app)

    def live(self, events: Iterable[Event]) -> None:
        """Let everything happen, the earliest first, and between it what the schedules bring."""
        together: list[Event] = []
        due = self._next_due()
        for event in sorted(events, key=attrgetter("at")):
            if event.wakes or (due is not None and due < event.at):
                self._happen(together)
                together, due = [], self._live_until(event.at)
            together.append(event)
            if event.wakes:
                self._happen(together)
                together, due = [], self._next_due()
        self._happen(together)

    def _happen(self, events: list[Event]) -> None:
        """One transaction, and what it wakes: each commit waits for the disk."""
        if not events:
            return
        with self._app.app_context():
            enter(self._account_id)
            for event in events:
                with clock.at(event.at):
                    event.act()
                    db.session.flush()  # Rows know when they were made.
            commit()
            db.session.remove()
        with clock.at(events[-1].at):
            self._engine.work_off()

    def _live_until(self, moment: datetime) -> datetime | None:
        """Answers what is due first after it."""
        while (due := self._next_due()) is not None and due < moment:
            with clock.at(due + SOON):
                for sweep in (digests_that_are_due, digest_runs_that_ended):  # The others find nothing here.
                    with self._app.app_context():
                        sweep()
                        db.session.remove()
                    self._engine.work_off()
        return due

    def _next_due(self) -> datetime | None:
        with self._app.app_context():
            enter(self._account_id)
            due = db.session.scalar(select(func.min(SubscriptionSettings.next_due_at)))
            db.session.remove()
        return due
