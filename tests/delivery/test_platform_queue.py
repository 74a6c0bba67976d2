"""Mail of the platform's own sender: sent once, tried again while that may help, then settled and forgotten."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.demo.troubles import Trouble
from kbadmin.outbox.models import PLATFORM, Kind, OutboxMessage, Status
from kbadmin.outbox.operations import NoSender, enqueue
from tests.databases import both_databases
from tests.factories import Worker, inside, open_account
from tests.world import MAILBOX, MAILBOX_PASSWORD


def platform_url(world, *, password=MAILBOX_PASSWORD, port=None):
    return f"smtp+starttls://{quote(MAILBOX)}:{password}@localhost:{port or world.mail.port}?from={MAILBOX}"


@pytest.fixture
def settings(settings, world):
    return replace(settings, system_smtp_url=platform_url(world))


@pytest.fixture
def clock(clock):
    """Now, but stopped: the certificates are of today."""
    house_clock.set_to(None)
    house_clock.set_to(house_clock.now())
    return clock


def queue(app, account, *, recipient="reader@example.org", minutes=60, key="one"):
    with inside(app, account), unit_of_work():
        enqueue(
            kind=Kind.USER_RESET,
            recipient=recipient,
            subject="Reset your password",
            text="https://localhost/reset/secret-link\n",
            html="<p>https://localhost/reset/secret-link</p>",
            deduplication_key=key,
            expires_at=house_clock.now() + timedelta(minutes=minutes),
        )


def message_of(app, account):
    with inside(app, account):
        [message] = db.session.query(OutboxMessage)
        db.session.expunge(message)
        return message


def work(worker):
    worker.sweep()
    worker.drain()


@both_databases
def test_a_message_is_sent_once_and_leaves_no_copy(app, account, world, worker, clock):
    queue(app, account)
    worker.sweep()
    work(worker)
    work(worker)

    [received] = world.mailbox.messages()
    assert received.parsed["Subject"] == "Reset your password"
    message = message_of(app, account)
    assert (message.status, message.content_sealed, message.attempts) == (Status.ACCEPTED, None, 1)
    assert received.parsed["Message-ID"] == message.message_id
    assert message.settled_at


def test_the_link_in_a_waiting_message_cannot_be_read_in_the_database(app, account, clock):
    queue(app, account)

    assert "secret-link" not in str(vars(message_of(app, account)))


def test_asking_twice_for_the_same_message_queues_one(app, account, world, worker, clock):
    queue(app, account)
    queue(app, account)
    work(worker)

    assert len(world.mailbox.messages()) == 1


def test_two_accounts_may_use_the_same_key(app, account, world, worker, clock):
    queue(app, account)
    queue(app, open_account(app, "Globex"))
    work(worker)

    assert len(world.mailbox.messages()) == 2


def test_a_server_that_wants_less_closes_the_lane_and_costs_the_message_no_attempt(app, account, world, worker, clock):
    world.troubles.give(MAILBOX, Trouble.TOO_FAST)
    queue(app, account)
    work(worker)
    waiting = message_of(app, account)
    assert (waiting.status, waiting.attempts) == (Status.QUEUED, 0)
    assert waiting.last_reply.startswith("421")
    # A little later than the lane opens again: others go first, in case it was this message after all.
    assert waiting.not_before_at == house_clock.now() + timedelta(seconds=65)
    world.troubles.end()
    worker.engine.enqueue("deliver_lane", (str(PLATFORM),))
    work(worker)
    assert world.mailbox.messages() == []

    clock.advance(seconds=66)
    work(worker)

    [received] = world.mailbox.messages()
    assert received.parsed["Message-ID"] == waiting.message_id
    assert message_of(app, account).status == Status.ACCEPTED


def test_a_refusal_for_good_is_kept_with_its_reply(app, account, world, worker, clock):
    queue(app, account, recipient="nobody@example.com")
    work(worker)
    clock.advance(hours=1)
    work(worker)

    message = message_of(app, account)
    assert (message.status, message.attempts) == (Status.FAILED, 1)
    assert message.last_reply.startswith("550 5.1.10")


def test_a_message_that_outlived_its_purpose_is_not_sent(app, account, world, worker, clock):
    world.troubles.give(MAILBOX, Trouble.TOO_FAST)
    queue(app, account, minutes=1)
    work(worker)
    world.troubles.end()
    clock.advance(minutes=2)
    work(worker)

    assert world.mailbox.messages() == []
    message = message_of(app, account)
    assert (message.status, message.content_sealed) == (Status.EXPIRED, None)


def test_a_password_that_the_server_refuses_is_not_the_messages_fault(make_app, settings, world, clock):
    app = make_app(replace(settings, system_smtp_url=platform_url(world, password="wrong")))
    account = open_account(app)
    queue(app, account)
    work(Worker(app))

    assert message_of(app, account).status == Status.QUEUED


def test_without_a_sender_nothing_is_queued(make_app, settings):
    app = make_app(replace(settings, system_smtp_url=None))

    with pytest.raises(NoSender):
        queue(app, open_account(app))
