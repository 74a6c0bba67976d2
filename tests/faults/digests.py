"""Digests whose time comes while clocks change, processes are doubled, killed or away: F19, F20, F22, F23, F24, F36."""

import random
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from kbadmin import clock, doctor, engine
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.models import OutboxMessage
from kbadmin.subscriptions import planning
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber
from kbadmin.subscriptions.run_models import DigestRun, RunStage
from tests import factories
from tests.faults.ground import Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import wait_until
from tests.subscriptions.readership import Readership

DAY = timedelta(days=1)
#: Where clocks change within the 72 hours that begin here: an hour, half an hour, over midnight, a whole day.
CHANGES = {
    "Europe/Berlin": datetime(2026, 3, 28, tzinfo=UTC),
    "America/New_York": datetime(2026, 10, 31, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 10, 2, tzinfo=UTC),
    "America/Santiago": datetime(2026, 9, 5, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 29, tzinfo=UTC),
}
MINUTE = 2 * 60 + 15  # Berlin, New York and Lord Howe have no such time on the day in question, or have it twice.


def readership(here: Ground, **settings) -> Readership:
    """A public knowledge base with news; its service is paused, so that all it would send can be counted."""
    usual = {"audience": Audience.PUBLIC, "is_public": True, "next_due_at": clock.now() - timedelta(minutes=1)}
    made = Readership(here.app, here.account, **(usual | settings))
    made.news(at=clock.now() - timedelta(minutes=30))
    return made


@row("F19", "double scheduler, 4 processes", "one run; rows = entitled subscribers")
def double_scheduler(site: Site, *, seed: int, scale: Scale) -> Figures:
    readers = scale.pick(400, 10_000)
    figures: Figures = {}
    for kind in scale.pick(("sqlite",), ("sqlite", "postgresql")):
        with ground(site, kind) as here:
            digest = readership(here)
            people = digest.crowd(readers)
            for _ in range(scale.pick(2, 4)):
                here.work()
            _wait_for(digest, RunStage.QUEUED)
            time.sleep(scale.pick(0.5, 5))
            assert _kept_exactly(digest, people) == 1, digest.runs()
            figures |= {f"readers, {kind}": readers, f"runs, {kind}": 1, f"rows, {kind}": readers}
    return figures


