"""Addresses of people who were deleted: gone from messages, tests and suppressed addresses, and nobody else's."""

from sqlalchemy import select

from kbadmin import clock
from kbadmin.database import db, new_id, unit_of_work
from kbadmin.delivery import purging
from kbadmin.delivery.models import Outcome, SuppressedAddress, TestRun
from kbadmin.outbox.models import DeliveryAttempt, Kind, OutboxMessage, Status
from kbadmin.smtp.models import SmtpService
from tests.databases import both_databases
from tests.delivery.log_rows import put, suppress
from tests.factories import add_person, inside
from tests.house.rows import make_row

RITA = "Rita@example.org"


def forget(app, account, *addresses, people=()):
    with inside(app, account), unit_of_work():
        purging.forget_addresses(addresses, people=people)


def messages(app, account):
    with inside(app, account):
        found = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
        return [(row.recipient, str(row.status)) for row in found]


@both_databases
def test_messages_to_an_address_forget_it_and_those_that_wait_are_cancelled(app, account, clock):
    for status in Status:
        put(app, account, recipient=RITA, status=status, last_reply="550 <rita@example.org> unknown")
    put(app, account, recipient="rita@example.org", attempts=[("fail_recipient", None)], status=Status.FAILED)
    put(app, account, recipient="other@example.org", attempts=[("fail_recipient", None)], last_reply="451 later")
    forget(app, account, RITA)
    changed = {"queued": "cancelled", "sending": "cancelled", "held": "cancelled"}
    expected = [("(deleted)", changed.get(status.value, status.value)) for status in Status]
    assert messages(app, account) == [*expected, ("(deleted)", "failed"), ("other@example.org", "queued")]
    with inside(app, account):
        gone = db.session.scalars(select(OutboxMessage).filter_by(recipient="(deleted)")).all()
        assert {(row.last_reply, row.content_sealed, row.lease_token) for row in gone} == {("", None, None)}
        assert all(row.settled_at for row in gone)
        kept = db.session.scalars(select(OutboxMessage).filter_by(recipient="other@example.org")).one()
        assert (kept.last_reply, kept.content.reveal()) == ("451 later", "<a secret-link>")
        assert [one.outbox_message_id for one in db.session.scalars(select(DeliveryAttempt))] == [kept.id]


@both_databases
def test_a_subject_that_may_name_its_recipient_goes_with_the_address(app, account):
    for kind in (Kind.WELCOME, Kind.READER_RESET, Kind.DIGEST):
        put(app, account, recipient=RITA, kind=kind, subject=f"{kind} for {RITA}", status=Status.ACCEPTED)
    put(app, account, recipient="other@example.org", kind=Kind.WELCOME, subject="Hello Otto")
    forget(app, account, RITA)
    with inside(app, account):
        subjects = db.session.scalars(select(OutboxMessage.subject).order_by(OutboxMessage.id)).all()
    assert subjects == ["(deleted)", "(deleted)", f"digest for {RITA}", "Hello Otto"]


@both_databases
def test_letters_with_a_link_for_somebody_go_whatever_their_address_was_then(app, account):
    rita, otto = new_id(), new_id()
    for number, (person, kind) in enumerate(((rita, Kind.WELCOME), (rita, Kind.READER_RESET), (otto, Kind.WELCOME))):
        values = {"link_subject_id": person, "kind": kind, "subject": "Hello", "status": Status.ACCEPTED}
        put(app, account, recipient=f"then{number}@example.org", **values)
    forget(app, account, RITA, people=[rita])
    assert [recipient for recipient, _ in messages(app, account)] == ["(deleted)", "(deleted)", "then2@example.org"]


@both_databases
def test_what_was_sent_to_a_colleague_as_such_stays(app, account):
    add_person(app, account, "writer", email="rita@example.org")
    put(app, account, recipient=RITA, kind=Kind.USER_RESET)
    put(app, account, recipient=RITA, kind=Kind.WELCOME)
    suppress(app, account, "rita@example.org")
    forget(app, account, RITA)
    assert messages(app, account) == [(RITA, "queued"), ("(deleted)", "cancelled")]
    with inside(app, account):
        assert db.session.scalars(select(SuppressedAddress)).one().address == "rita@example.org"


def test_suppressed_addresses_and_tests_forget_it(app, account):
    suppress(app, account, "rita@example.org", "other@example.org")
    with inside(app, account), unit_of_work():
        service_id = make_row(SmtpService).id
        for recipient in (RITA, "other@example.org"):
            db.session.add(_run(service_id, recipient))
    forget(app, account, RITA)
    with inside(app, account):
        assert [row.address for row in db.session.scalars(select(SuppressedAddress))] == ["other@example.org"]
        assert set(db.session.scalars(select(TestRun.recipient))) == {"(deleted)", "other@example.org"}


@both_databases
def test_another_account_keeps_its_messages(app, two_accounts):
    acme, globex = two_accounts
    for account in two_accounts:
        put(app, account, recipient=RITA)
        suppress(app, account, "rita@example.org")
    forget(app, acme, RITA)
    assert messages(app, globex) == [(RITA, "queued")]
    with inside(app, globex):
        assert len(db.session.scalars(select(SuppressedAddress)).all()) == 1


def _run(service_id, recipient):
    return TestRun(
        smtp_service_id=service_id, configuration_version=1, outbox_public_id=service_id, recipient=recipient,
        requested_by="Olive", outcome=Outcome.ACCEPTED, finished_at=clock.now(),
    )  # fmt: skip
