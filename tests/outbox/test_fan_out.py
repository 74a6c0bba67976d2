"""enqueue_many(): the messages of a run, each once however often it is begun, and each with its own sealed parts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbadmin.database import db, unit_of_work
from kbadmin.outbox import fan_out
from kbadmin.outbox.fan_out import Addressed, Run, enqueue_many
from kbadmin.outbox.models import PLATFORM, Kind, MessageBody, OutboxMessage, Status
from kbadmin.outbox.operations import compile_body
from kbadmin.outbox.skeletons import slot
from tests.databases import both_databases
from tests.delivery.outbox import SENDER, messages_of
from tests.factories import inside


@pytest.fixture
def run(app, account):
    with inside(app, account), unit_of_work():
        body_id = compile_body(SENDER, subject="News", text=f"Hello {slot('name')}\n", html="<p>News</p>", headers={})
    return Run(Kind.DIGEST, body_id, "News", "example.com")


def people(numbers):
    return [Addressed(f"reader{n}@example.org", f"digest:1:{n}", {"name": f"secret-{n}"}) for n in numbers]


def enqueue(app, account, run, numbers):
    with inside(app, account):
        return list(enqueue_many(run, people(numbers)))


@both_databases
def test_every_recipient_gets_a_row_in_chunks(app, account, run):
    assert enqueue(app, account, run, range(1000)) == [400, 400, 200]

    found = messages_of(app, account)
    assert len({one.message_id for one in found}) == len({one.public_id for one in found}) == 1000
    assert {(one.status, one.lane_id, one.attempts, one.kind) for one in found} == {
        (Status.QUEUED, PLATFORM, 0, Kind.DIGEST)
    }


@both_databases
def test_a_run_that_is_begun_again_adds_only_what_is_missing(app, account, run):
    assert enqueue(app, account, run, range(10)) == [10]
    assert enqueue(app, account, run, range(15)) == [5]
    assert len(messages_of(app, account)) == 15


@given(st.dictionaries(st.text(), st.text()))
def test_parts_are_written_as_json_writes_them(parts):
    assert fan_out._json(parts) == json.dumps(parts)


def test_personal_parts_cannot_be_read_in_the_database(app, account, run):
    enqueue(app, account, run, [1])
    [one] = messages_of(app, account)
    assert "secret-1" not in str(vars(one))
    with inside(app, account):
        assert "secret-1" in db.session.query(OutboxMessage).one().parts.reveal()


@both_databases
def test_the_body_is_stored_once(app, account, run):
    enqueue(app, account, run, range(20))
    with inside(app, account):
        assert db.session.query(MessageBody).count() == 1


@both_databases
def test_two_accounts_may_use_the_same_keys_and_see_only_their_own(app, two_accounts):
    for account in two_accounts:
        with inside(app, account), unit_of_work():
            body_id = compile_body(SENDER, subject="News", text=f"Hi {slot('name')}\n", html="<p>News</p>", headers={})
        enqueue(app, account, Run(Kind.DIGEST, body_id, "News", "example.com"), range(3))
    assert [len(messages_of(app, account)) for account in two_accounts] == [3, 3]


@both_databases
def test_a_body_of_another_account_cannot_be_used(app, two_accounts, run, account):
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        enqueue(app, two_accounts[1], run, [1])


def test_a_chunk_is_short_enough_not_to_be_noticed_by_others():
    assert fan_out.CHUNK <= 1000