@row("F20", "clocks change in 5 zones, 72 h simulated", "one firing per local date")
def changing_clocks(site: Site, *, seed: int, scale: Scale) -> Figures:
    step, dates = timedelta(minutes=scale.pick(180, 5)), 0
    with ground(site) as here:
        for zone, since in CHANGES.items():
            clock.set_to(since)
            try:
                dates += _one_for_each_date(here, zone, since, step)
            finally:
                clock.set_to(None)
    return {"zones": len(CHANGES), "local dates": dates, "firings": dates, "step, min": int(step.total_seconds() // 60)}


@row("F22", "nobody works for 30 h over a digest", "at most one catch-up; the other is noted as skipped")
def downtime(site: Site, *, seed: int, scale: Scale) -> Figures:
    readers = scale.pick(20, 1_000)
    with ground(site) as here:
        now = clock.now()
        digest = readership(here, minute=now.hour * 60 + now.minute, next_due_at=now + timedelta(minutes=1))
        people = digest.crowd(readers)
        here.shift_clock(30 * 3600.0)
        here.work()
        _wait_for(digest, RunStage.QUEUED)
        stages = [(run.stage, run.reason) for run in digest.runs()]
        assert [stage for stage, _ in stages] == [RunStage.SKIPPED, RunStage.QUEUED], stages
        assert all("not running" in reason for _, reason in stages), stages
        assert _kept_exactly(digest, people) == 2
        return {"readers": readers, "catch-ups": 1, "skipped": 1, "rows": readers}


@row("F23", "killed during the fan-out", "the set is complete: each subscriber once")
def killed_during_fan_out(site: Site, *, seed: int, scale: Scale) -> Figures:
    kills, readers = scale.pick((1, 2_000), (20, 60_000))
    chance = random.Random(seed)
    with ground(site) as here:
        digest = readership(here)
        people = digest.crowd(readers)
        done = 0
        for number in range(kills):
            worker = here.work()
            enough = max(done + 1, int(readers * (number + chance.random()) / (kills + 1)))
            wait_until(lambda enough=enough: _queued(digest) >= enough, 60, every=0.005)
            worker.kill()
            done = _queued(digest)
            [run] = digest.runs()
            assert run.planned == done, "what was counted is not what was queued"
            _call_again(here, run)  # The sweep would, a minute later.
        here.work()
        _wait_for(digest, RunStage.QUEUED)
        assert _kept_exactly(digest, people) == 1
        return {"readers": readers, "kills": kills, "rows": readers}


@row("F24", "readers unsubscribe after the planning", "nothing is queued for them")
def unsubscribed_after_planning(site: Site, *, seed: int, scale: Scale) -> Figures:
    readers = scale.pick(800, 20_000)
    chance = random.Random(seed)
    with ground(site) as here:
        digest = readership(here, next_due_at=None)
        people = digest.crowd(readers)
        gone = set(chance.sample(people, readers // 3))
        with digest.inside(), unit_of_work():
            planning.begin_by_hand(digest.id, actor=_SOMEBODY)
        here_ = KnowledgeBaseSubscriber
        with digest.inside(), unit_of_work():
            for start in range(0, len(gone), 500):
                those = here_.id.in_(list(gone)[start : start + 500])
                db.session.execute(update(here_).where(those).values(unsubscribed_at=clock.now()))
        here.work()
        _wait_for(digest, RunStage.QUEUED)
        assert _kept_exactly(digest, [one for one in people if one not in gone]) == 1
        return {"readers": readers, "unsubscribed": len(gone), "queued for them": 0}


@row("F36", "the scheduler is silent for 10 min", "/readyz, /metrics and doctor say so, and no more when it works")
def silent_scheduler(site: Site, *, seed: int, scale: Scale) -> Figures:
    with ground(site) as here:
        digest = readership(here, next_due_at=clock.now() - timedelta(minutes=9))
        browser = here.app.test_client()

        def told() -> tuple[int, str, str]:
            overdue = browser.get("/readyz", base_url="http://localhost").get_json()["digests"]["overdue"]
            metrics = browser.get("/metrics", base_url="http://localhost").text
            line = next(one for one in metrics.splitlines() if one.startswith("kbadmin_digests_overdue "))
            return (
                overdue,
                line.split()[1],
                " ".join(finding.text for finding in doctor.examine(here.settings) if finding.is_wrong),
            )

        assert told()[:2] == (0, "0.0")
        clock.set_to(clock.now() + timedelta(minutes=1, seconds=1))
        try:
            overdue, metric, said = told()
            assert (overdue, metric) == (1, "1.0")
            assert "overdue" in said
        finally:
            clock.set_to(None)
        here.work()
        _wait_for(digest, RunStage.EMPTY)
        assert told()[:2] == (0, "0.0")
        return {"silent for, min": 10, "told after, s": 1, "told when it works": 0}


_SOMEBODY = planning.Actor(None, "somebody")


def _one_for_each_date(here: Ground, zone: str, since: datetime, step: timedelta) -> int:
    digest = Readership(here.app, factories.open_account(here.app), minute=MINUTE, next_due_at=None)
    digest.change(planning.KnowledgeBase, digest.id, time_zone=zone)
    with digest.inside(), unit_of_work():
        planning.replan(
            db.session.scalars(select(planning.SubscriptionSettings)).one(),
            db.session.get_one(planning.KnowledgeBase, digest.id),
        )
    worker, place, days = factories.Worker(here.app), ZoneInfo(zone), []
    for number in range(int(timedelta(hours=72) / step) + 1):
        clock.set_to(since + number * step)
        for _ in range(2):  # As often as one likes.
            with here.app.app_context():
                planning.digests_that_are_due()
        worker.drain()
        for minutes in range(0, int(step.total_seconds() // 60), 5):
            day = (clock.now() + timedelta(minutes=minutes)).astimezone(place).date().isoformat()
            days += [] if day in days else [day]
    fired = [run.slot for run in digest.runs()]
    assert len(set(fired)) == len(fired), fired
    assert set(days[1:-1]) <= set(fired) <= set(days), (zone, fired, days)
    return len(fired)


def _wait_for(digest: Readership, stage: RunStage) -> None:
    wait_until(lambda: any(run.stage == stage for run in digest.runs()), 120, every=0.05, what=f"a run is {stage}")


def _queued(digest: Readership) -> int:
    with digest.inside():
        return int(db.session.scalar(select(func.count(OutboxMessage.id))) or 0)


def _kept_exactly(digest: Readership, people: list) -> int:
    """Each of these has one message, nobody else has any, and the run counted them; answers how many runs there are."""
    keys = [one.deduplication_key.rpartition(" ")[2] for one in digest.messages()]
    assert sorted(keys) == sorted(one.hex for one in people), (len(keys), len(people))
    runs = digest.runs()
    assert sum(run.planned - sum(run.skipped.values()) for run in runs) == len(people)
    return len(runs)


def _call_again(here: Ground, run: DigestRun) -> None:
    with here.app.app_context():
        engine.of(here.app).enqueue("fan_out_digests", (str(here.account.id), str(run.id)))
