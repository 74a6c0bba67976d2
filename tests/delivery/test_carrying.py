"""Carrying: from a claim to the server and back into the rows, whatever the server does."""

import contextlib
import time
from email import message_from_bytes
from email.policy import default

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.outbox.models import DeliveryAttempt, Kind, OutboxMessage, Status
from kbadmin.smtp import operations
from kbadmin.smtp.models import SmtpService, State
from tests.databases import both_databases
from tests.delivery.outbox import counts_of, make_service, messages_of, queue_digests, queue_one, service_of
from tests.factories import inside
from tests.fakes import hostile_smtp
from tests.fakes.smtp_server import DROPS


@pytest.fixture
def mail():
    """``mail(**behaviour)``: a server in the clear, which offers PIPELINING unless told otherwise."""
    with contextlib.ExitStack() as servers:

        def start(**behaviour):
            offered = {"offers_starttls": False, "extensions": ("8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES")}
            return servers.enter_context(hostile_smtp.server("good", **offered | behaviour))

        yield start


@both_databases
@pytest.mark.parametrize("extensions", [("PIPELINING",), ("8BITMIME",)])
def test_every_message_arrives_once_with_its_own_words(app, account, mail, worker, extensions):
    server = mail(extensions=extensions)
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 250)

    worker.drain()

    assert counts_of(app, account) == {Status.ACCEPTED: 250}
    assert sorted(recipient for _, recipient, _ in server.messages) == sorted(
        f"reader{n}@example.org" for n in range(250)
    )
    for _, recipient, content in server.messages:
        number = recipient.removeprefix("reader").removesuffix("@example.org")
        plain = message_from_bytes(content, policy=default).get_body(("plain",)).get_content()
        assert f"Hello Reader {number}," in plain
    ids = {one.message_id for one in messages_of(app, account)}
    assert {
        line for _, _, content in server.messages for line in content.decode().splitlines() if "Message-ID" in line
    } == {f"Message-ID: {one}" for one in ids}
    assert server.connections == 1


def test_one_refused_recipient_fails_alone_and_says_why(app, account, mail, worker):
    server = mail(turns={51: {"RCPT": "550 5.1.1 No such user"}})
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 100)

    worker.drain()

    assert counts_of(app, account) == {Status.ACCEPTED: 99, Status.FAILED: 1}
    failed = messages_of(app, account)[50]
    assert (failed.status, failed.last_reply) == (Status.FAILED, "550 5.1.1 No such user")
    with inside(app, account):
        [attempt] = db.session.query(DeliveryAttempt)
        assert attempt.outbox_message_id == failed.id
        assert (attempt.facts["stage"], attempt.facts["code"]) == ("recipient", 550)
    assert service_of(app, account, service_id).state == State.READY


def test_a_greylisted_message_comes_back_by_its_schedule(app, account, mail, worker, clock):
    server = mail(replies={"RCPT": "450 4.7.1 Greylisted, try again"})
    service_id = make_service(app, account, port=server.port)
    queue_one(app, account, service_id)

    worker.drain()

    [waiting] = messages_of(app, account)
    assert (waiting.status, waiting.attempts) == (Status.QUEUED, 1)
    assert waiting.not_before_at > house_clock.now()


def test_a_server_that_cannot_be_reached_costs_no_message_an_attempt(app, account, worker, clock):
    service_id = make_service(app, account, port=1)
    queue_digests(app, account, service_id, 3)

    for _ in range(4):
        worker.sweep()
        worker.drain()
        clock.advance(minutes=10)

    assert counts_of(app, account) == {Status.QUEUED: 3}
    assert {one.attempts for one in messages_of(app, account)} == {0}
    service = service_of(app, account, service_id)
    assert service.state == State.DEGRADED
    assert service.submission_failure["stage"] == "reach"


def test_it_recovers_by_itself_when_the_server_is_back(app, account, mail, worker, clock):
    server = mail()
    service_id = make_service(app, account, port=1)
    queue_digests(app, account, service_id, 3)
    worker.drain()
    with inside(app, account), unit_of_work():
        db.session.get(SmtpService, service_id).port = server.port
    clock.advance(minutes=10)

    worker.sweep()
    worker.drain()

    assert counts_of(app, account) == {Status.ACCEPTED: 3}
    service = service_of(app, account, service_id)
    assert (service.state, service.submission_failure) == (State.READY, None)


def test_a_forbidden_sender_pauses_the_service_and_keeps_its_mail(app, account, mail, worker):
    server = mail(replies={"MAIL": "554 5.2.252 SendAsDenied; a@example.com not allowed to send as b@example.com"})
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 3)

    worker.drain()
    worker.sweep()

    assert counts_of(app, account) == {Status.QUEUED: 3}
    service = service_of(app, account, service_id)
    assert service.state == State.PAUSED
    assert service.submission_failure["exception_name"] == "SendAsDenied"
    assert server.connections == 1


def test_a_corrected_sender_is_in_the_mail_that_waited(app, account, mail, worker):
    server = mail()
    service_id = make_service(app, account, port=server.port)
    queue_one(app, account, service_id)
    queue_digests(app, account, service_id, 1)
    with inside(app, account), unit_of_work():
        db.session.get(SmtpService, service_id).send_from_address = "right@example.com"

    worker.drain()

    for sender, _, content in server.messages:
        assert sender == "right@example.com"
        assert content.startswith(b"From: Knowledge Base <right@example.com>\r\n")
        assert b"kb@example.com>" not in content.split(b"\r\n\r\n")[0].replace(b"Message-ID", b"")


