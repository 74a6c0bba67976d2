"""Who holds what for whom on PostgreSQL: nobody waits in a circle, and nobody's change is lost."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from kbadmin import clock as house_clock
from kbadmin.audit.operations import Actor
from kbadmin.database import begin_writing, commit, db, unit_of_work
from kbadmin.delivery import log_operations
from kbadmin.delivery.log_filters import Wanted
from kbadmin.delivery.log_operations import Deed
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.readers import belonging
from kbadmin.subscriptions import subscribing
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Source, Target
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from tests.at_once import SECONDS, second_meets_first, wait_until_they_wait
from tests.databases import both_databases, on_postgresql
from tests.delivery.outbox import queue_one
from tests.factories import inside
from tests.subscriptions.readership import Readership, category

OLIVE = Actor(None, "Olive Owner")


@pytest.fixture
def here(app, account, clock):
    return Readership(app, account, port=1)


def in_a_thread(app, account, deed):
    """The thread, and what it raised."""
    raised = []

    def do():
        try:
            with inside(app, account), unit_of_work():
                deed()
        except Exception as error:
            raised.append(error)

    return threading.Thread(target=do), raised


@on_postgresql
def test_two_changes_of_who_may_see_what_are_two(app, account, here):
    before = here.row().visibility_version
    assert second_meets_first(app, account, belonging.visibility_changed, belonging.visibility_changed) is None
    assert here.row().visibility_version == before + 2


@on_postgresql
def test_ending_one_of_several_does_not_wait_for_an_import(app, account, here):
    shelf = here.category(here.id, "Shelf")
    mine = here.subscriber("mine@example.org", to=[{"target": Target.KNOWLEDGE_BASE}, category(shelf)])
    with here.inside():
        ended = {row.target_key: row.id for row in subscribing.subscriptions_of(mine)}[str(shelf)]

    def end():
        subscribing.unsubscribe_from(db.session.get_one(KnowledgeBaseSubscriber, mine), ended, by=OLIVE)

    thread, raised = in_a_thread(app, account, end)
    with here.inside():
        begin_writing()
        base = db.session.get_one(KnowledgeBase, here.id)
        wanted = {"target": Target.KNOWLEDGE_BASE, "source": Source.IMPORTED, "by": OLIVE}
        subscribing.subscribe(base, email="new@example.org", **wanted)
        thread.start()
        thread.join(SECONDS)
        assert not thread.is_alive()
        subscribing.subscribe(base, email="mine@example.org", **wanted)
        commit()
    assert raised == []


@on_postgresql
@pytest.mark.parametrize("how", ["one", "many"])
def test_a_run_is_held_before_its_messages(app, account, here, how):
    """As by whoever ends subscriptions: then neither waits for what the other holds."""
    run_id = a_run(here, RunStage.DONE)
    queue_one(app, account, here.service_id)
    [message] = here.messages()
    here.change(OutboxMessage, message.id, run_id=run_id, status=Status.HELD, settled_at=house_clock.now())

    def cancel():
        if how == "one":
            log_operations.do(message.public_id, Deed.CANCEL, actor=OLIVE)
        else:
            log_operations.do_to_all(Wanted(state="held"), Deed.CANCEL, actor=OLIVE, facts={})

    thread, raised = in_a_thread(app, account, cancel)
    with app.app_context(), db.engine.connect() as holder:
        holder.execute(text("SELECT 1 FROM digest_runs FOR UPDATE"))
        thread.start()
        wait_until_they_wait([thread])
        holder.execute(text("SELECT 1 FROM outbox_messages FOR UPDATE NOWAIT"))
        holder.rollback()
        thread.join(SECONDS)
    assert raised == []
    assert here.messages()[0].status == Status.CANCELLED


@both_databases
def test_only_whom_a_run_has_not_come_to_has_all_of_it_decided_again(app, account, here):
    shelf = here.category(here.id, "Shelf")
    both = [{"target": Target.KNOWLEDGE_BASE}, category(shelf)]
    first, last = sorted(here.subscriber(f"{name}@example.org", to=both) for name in ("anna", "bert"))
    run_id = a_run(here, RunStage.FANNING_OUT)
    here.change(DigestRun, run_id, position=first)
    before = here.row().visibility_version
    for person, rise in ((first, 0), (last, 1)):
        with here.inside(), unit_of_work():
            row = db.session.get_one(KnowledgeBaseSubscriber, person)
            ended = {one.target_key: one.id for one in subscribing.subscriptions_of(person)}[str(shelf)]
            subscribing.unsubscribe_from(row, ended, by=OLIVE)
        assert here.row().visibility_version == before + rise


def a_run(here, stage):
    with here.inside(), unit_of_work():
        due = house_clock.now() - timedelta(minutes=1)
        run = DigestRun(knowledge_base_id=here.id, slot="2026-03-02", due_at=due, until_at=due, kind=RunKind.SCHEDULED)
        run.stage, run.planned = stage, 1
        db.session.add(run)
        db.session.flush()
        return run.id
