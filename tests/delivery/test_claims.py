"""Claims and marks: the most urgent first, once, within limits, and nothing without the lease's token."""

import threading
from datetime import timedelta

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, new_id, unit_of_work
from kbadmin.delivery import claims, lane_connections, lanes, marks, suppression
from kbadmin.delivery.journals import Accepted
from kbadmin.delivery.models import LaneHour
from kbadmin.delivery.turns import turn
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from tests.databases import both_databases, on_postgresql
from tests.delivery.outbox import counts_of, make_service, messages_of, queue_digests, queue_one
from tests.factories import inside

WORKER = new_id()


@pytest.fixture
def service_id(app, account):
    return make_service(app, account, port=2500)


def claim(app, service_id, *, worker=WORKER, most=None):
    with app.app_context(), turn() as session:
        return claims.claim(session, lanes.terms(session, service_id), worker, most=most)


@both_databases
def test_the_most_urgent_go_first_then_the_oldest(app, account, service_id):
    queue_digests(app, account, service_id, 2)
    queue_one(app, account, service_id, kind=Kind.WELCOME)
    queue_one(app, account, service_id, kind=Kind.READER_RESET)

    found = claim(app, service_id).messages

    assert [one.kind for one in found] == ["reader_reset", "welcome", "digest", "digest"]
    assert found[2].id < found[3].id


@both_databases
def test_a_claim_takes_a_batch_and_leaves_the_rest(app, account, service_id):
    with app.app_context():
        batch = claims.BATCH[db.engine.dialect.name]
    queue_digests(app, account, service_id, batch + 50)

    assert len(claim(app, service_id).messages) == batch
    assert counts_of(app, account) == {Status.QUEUED: 50, Status.SENDING: batch}


@on_postgresql
def test_no_plan_of_the_database_makes_a_claim_take_more(app, account, service_id):
    queue_digests(app, account, service_id, 60)
    with app.app_context(), turn() as session:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "indexscan", "indexonlyscan", "bitmapscan", "material"):
            session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")  # What is left is a nested loop.
        found = claims.claim(session, lanes.terms(session, service_id), WORKER, most=7).messages

    assert len(found) == 7
    assert counts_of(app, account) == {Status.QUEUED: 53, Status.SENDING: 7}


@both_databases
def test_many_at_once_never_claim_the_same_message(app, account, service_id):
    queue_digests(app, account, service_id, 200)
    taken: list[int] = []

    def take():
        for _ in range(10):
            taken.extend(one.id for one in claim(app, service_id, worker=new_id(), most=10).messages)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == 200


@both_databases
def test_claims_of_one_lane_leave_another_accounts_messages(app, two_accounts):
    first, second = two_accounts
    ours, theirs = (make_service(app, account, port=2500) for account in two_accounts)
    queue_digests(app, first, ours, 3)
    queue_digests(app, second, theirs, 3)

    assert {one.account_id for one in claim(app, ours).messages} == {first.id}
    assert counts_of(app, second) == {Status.QUEUED: 3}


@both_databases
def test_a_stranger_to_the_lease_changes_nothing(app, account, service_id):
    queue_digests(app, account, service_id, 1)
    [one] = claim(app, service_id).messages

    with app.app_context(), turn() as session:
        assert marks.accept(session, [Accepted(one.id, 12345, "250 Ok")]) == 0
        assert not marks.settle(session, marks.Outcome(one.id, account.id, 12345, Status.FAILED, "fail", {}, "550 No"))
        assert marks.give_back(session, 12345, [one.id]) == 0

    assert messages_of(app, account)[0].status == Status.SENDING


@both_databases
def test_an_acceptance_wipes_the_content_and_keeps_the_reply(app, account, service_id):
    queue_one(app, account, service_id)
    queue_digests(app, account, service_id, 1)
    found = claim(app, service_id)

    with app.app_context(), turn() as session:
        accepted = [
            Accepted(one.id, found.token, f"250 2.0.0 Ok: queued as {n}") for n, one in enumerate(found.messages)
        ]
        assert marks.accept(session, accepted) == 2

    for n, one in enumerate(messages_of(app, account)):
        assert (one.status, one.content_sealed, one.parts_sealed) == (Status.ACCEPTED, None, None)
        assert one.last_reply == f"250 2.0.0 Ok: queued as {n}"
        assert (one.leased_by, one.lease_token, one.attempts) == (None, None, 1)
        assert abs(one.settled_at - house_clock.now()) < timedelta(seconds=10)


