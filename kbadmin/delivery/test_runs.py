"""Test e-mails: asked for in a request, run by the engine, watched step by step."""

import uuid
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from kbadmin import clock, config, logs, throttle
from kbadmin.audit.operations import WORKER, Actor, Subject, record
from kbadmin.database import begin_writing, commit, db, stop_reading
from kbadmin.delivery import servers
from kbadmin.delivery.models import Outcome, TestRun
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.outbox.operations import enqueue
from kbadmin.outbox.rendering import letter
from kbadmin.smtp import operations
from kbadmin.smtp.access_token import TokenUnavailable
from kbadmin.smtp.models import SmtpService, State
from kbadmin.smtp.transport import Connection, MailServer, Reply, Stage, Step, SubmissionFailed
from kbadmin.tenancy import current_account, enter, every_account

log = logs.get(__name__)


class TestRefused(RuntimeError):
    """The test cannot be started now; ``str()`` says why and what to do."""

    __test__ = False


def request_test(service: SmtpService, *, recipient: str, is_member: bool, actor: Actor) -> TestRun:
    """Queue a test e-mail and wake the engine. Raises :class:`TestRefused` when a limit or the state forbids it."""
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
    words = letter("smtp_test", service=found, requested_by=actor.label, at=clock.now())
    message = enqueue(
        kind=Kind.TEST,
        recipient=recipient,
        subject=words.subject,
        text=words.text,
        html=words.html,
        deduplication_key=f"test:{run.id}",
        smtp_service_id=found.id,
        sender=Sender(found.send_from_address, found.send_from_name, found.reply_to_address),
        expires_at=clock.now() + timedelta(minutes=10),
    )
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


@task
def run_test(account_id: str, run_id: str) -> None:
    """Run one waiting test. A second wake-up for the same run finds it taken and does nothing."""
    enter(uuid.UUID(account_id))
    _Run(uuid.UUID(run_id)).go()


@sweep
def tests_left_behind() -> None:
    """Wake tests whose wake-up was lost, and end those whose worker died."""
    waiting_since = clock.now() - timedelta(seconds=3)
    dead_since = clock.now() - timedelta(seconds=3 * config.current().limits.test_email_seconds)
    with every_account() as session:
        query = select(TestRun).where(TestRun.outcome == Outcome.WAITING, TestRun.created_at < waiting_since).limit(50)
        waiting = [(str(run.account_id), str(run.id)) for run in session.scalars(query)]
        died = select(TestRun).where(TestRun.outcome == Outcome.RUNNING, TestRun.started_at < dead_since)
        for run in session.scalars(died):
            run.outcome, run.finished_at = Outcome.FAILED, clock.now()
            run.failure = {"stage": Stage.REACH, "kind": "interrupted", "at": clock.now().isoformat(timespec="seconds")}
    for account_id, run_id in waiting:
        wake(run_test, account_id, run_id)
    if waiting:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


