"""From the hour to the run: one per slot, made good once after downtime, and skipped with a sentence otherwise."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.articles import callouts, publishing
from kbadmin.articles.models import Article, ArticleStatus, Callout
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import planning, settings
from kbadmin.subscriptions.models import Frequency, SubscriptionSettings
from kbadmin.subscriptions.run_models import RunKind, RunStage
from tests.databases import both_databases
from tests.subscriptions.readership import Readership

OLIVE = Actor(None, "Olive Owner")


def work(worker):
    worker.sweep()
    return worker.drain()


def told_of(here):
    return [(run.slot, run.stage, run.kind) for run in here.runs()]


@both_databases
def test_at_its_hour_a_digest_begins_once_and_the_next_one_is_planned(readership, worker, clock):
    readership.readers(3)
    clock.advance(minutes=10)
    readership.news()
    work(worker)
    assert readership.runs() == []
    clock.advance(minutes=50)
    worker.sweep()
    worker.sweep()
    worker.drain()
    work(worker)
    [run] = readership.runs()
    assert (run.slot, run.stage, run.kind, run.reason) == ("2026-03-02", RunStage.QUEUED, RunKind.SCHEDULED, "")
    assert (run.planned, run.skipped, len(readership.messages())) == (3, {}, 3)
    assert readership.settings().next_due_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    clock.advance(days=1)
    work(worker)
    assert told_of(readership)[1:] == [("2026-03-03", RunStage.EMPTY, RunKind.SCHEDULED)], "nothing is told twice"
    assert len(readership.messages()) == 3


def test_after_downtime_the_latest_slot_is_made_good_once_and_the_others_are_not(readership, worker, clock):
    readership.readers(1)
    readership.news()
    clock.advance(hours=30)
    readership.news()
    work(worker)
    assert told_of(readership) == [
        ("2026-03-02", RunStage.SKIPPED, RunKind.SCHEDULED), ("2026-03-03", RunStage.QUEUED, RunKind.SCHEDULED)
    ]  # fmt: skip
    skipped, sent = readership.runs()
    assert "not running" in skipped.reason
    assert sent.reason.startswith("Sent late")
    assert len(readership.messages()) == 1
    readership.set(weekdays=1)
    with readership.inside(), unit_of_work():
        planning.replan(db.session.query(SubscriptionSettings).one(), db.session.get(KnowledgeBase, readership.id))
    clock.advance(days=7, hours=5)
    work(worker)
    assert told_of(readership)[2:] == [("2026-03-09", RunStage.SKIPPED, RunKind.SCHEDULED)], "more than a day late"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"smtp_service_id": None}, "No SMTP service is chosen"),
        ({"disabled": True}, "is disabled"),
        ({"archived": True}, "archived"),
    ],
)
def test_a_digest_that_cannot_leave_is_skipped_with_the_reason_and_told_of_later(
    readership, owner_browser, worker, clock, change, said
):
    [reader] = readership.readers(1)
    readership.news(at=house_clock.now() + timedelta(minutes=1))
    if "disabled" in change:
        readership.change(SmtpService, readership.service_id, disabled_at=house_clock.now())
    elif "archived" in change:
        readership.change(KnowledgeBase, readership.id, archived_at=house_clock.now())
    else:
        readership.set(**change)
    before = readership.told_until(reader)
    clock.advance(hours=1)
    work(worker)
    [run] = readership.runs()
    assert run.stage == RunStage.SKIPPED
    assert said in run.reason
    assert readership.told_until(reader) == before
    if "archived" not in change:
        page = owner_browser.open("/notices")
        assert said in page.text
        assert "Digest of Help" in page.text
    assert readership.messages() == []


def test_pausing_takes_the_plan_away_and_resuming_makes_nothing_good(readership, worker, clock):
    def plan(**values):
        readership.set(**values)
        with readership.inside(), unit_of_work():
            planning.replan(db.session.query(SubscriptionSettings).one(), db.session.get(KnowledgeBase, readership.id))
        return readership.settings().next_due_at

    assert plan(paused_at=house_clock.now()) is None
    clock.advance(days=3)
    work(worker)
    assert readership.runs() == []
    assert plan(paused_at=None) == datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert plan(minute=15 * 60) == datetime(2026, 3, 5, 15, tzinfo=UTC)
    clock.advance(hours=6)
    work(worker)
    assert [run.slot for run in readership.runs()] == ["2026-03-05"]
    assert plan(minute=18 * 60) == datetime(2026, 3, 6, 18, tzinfo=UTC), "a date has one digest"


def test_another_time_zone_and_the_archive_change_the_plan(readership, clock):
    def change(function, *arguments, **values):
        with readership.inside(), unit_of_work():
            function(readership.id, *arguments, actor=OLIVE, **values)
        return readership.settings().next_due_at

    row = readership.row()
    wanted = {field.name: getattr(row, field.name) for field in fields(operations.Settings)}
    wanted["time_zone"] = "America/New_York"
    assert change(operations.change_settings, operations.Settings(**wanted)) == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert change(operations.archive) is None
    assert change(operations.bring_back) == datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_weekly_subscribers_hear_with_the_first_digest_of_the_week(readership, worker, clock):
    readership.set(allows_weekly=True)
    clock.advance(minutes=1)
    since = house_clock.now() - timedelta(seconds=1)
    weekly = readership.subscriber(reader=readership.reader("w@example.com"), frequency=Frequency.WEEKLY, since=since)
    daily = readership.subscriber(reader=readership.reader("d@example.com"), since=since)
    got = []
    for _ in range(8):
        readership.news()
        clock.advance(hours=23, minutes=59)
        work(worker)
        clock.advance(minutes=1)
    for message in readership.messages():
        got.append((message.recipient[0], message.created_at.day))
    days = {who: [day for name, day in got if name == who] for who in "wd"}
    assert days["d"] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert days["w"] == [3, 10], "with the slots of the two Mondays, each looked at a day late"
    readership.set(allows_weekly=False)
    readership.news()
    clock.advance(days=1)
    work(worker)
    assert {one.recipient[0] for one in readership.messages()[-2:]} == {"w", "d"}
    assert weekly != daily


def test_a_day_without_anything_new_is_not_the_first_digest_of_the_week(readership, worker, clock):
    readership.set(allows_weekly=True)
    for name, frequency in (("w", Frequency.WEEKLY), ("d", Frequency.SCHEDULED)):
        readership.subscriber(reader=readership.reader(f"{name}@example.com"), frequency=frequency)
    monday = readership.settings().next_due_at
    for day in range(4):  # Nothing on Monday; on Tuesday something new, and on Wednesday and Thursday again.
        if day:
            readership.news(at=house_clock.now() + timedelta(seconds=1))
        clock.advance(seconds=(monday + timedelta(days=day, minutes=1) - house_clock.now()).total_seconds())
        work(worker)
    stages = [(run.slot, run.stage) for run in readership.runs()]
    assert (monday.weekday(), stages[0]) == (0, (monday.date().isoformat(), RunStage.EMPTY))
    got = [(one.recipient[0], one.created_at.strftime("%A")) for one in readership.messages()]
    assert sorted(got) == [("d", "Thursday"), ("d", "Tuesday"), ("d", "Wednesday"), ("w", "Tuesday")]


def test_those_who_want_to_hear_at_once_are_told_five_minutes_after_a_callout(readership, worker, clock):
    readership.set(allows_immediate=True)
    at_once = readership.reader("at-once@example.com")
    readership.subscriber(reader=at_once, frequency=Frequency.IMMEDIATE)
    readership.subscriber(reader=readership.reader("later@example.com"))
    draft = readership.article(readership.id, "Draft", status=ArticleStatus.DRAFT)
    soon = readership.article(readership.id, "Soon", status=ArticleStatus.DRAFT)
    wanted = callouts.Wanted(Callout.NEW, house_clock.now() + timedelta(days=3))
    clock.advance(minutes=1)
    with readership.inside(), unit_of_work():
        publishing.publish(readership.id, draft, callout=wanted, actor=OLIVE)
        at = house_clock.now() + timedelta(minutes=20)
        publishing.schedule(readership.id, soon, at=at, callout=wanted, actor=OLIVE)
    clock.advance(minutes=4)
    work(worker)
    assert readership.messages() == []
    clock.advance(minutes=1)
    work(worker)
    assert [one.recipient for one in readership.messages()] == ["at-once@example.com"]
    assert [run.kind for run in readership.runs()] == [RunKind.IMMEDIATE]
    clock.advance(minutes=20)
    work(worker)
    assert [one.recipient for one in readership.messages()] == ["at-once@example.com"] * 2, "also what was scheduled"
    clock.advance(minutes=34)
    work(worker)
    assert [one.recipient for one in readership.messages()][2:] == ["later@example.com"]
    assert readership.runs()[-1].skipped == {"nothing_new": 1}


def test_a_callout_on_a_scheduled_article_is_told_of_when_it_can_be_read(readership, worker, clock):
    readership.readers(1)
    article = readership.article(
        readership.id, "Soon", status=ArticleStatus.SCHEDULED, publish_at=house_clock.now() + timedelta(hours=4)
    )
    with readership.inside(), unit_of_work():
        wanted = callouts.Wanted(Callout.NEW, house_clock.now() + timedelta(days=3))
        callouts.call_out(readership.id, article, wanted, actor=OLIVE)
        assert db.session.get(Article, article).callout_at == house_clock.now() + timedelta(hours=4)
    clock.advance(hours=1)
    work(worker)
    assert readership.messages() == []
    clock.advance(days=1)
    work(worker)
    assert len(readership.messages()) == 1


def test_begun_by_hand_everybody_hears_at_once_and_nobody_twice(readership, worker, clock):
    readership.readers(2)
    readership.subscriber(reader=readership.reader(), frequency=Frequency.WEEKLY)
    clock.advance(minutes=1)
    readership.news()
    for _ in range(2):
        with readership.inside(), unit_of_work():
            planning.begin_by_hand(readership.id, actor=OLIVE)
        worker.drain()
        clock.advance(minutes=1)
    assert [(run.stage, run.begun_by) for run in readership.runs()] == [
        (RunStage.QUEUED, "Olive Owner"), (RunStage.EMPTY, "Olive Owner")
    ]  # fmt: skip
    assert len(readership.messages()) == 3
    readership.set(is_on=False)
    with readership.inside(), unit_of_work(), pytest.raises(planning.NotSendable, match="are off"):
        planning.begin_by_hand(readership.id, actor=OLIVE)


def test_a_clock_that_was_years_ahead_stops_nothing_for_years(readership, worker, clock):
    readership.readers(1)
    clock.advance(days=3_000)
    readership.news()
    work(worker)
    assert len(readership.messages()) == 1
    clock.set_to(datetime(2026, 3, 3, 9, tzinfo=UTC))
    work(worker)
    assert readership.settings().next_due_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    readership.news(at=house_clock.now() + timedelta(minutes=1))
    clock.advance(hours=1)
    work(worker)
    assert len(readership.messages()) == 2


@both_databases
def test_two_accounts_are_planned_apart(app, two_accounts, worker, clock):
    ours, theirs = (Readership(app, account, minute=10 * 60) for account in two_accounts)
    ours.readers(2)
    theirs.readers(1)
    clock.advance(minutes=1)
    ours.news()
    theirs.news()
    clock.advance(hours=1)
    work(worker)
    assert ([len(one.messages()) for one in (ours, theirs)], len(ours.runs()), len(theirs.runs())) == ([2, 1], 1, 1)


@pytest.mark.parametrize("how", ["allowed later", "paused meanwhile"])
def test_what_was_planned_while_nobody_heard_of_it_is_told_at_once_in_its_time(readership, worker, clock, how):
    hasty = readership.subscriber(reader=readership.reader(), frequency=Frequency.IMMEDIATE)
    readership.set(minute=0, next_due_at=house_clock.now() + timedelta(hours=15), subject="News")
    if how == "paused meanwhile":
        readership.set(allows_immediate=True, paused_at=house_clock.now())
    planned = readership.article(readership.id, "Soon", status=ArticleStatus.DRAFT)
    until = house_clock.now() + timedelta(days=5)
    with readership.inside(), unit_of_work():
        told = callouts.Wanted(Callout.NEW, until)
        at = house_clock.now() + timedelta(hours=2)
        publishing.schedule(readership.id, planned, at=at, callout=told, actor=OLIVE)
    with readership.inside(), unit_of_work():
        if how == "allowed later":
            stored = settings.stored(readership.id)
            kept = {field.name: getattr(stored, field.name) for field in fields(settings.Wanted)}
            settings.change(readership.id, settings.Wanted(**kept | {"allows_immediate": True}), actor=OLIVE)
        else:
            settings.resume(readership.id, actor=OLIVE)
    clock.advance(hours=2, minutes=6)
    work(worker)
    assert [run.kind for run in readership.runs()] == [RunKind.IMMEDIATE]
    assert len(readership.messages()) == 1
    assert readership.told_until(hasty) == house_clock.now()
