"""Test e-mails as a person asks for them and looks at them; running them is the worker's subject."""

import uuid
from datetime import timedelta

from sqlalchemy import func, select

from kbadmin import clock, config, throttle
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.delivery.models import TestRun
from kbadmin.delivery.running_tests import run_test
from kbadmin.engine import wake
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue
from kbadmin.outbox.rendering import Letter, letter
from kbadmin.smtp import operations
from kbadmin.smtp.models import SmtpService, State
from kbadmin.tenancy import current_account


class TestRefused(RuntimeError):
    """The test cannot be started now; ``str()`` says why and what to do."""

    __test__ = False


def request_test(
    service: SmtpService,
    *,
    recipient: str,
    is_member: bool,
    actor: Actor,
    words: Letter | None = None,
    from_name: str | None = None,
    reply_to: str | None = None,
    knowledge_base_id: uuid.UUID | None = None,
) -> TestRun:
    """Queue a test e-mail and wake the engine. Raises :class:`TestRefused` when a limit or the state forbids it.

    ``words`` are sent instead of our own: a sample of what will go this way, with ``from_name`` and ``reply_to`` in the
    places of the service's. A knowledge base for which somebody tests hears of the server's acceptance
    (:func:`kbadmin.delivery.running_tests.tell_of_acceptance`).
    """
    _require_possible(service)
    _count(service, is_member=is_member)
    begin_writing()
    found = operations.find(service.id)
    if found is None:
        raise TestRefused("This service was deleted meanwhile.")
    run = TestRun(
        smtp_service_id=found.id,
        configuration_version=found.configuration_version,
        recipient=recipient,
        requested_by=actor.label,
    )
    words = words or letter("smtp_test", service=found, requested_by=actor.label, at=clock.now())
    message = enqueue(
        kind=Kind.TEST,
        recipient=recipient,
        subject=words.subject,
        text=words.text,
        html=words.html,
        deduplication_key=f"test:{run.id}",
        smtp_service_id=found.id,
        sender=Sender(found.send_from_address, found.send_from_name, found.reply_to_address),
        from_name=from_name,
        reply_to=reply_to,
        expires_at=clock.now() + timedelta(minutes=10),
    )
    message.knowledge_base_id = knowledge_base_id
    run.outbox_public_id = message.public_id
    db.session.add(run)
    db.session.flush()
    record("test e-mail requested", actor=actor, subject=_subject(found), recipient=recipient)
    wake(run_test, str(current_account()), str(run.id))
    return run


def find_run(service_id: uuid.UUID, run_id: uuid.UUID) -> TestRun | None:
    """One run of a service, or nothing."""
    return db.session.scalar(select(TestRun).filter_by(id=run_id, smtp_service_id=service_id))


def last_runs() -> dict[uuid.UUID, TestRun]:
    """The newest run of each service of the account, by the service's id; one query however many there are."""
    newest = (
        select(TestRun.smtp_service_id, func.max(TestRun.created_at).label("at"))
        .group_by(TestRun.smtp_service_id)
        .subquery()
    )
    query = select(TestRun).join(
        newest, (TestRun.smtp_service_id == newest.c.smtp_service_id) & (TestRun.created_at == newest.c.at)
    )
    return {run.smtp_service_id: run for run in db.session.scalars(query)}


def runs_of(service_id: uuid.UUID, *, most: int = 5) -> list[TestRun]:
    """The latest runs of a service, newest first."""
    query = select(TestRun).filter_by(smtp_service_id=service_id).order_by(TestRun.created_at.desc()).limit(most)
    return list(db.session.scalars(query))


def _require_possible(service: SmtpService) -> None:
    if service.state == State.DISABLED:
        raise TestRefused("This service is disabled. Enable it, then send the test e-mail.")
    if service.state == State.NEEDS_AUTHORIZING:
        what = "Enter its password" if service.needs_password else "Authorize it"
        raise TestRefused(f"This service is not complete. {what} first, then send the test e-mail.")


def _count(service: SmtpService, *, is_member: bool) -> None:
    limits = config.current().limits
    per_service = throttle.Limit("test e-mail", limits.tests_per_service, limits.tests_window_seconds)
    if throttle.count(per_service, str(service.id)) > per_service.count:
        minutes = max(1, round(throttle.wait_seconds(per_service, str(service.id)) / 60))
        raise TestRefused(
            f"{per_service.count} test e-mails were sent through this service in the last "
            f"{per_service.seconds // 60} minutes. Wait about {minutes} min, then try again."
        )
    outside = throttle.Limit("test e-mail outside", limits.outside_tests_per_day, 24 * 3600)
    if not is_member and throttle.count(outside, str(service.account_id)) > outside.count:
        raise TestRefused(
            f"{outside.count} test e-mails went to people outside your team in the last 24 hours. "
            "Send this one to yourself or a colleague."
        )


def _subject(service: SmtpService) -> Subject:
    return Subject("smtp service", service.id, service.friendly_name)