@both_databases
def test_what_is_given_back_waits_as_before(app, account, service_id):
    queue_digests(app, account, service_id, 2)
    before = [(one.status, one.attempts, one.not_before_at) for one in messages_of(app, account)]
    found = claim(app, service_id)

    with app.app_context(), turn() as session:
        marks.give_back(session, found.token, [one.id for one in found.messages])

    assert [(one.status, one.attempts, one.not_before_at) for one in messages_of(app, account)] == before


@both_databases
def test_a_deferred_message_waits_for_its_time(app, account, service_id, clock):
    queue_digests(app, account, service_id, 1)
    with inside(app, account), unit_of_work():
        db.session.query(OutboxMessage).one().not_before_at = house_clock.now() + timedelta(minutes=5)

    early = claim(app, service_id)
    clock.advance(minutes=5)

    assert (early.messages, early.again_in) == ((), 300.0)
    assert len(claim(app, service_id).messages) == 1


@both_databases
def test_only_lanes_with_something_due_are_looked_at(app, two_accounts, clock):
    first, second = two_accounts
    busy, idle = make_service(app, first, port=2500), make_service(app, first, port=2500, name="Idle")
    later = make_service(app, second, port=2500)
    queue_digests(app, first, busy, 3)
    queue_digests(app, second, later, 1)
    with inside(app, second), unit_of_work():
        db.session.query(OutboxMessage).one().not_before_at = house_clock.now() + timedelta(minutes=5)

    with app.app_context(), turn() as session:
        assert claims.due_lanes(session) == [busy]
    clock.advance(minutes=5)
    with app.app_context(), turn() as session:
        assert set(claims.due_lanes(session)) == {busy, later}
    assert idle not in {busy, later}


@both_databases
def test_a_message_that_is_too_late_expires_visibly(app, account, service_id, clock):
    queue_one(app, account, service_id, kind=Kind.READER_RESET, minutes=60)
    clock.advance(minutes=61)

    assert list(claim(app, service_id).messages) == []
    [one] = messages_of(app, account)
    assert (one.status, one.content_sealed) == (Status.EXPIRED, None)
    assert one.settled_at == house_clock.now()


@both_databases
def test_an_address_that_refused_twice_gets_nothing_but_its_resets(app, account, service_id):
    with app.app_context(), turn() as session:
        suppression.note_refusal(session, account.id, "Reader@example.org", "550 5.1.1 No such user")
    queue_one(app, account, service_id, kind=Kind.WELCOME)
    once = claim(app, service_id)
    assert len(once.messages) == 1
    with app.app_context(), turn() as session:
        marks.give_back(session, once.token, [once.messages[0].id])
        suppression.note_refusal(session, account.id, "reader@example.org", "550 5.1.1 No such user")
    queue_one(app, account, service_id, kind=Kind.READER_RESET)

    assert [one.kind for one in claim(app, service_id).messages] == ["reader_reset"]
    assert messages_of(app, account)[0].status == Status.FAILED
    assert "refused mail for good" in messages_of(app, account)[0].last_reply


@both_databases
def test_another_accounts_refusals_suppress_nobody_here(app, two_accounts):
    first, second = two_accounts
    service_id = make_service(app, second, port=2500)
    queue_one(app, second, service_id)
    with app.app_context(), turn() as session:
        for _ in range(2):
            suppression.note_refusal(session, first.id, "reader@example.org", "550 5.1.1 No such user")

    assert len(claim(app, service_id).messages) == 1


