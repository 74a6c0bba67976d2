"""Trying before readers get anything: test e-mails and samples that are sent from the settings of a knowledge base."""

import uuid

from sqlalchemy import select

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.delivery import test_runs
from kbadmin.delivery.models import TestRun
from kbadmin.delivery.running_tests import tell_of_acceptance
from kbadmin.outbox.models import OutboxMessage
from kbadmin.outbox.rendering import Letter
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions.settings import stored
from kbadmin.users.queries import is_member


def send(
    knowledge_base_id: uuid.UUID, service: SmtpService, *, recipient: str, actor: Actor, words: Letter | None = None
) -> TestRun:
    """Send a test e-mail, or ``words`` as a sample. Raises :class:`kbadmin.delivery.test_runs.TestRefused`."""
    return test_runs.request_test(
        service,
        recipient=recipient,
        is_member=is_member(recipient),
        actor=actor,
        words=words,
        knowledge_base_id=knowledge_base_id,
    )


def find_run(knowledge_base_id: uuid.UUID, run_id: uuid.UUID) -> TestRun | None:
    """A test that was asked for in this knowledge base, or nothing."""
    query = select(TestRun).join(OutboxMessage, OutboxMessage.public_id == TestRun.outbox_public_id)
    return db.session.scalar(query.where(TestRun.id == run_id, OutboxMessage.knowledge_base_id == knowledge_base_id))


def _accepted(knowledge_base_id: uuid.UUID, service_id: uuid.UUID) -> None:
    """Remember in the settings through which service a test from here was accepted."""
    settings = stored(knowledge_base_id)
    if settings is not None:
        settings.tested_at, settings.tested_service_id = clock.now(), service_id


tell_of_acceptance(_accepted)