class _Run:
    """One test under way, in the worker: claim, submit with no transaction open, record each step as it passes."""

    def __init__(self, run_id: uuid.UUID) -> None:
        self.run_id = run_id
        self.steps: list[dict[str, Any]] = []

    def go(self) -> None:
        claimed = self._claim()
        if claimed is None:
            return
        route, recipient, content = claimed
        try:
            reply = self._submit(route, recipient, content)
        except SubmissionFailed as failed:
            self._finish(route, failure=_facts_of(failed))
        except TokenUnavailable as unavailable:
            facts = {"stage": Stage.SIGN_IN, "kind": "no_token", "authorization": unavailable.failed.as_facts()}
            self._step(Step(Stage.SIGN_IN, False, "There is no access token to sign in with.", {}))
            self._finish(route, failure=facts)
        except LookupError:
            self._finish(route, failure={"stage": Stage.REACH, "kind": "service_changed"})
        else:
            self._finish(route, reply=reply)

    def _claim(self) -> tuple[servers.Route, str, bytes] | None:
        begin_writing()
        run = db.session.get(TestRun, self.run_id, with_for_update=True)
        if run is None or run.outcome != Outcome.WAITING:
            commit()
            return None
        run.outcome, run.started_at = Outcome.RUNNING, clock.now()
        message = _message_of(run)
        message.status, message.attempts = Status.SENDING, message.attempts + 1
        route = servers.find_route(run.smtp_service_id)
        content = message.content.reveal().encode("ascii")
        recipient = run.recipient
        if route is None or route.configuration_version != run.configuration_version:
            run.outcome, run.finished_at = Outcome.FAILED, clock.now()
            run.failure = {"stage": Stage.REACH, "kind": "service_changed"}
            message.status, message.settled_at = Status.CANCELLED, clock.now()
            commit()
            return None
        commit()
        return route, recipient, content

    def _submit(self, route: servers.Route, recipient: str, content: bytes) -> Reply:
        server, version = servers.signed_in_server(route)
        stop_reading()
        try:
            return self._converse(server, route.envelope_from, recipient, content)
        except SubmissionFailed as failed:
            refused = failed.stage is Stage.SIGN_IN and failed.reply is not None and failed.reply.code == 535
            if version is None or not refused or _is_switched_off(failed):
                raise
        # One forced refresh: the token may have been revoked before its time.
        server, _ = servers.signed_in_server(route, refused_version=version)
        stop_reading()
        self.steps = []
        return self._converse(server, route.envelope_from, recipient, content)

    def _converse(self, server: MailServer, envelope_from: str, recipient: str, content: bytes) -> Reply:
        settings = config.current()
        with Connection.open(
            server,
            policy=servers.network_policy(),
            budget=servers.test_budget(),
            ca_file=settings.smtp_ca_file,
            on_step=self._step,
        ) as connection:
            return connection.send(envelope_from, recipient, content)

    def _step(self, step: Step) -> None:
        facts = {key: logs.mask_text(value) for key, value in step.facts.items()}
        self.steps.append({"stage": step.stage, "ok": step.ok, "text": step.text, "facts": facts})
        begin_writing()
        run = db.session.get(TestRun, self.run_id)
        if run is not None:
            run.steps = list(self.steps)
        commit()

    def _finish(
        self, route: servers.Route, *, reply: Reply | None = None, failure: dict[str, Any] | None = None
    ) -> None:
        begin_writing()
        run = db.session.get(TestRun, self.run_id, with_for_update=True)
        if run is None or run.is_over:
            commit()
            return
        now = clock.now()
        run.finished_at, run.steps = now, list(self.steps)
        run.outcome = Outcome.FAILED if failure else Outcome.ACCEPTED
        run.failure = {**failure, "at": now.isoformat(timespec="seconds")} if failure else None
        message = _message_of(run)
        message.settled_at, message.content = now, None
        message.status = Status.FAILED if failure else Status.ACCEPTED
        message.last_reply = str(reply)[:400] if reply else ""
        service = operations.find(route.service_id, for_update=True)
        if service is not None and service.configuration_version == route.configuration_version and reply:
            service.tested_at = service.last_accepted_at = now
            service.degraded_at = service.paused_at = service.pause_reason = None
        record(
            "test e-mail failed" if failure else "test e-mail accepted",
            actor=WORKER,
            subject=_subject(service) if service else None,
            recipient=run.recipient,
            stage=failure["stage"] if failure else None,
        )
        commit()


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


def _message_of(run: TestRun) -> OutboxMessage:
    return db.session.scalars(select(OutboxMessage).filter_by(public_id=run.outbox_public_id)).one()


def _is_switched_off(failed: SubmissionFailed) -> bool:
    """Exchange says 5.7.139 when SMTP AUTH is switched off or forbidden: another token changes nothing."""
    return failed.reply is not None and failed.reply.enhanced == "5.7.139"


def _facts_of(failed: SubmissionFailed) -> dict[str, Any]:
    log.info("test e-mail failed", stage=failed.stage, kind=failed.kind, reason=failed.reason, detail=failed.detail)
    reply = asdict(failed.reply) if failed.reply else {}
    return {
        "stage": failed.stage,
        "kind": failed.kind,
        "code": reply.get("code"),
        "enhanced": reply.get("enhanced"),
        "text": logs.mask_text(reply.get("text") or ""),
        "challenge": logs.mask_text(failed.challenge) if failed.challenge else None,
        "exception_name": failed.exception_name,
    }


def _subject(service: SmtpService) -> Subject:
    return Subject("smtp service", service.id, service.friendly_name)