@both_databases
def test_a_limit_a_minute_gives_five_at_once_and_then_one_a_token(app, account, clock):
    service_id = make_service(app, account, port=2500, messages_per_minute=30)
    queue_digests(app, account, service_id, 20)

    at_once = [claim(app, service_id) for _ in range(6)]
    assert [len(one.messages) for one in at_once] == [1, 1, 1, 1, 1, 0]
    assert at_once[-1].again_in == pytest.approx(2.0)
    clock.advance(seconds=2)
    assert [len(claim(app, service_id).messages) for _ in range(2)] == [1, 0]


@both_databases
def test_no_minute_sees_more_than_the_rate_and_five(app, account, clock):
    service_id = make_service(app, account, port=2500, messages_per_minute=25)
    queue_digests(app, account, service_id, 150)
    at, seconds = [], 0.0
    while seconds < 240:
        found = claim(app, service_id)
        at += [seconds] * len(found.messages)
        step = max(0.1, found.again_in or 0.1) if not found.messages else 0.0
        clock.advance(seconds=step)
        seconds += step

    assert len(at) >= 100
    assert max(sum(start <= moment < start + 60 for moment in at) for start in at) <= 30


@both_databases
def test_a_clock_that_is_set_back_refills_nothing_and_starves_nobody(app, account, clock):
    service_id = make_service(app, account, port=2500, messages_per_minute=30)
    queue_digests(app, account, service_id, 20)
    for _ in range(5):
        claim(app, service_id)
    clock.advance(days=-1)
    assert len(claim(app, service_id).messages) == 0
    clock.advance(seconds=2)
    assert len(claim(app, service_id).messages) == 1


@both_databases
def test_a_limit_a_day_rolls_by_the_hour(app, account, clock):
    service_id = make_service(app, account, port=2500, recipients_per_day=10)
    queue_digests(app, account, service_id, 25)

    assert len(claim(app, service_id).messages) == 10
    clock.advance(hours=24)
    assert len(claim(app, service_id).messages) == 0
    clock.advance(hours=1)
    assert len(claim(app, service_id).messages) == 10


@both_databases
def test_what_was_not_sent_is_given_back_to_the_limits(app, account, clock):
    service_id = make_service(app, account, port=2500, recipients_per_day=10, messages_per_minute=30)
    queue_digests(app, account, service_id, 8)
    claim(app, service_id)
    with app.app_context(), turn() as session:
        lanes.take(session, service_id, 30, {account.id: -1})
        assert lanes.recipients_of_the_day(session, service_id, house_clock.now()) == 0
    assert [len(claim(app, service_id).messages) for _ in range(6)] == [1, 1, 1, 1, 1, 0]


def test_hours_nobody_looks_back_to_are_forgotten(app, account, service_id, clock):
    queue_digests(app, account, service_id, 2)
    claim(app, service_id)
    clock.advance(hours=30)
    with app.app_context(), turn() as session:
        assert lanes.forget_old_hours(session) == 1
        assert session.query(LaneHour).count() == 0


@both_databases
def test_a_lane_gives_out_as_many_connections_as_it_has(app, account):
    service_id = make_service(app, account, port=2500, max_connections=2)
    with app.app_context(), turn() as session:
        terms = lanes.terms(session, service_id)
        taken = [lane_connections.take_connection(session, terms, WORKER) for _ in range(3)]
        assert taken[2] is None
        lane_connections.give_back_connection(session, service_id, taken[0][0], taken[0][1] + 1)
        assert lane_connections.take_connection(session, terms, WORKER) is None
        lane_connections.give_back_connection(session, service_id, *taken[0])
        assert lane_connections.take_connection(session, terms, WORKER)[0] == taken[0][0]


@both_databases
def test_a_slowed_lane_has_one_connection_for_a_while(app, account, clock):
    service_id = make_service(app, account, port=2500, max_connections=3)
    with app.app_context(), turn() as session:
        lanes.terms(session, service_id)
        lanes.strike(session, service_id, slowed_for=timedelta(minutes=10))
    with app.app_context(), turn() as session:
        assert lanes.terms(session, service_id).connections == 1
    clock.advance(minutes=11)
    with app.app_context(), turn() as session:
        assert lanes.terms(session, service_id).connections == 3
