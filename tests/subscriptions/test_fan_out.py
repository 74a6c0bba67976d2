"""Fan-out: one message for each who is told something, one body for each view, and nothing lost or doubled."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from kbadmin import clock as house_clock
from kbadmin.audit.operations import Actor
from kbadmin.database import SQLITE_SYNCHRONOUS, db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox import fan_out as outbox
from kbadmin.outbox.models import MessageBody
from kbadmin.subscriptions import digest_words, entitlement, fan_out, planning, progress
from kbadmin.subscriptions.entitlement import Reason
from kbadmin.subscriptions.forecasts import forecast
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber
from kbadmin.subscriptions.run_models import DigestBody, RunStage
from tests.databases import both_databases
from tests.subscriptions.readership import Readership, article

OLIVE = Actor(None, "Olive Owner")


def begin(here):
    with here.inside(), unit_of_work():
        return planning.begin_by_hand(here.id, actor=OLIVE).id


@both_databases
def test_readers_with_the_same_view_share_one_body(app, account, worker, clock):
    here = Readership(app, account)
    staff = here.group("Staff")
    since = house_clock.now() - timedelta(hours=1)
    here.news("For staff", groups=[staff])
    one = here.news("For everybody")
    for number in range(6):
        here.subscriber(reader=here.reader(groups=[staff] if number % 2 else []), since=since)
    here.subscriber(reader=here.reader(), to=[article(one)], since=since)
    begin(here)
    worker.drain()
    with here.inside():
        assert sorted(len(body.items) for body in db.session.scalars(select(DigestBody))) == [1, 2]
        assert len(db.session.scalars(select(MessageBody)).all()) == 2
    assert sorted(len([m for m in here.messages() if m.body_id == body]) for body in bodies(here)) == [3, 4]
    assert {one.subject for one in here.messages()} == {"What is new in Help"}
    assert {one.visibility_version for one in here.messages()} == {here.row().visibility_version}


@both_databases
def test_whoever_unsubscribes_while_a_chunk_is_made_gets_nothing(app, account, worker, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True)
    people = here.crowd(5)
    here.news()
    run_id = begin(here)
    with here.inside():
        work = fan_out._begun(run_id)
        chunk = fan_out._next(work)
        db.session.rollback()
        with here.inside(), unit_of_work():
            gone = update(KnowledgeBaseSubscriber).where(KnowledgeBaseSubscriber.id == people[2])
            db.session.execute(gone.values(unsubscribed_at=house_clock.now()))
        assert fan_out._queue(work, chunk)
    worker.drain()
    [run] = here.runs()
    assert (run.planned, run.skipped, len(here.messages())) == (5, {Reason.UNSUBSCRIBED: 1}, 4)


def test_of_two_who_work_at_one_run_the_second_changes_nothing(app, account, worker, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True)
    here.crowd(5)
    here.news()
    run_id = begin(here)
    with here.inside():
        work = fan_out._begun(run_id)
        chunk = fan_out._next(work)
        db.session.rollback()
        with here.inside():
            other = fan_out._begun(run_id)
            assert fan_out._queue(other, fan_out._next(other))
        assert not fan_out._queue(work, chunk)
    worker.drain()
    assert [(run.stage, run.planned) for run in here.runs()] == [(RunStage.QUEUED, 5)]
    assert len(here.messages()) == 5


@both_databases
def test_a_run_of_another_account_is_neither_told_nor_moved(app, two_accounts, clock):
    mine, theirs = (Readership(app, one, audience=Audience.PUBLIC, is_public=True) for one in two_accounts)
    for here in (mine, theirs):
        here.crowd(3)
        here.news()
    begin(mine)
    run_id = begin(theirs)
    with theirs.inside():
        work = fan_out._begun(run_id)
        chunk = fan_out._next(work)
    with mine.inside():
        assert progress.tell(work.facts, chunk, work.frequencies, work.until_at) == set()
        assert not progress.move(work.facts, work.position, chunk, work.skipped)
        db.session.rollback()
    with theirs.inside(), unit_of_work():
        assert progress.tell(work.facts, chunk, work.frequencies, work.until_at) == {one.id for one in chunk}
        assert progress.move(work.facts, work.position, chunk, work.skipped)


def test_of_the_chunks_that_were_read_together_the_last_waits_for_the_disk(app, account, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True)
    here.crowd(2 * outbox.CHUNK + 1)
    here.news()
    run_id = begin(here)
    waited = []
    with here.inside():
        event.listen(db.engine, "commit", lambda connection: waited.append(connection.info[SQLITE_SYNCHRONOUS]))
        fan_out.fan_out_digests(str(account.id), str(run_id))
    first = waited.index("NORMAL")
    assert waited.count("NORMAL") == 2
    assert "FULL" in waited[first + 2 :], "the third chunk"
    assert len(here.messages()) == 2 * outbox.CHUNK + 1


def test_a_digest_too_large_for_a_message_lists_fewer_articles(app, account, worker, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True, intro="\u4e2d" * 9_000)
    here.crowd(1)
    for number in range(30):
        here.news("\u4e2d" * 190 + str(number), slug=f"long-{number}", change_note="\u6587" * 300)
    begin(here)
    worker.drain()
    assert len(here.messages()) == 1
    assert here.runs()[0].skipped == {}


def test_what_send_now_would_do_is_told_before(app, account, clock):
    here = Readership(app, account)
    since = house_clock.now() - timedelta(hours=1)
    here.subscriber(reader=here.reader(), since=since)
    here.subscriber(reader=here.reader(status="disabled"), since=since)
    here.news("One")
    here.news("Nobody's", groups=[here.group("Staff")])
    with here.inside():
        planned, with_mail, items, is_part = forecast(db.session.get(KnowledgeBase, here.id))
    assert not is_part
    assert (planned, with_mail, [item.title for item in items]) == (2, 1, ["One"])
    assert here.messages() == []


@both_databases
def test_a_pause_holds_a_run_where_it_stands_until_digests_are_resumed(app, account, worker, clock):
    here, _ = _under_way(app, account)
    here.set(paused_at=house_clock.now())
    worker.drain()
    clock.advance(minutes=2)
    worker.sweep()
    worker.drain()
    assert [(run.stage, run.planned) for run in here.runs()] == [(RunStage.FANNING_OUT, 2)]
    here.set(paused_at=None)
    worker.sweep()
    worker.drain()
    assert [(run.stage, run.planned) for run in here.runs()] == [(RunStage.QUEUED, 5)]
    assert len({one.recipient for one in here.messages()}) == 5


def test_a_pause_is_seen_between_two_chunks(app, account, clock):
    here, run_id = _under_way(app, account)
    with here.inside():
        work = fan_out._begun(run_id)
        assert fan_out._may_go_on(work)
        db.session.rollback()
        here.set(paused_at=house_clock.now())
        assert not fan_out._may_go_on(work)


@pytest.mark.parametrize(("how", "reason"), [("off", digest_words.TURNED_OFF), ("late", digest_words.NOT_FINISHED)])
def test_a_run_that_will_not_be_finished_ends_and_the_others_hear_with_the_next(
    app, account, worker, clock, how, reason
):
    here, _ = _under_way(app, account)
    if how == "off":
        here.set(is_on=False)
    else:
        clock.advance(hours=72)
    worker.drain()
    [run] = here.runs()
    assert (run.stage, run.reason, run.planned) == (RunStage.QUEUED, reason, 2)
    here.set(is_on=True)
    begin(here)
    worker.drain()
    second = here.runs()[1]
    assert (second.stage, second.planned) == (RunStage.QUEUED, 5)
    told = [one.recipient for one in here.messages()]
    assert len(told) == len(set(told)) == 5


def _under_way(app, account):
    """A run that has told two of five people when its worker ended."""
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True)
    here.crowd(5)
    here.news()
    run_id = begin(here)
    with here.inside():
        work = fan_out._begun(run_id)
        assert fan_out._queue(work, fan_out._next(work)[:2])
    return here, run_id


def test_of_very_many_subscribers_only_the_first_are_looked_at_for_a_page(app, account, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True)
    here.crowd(entitlement.CHUNK + 1)
    here.news()
    with here.inside():
        knowledge_base = db.session.get(KnowledgeBase, here.id)
        part = forecast(knowledge_base, most=entitlement.CHUNK)
        assert (part.planned, part.with_mail, part.is_part) == (entitlement.CHUNK, entitlement.CHUNK, True)
        whole = forecast(knowledge_base, most=entitlement.CHUNK + 1)
        assert (whole.planned, whole.is_part) == (entitlement.CHUNK + 1, False)


def bodies(here):
    return {one.body_id for one in here.messages()}