def test_nothing_leaves_through_a_disabled_service(app, account, mail, worker):
    server = mail()
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 2)
    with inside(app, account), unit_of_work():
        db.session.get(SmtpService, service_id).disabled_at = house_clock.now()
    worker.drain()
    assert (server.connections, counts_of(app, account)) == (0, {Status.QUEUED: 2})

    with inside(app, account), unit_of_work():
        db.session.get(SmtpService, service_id).disabled_at = None
    worker.sweep()
    assert counts_of(app, account) == {Status.ACCEPTED: 2}


def test_what_waits_for_a_deleted_service_is_held(app, account, mail, worker):
    server = mail()
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 2)
    with inside(app, account), unit_of_work():
        service = operations.find(service_id)
        service.deleted_at = house_clock.now()

    worker.sweep()

    assert (server.connections, counts_of(app, account)) == (0, {Status.HELD: 2})


@both_databases
def test_a_message_that_cannot_be_made_fails_and_the_others_go(app, account, mail, worker):
    server = mail()
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 30)
    with inside(app, account), unit_of_work():
        broken = db.session.query(OutboxMessage).order_by(OutboxMessage.id).offset(10).first()
        other = db.session.query(OutboxMessage).order_by(OutboxMessage.id).first()
        broken.parts_sealed = other.parts_sealed  # An envelope of another row does not open.

    worker.drain()

    assert counts_of(app, account) == {Status.ACCEPTED: 29, Status.FAILED: 1}
    assert messages_of(app, account)[10].status == Status.FAILED
    assert [recipient for _, recipient, _ in server.messages] == [
        f"reader{n}@example.org" for n in range(30) if n != 10
    ]


@pytest.mark.parametrize(("policy", "status"), [("resend", Status.QUEUED), ("hold", Status.HELD)])
def test_a_lost_answer_to_a_message_is_repeated_or_held_as_the_service_says(app, account, mail, worker, policy, status):
    server = mail(drops_at="message")
    service_id = make_service(app, account, port=server.port, uncertain_messages=policy)
    queue_one(app, account, service_id, kind=Kind.WELCOME)

    worker.drain()

    [one] = messages_of(app, account)
    assert one.status == status
    assert (one.leased_by, one.lease_token) == (None, None)


def test_a_server_that_ends_after_some_messages_is_asked_again(app, account, mail, worker):
    server = mail(turns={21: {"MAIL": DROPS}})
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 95)

    worker.sweep()
    for _ in range(10):
        worker.sweep()

    assert counts_of(app, account) == {Status.ACCEPTED: 95}
    assert len(server.messages) == 95
    assert server.connections >= 5


def test_a_server_that_hangs_up_between_two_messages_is_connected_to_again_without_a_word(app, account, mail, worker):
    server = mail(turns={2: {"MAIL": DROPS}})
    service_id = make_service(app, account, port=server.port)
    queue_digests(app, account, service_id, 4)

    worker.drain()

    assert counts_of(app, account) == {Status.ACCEPTED: 4}
    assert server.connections == 4
    service = service_of(app, account, service_id)
    assert (service.state, service.degraded_at) == (State.READY, None)
    with inside(app, account):
        assert db.session.query(DeliveryAttempt).count() == 0


@both_databases
def test_threads_share_a_lane_without_sending_twice(app, account, mail, worker):
    server = mail()
    service_id = make_service(app, account, port=server.port, max_connections=3)
    queue_digests(app, account, service_id, 600)
    worker.start()
    _until(lambda: counts_of(app, account) == {Status.ACCEPTED: 600})

    recipients = [recipient for _, recipient, _ in server.messages]
    assert len(recipients) == len(set(recipients)) == 600
    assert server.connections <= 3


def test_a_slow_server_gets_as_many_connections_as_its_service_allows(app, account, mail, worker):
    server = mail(seconds_a_message=0.5)
    service_id = make_service(app, account, port=server.port, max_connections=3)
    queue_digests(app, account, service_id, 70)
    worker.start()
    _until(lambda: server.connections == 3)


def test_what_comes_while_a_server_takes_its_time_does_not_wait_for_it(app, account, mail, worker):
    server = mail(seconds_a_message=60.0)
    service_id = make_service(app, account, port=server.port, max_connections=2)
    queue_digests(app, account, service_id, 1)
    worker.start()
    _until(lambda: server.messages)
    queue_one(app, account, service_id)
    _until(lambda: len(server.messages) == 2)


def test_stopping_finishes_what_is_under_way_and_gives_back_the_rest(app, account, mail, worker):
    server = mail()
    service_id = make_service(app, account, port=server.port, max_connections=2)
    queue_digests(app, account, service_id, 2000)
    worker.start()
    _until(lambda: len(server.messages) > 50)
    worker.engine.stop()

    counts = counts_of(app, account)
    assert counts[Status.ACCEPTED] == len(server.messages)
    assert set(counts) <= {Status.ACCEPTED, Status.QUEUED}
    assert {one.attempts for one in messages_of(app, account) if one.status == Status.QUEUED} <= {0}


def _until(holds):
    limit = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.02)
