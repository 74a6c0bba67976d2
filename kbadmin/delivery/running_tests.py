"""Running test e-mails, in the worker: claim, submit with no transaction open, record each step as it passes."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kbadmin import clock, config, logs
from kbadmin.audit.operations import WORKER, Subject, record
from kbadmin.database import begin_writing, commit, db, stop_reading
from kbadmin.delivery import lanes, servers
from kbadmin.delivery.models import Outcome, TestRun
from kbadmin.engine import sweep, task, wake
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.smtp import operations
from kbadmin.smtp.access_token import TokenUnavailable
from kbadmin.smtp.pauses import put_right
from kbadmin.smtp.transport import Connection, MailServer, Reply, Stage, Step, SubmissionFailed
from kbadmin.tenancy import enter, every_account

log = logs.get(__name__)

Listener = Callable[[uuid.UUID, uuid.UUID], None]
LISTENERS: list[Listener] = []


def tell_of_acceptance(listener: Listener) -> None:
    """A room above hears of an accepted test for a knowledge base, in its transaction: (its id, the service's)."""
    LISTENERS.append(listener)


@task
def run_test(account_id: str, run_id: str) -> None:
    """Run one waiting test. A second wake-up for the same run finds it taken and does nothing."""
    enter(uuid.UUID(account_id))
    run = _Run(uuid.UUID(run_id))
    try:
        run.go()
    except Exception as error:  # Whatever broke, whoever watches the page must see an end.
        log.error("test e-mail broke", run=run_id, exc_info=error)
        db.session.remove()
        enter(uuid.UUID(account_id))
        run.end_broken()


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
            _end(run, _message_of(run, session), "interrupted", Status.FAILED)
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
        message = _message_of(run)
        if message.expires_at is not None and message.expires_at <= clock.now():
            _end(run, message, "interrupted", Status.EXPIRED)
            commit()
            return None
        route = servers.find_route(run.smtp_service_id)
        if route is None or route.configuration_version != run.configuration_version:
            _end(run, message, "service_changed", Status.CANCELLED)
            commit()
            return None
        run.outcome, run.started_at = Outcome.RUNNING, clock.now()
        # It does not wait for its turn, but it counts.
        terms = lanes.terms(db.session(), run.smtp_service_id)
        lanes.take(db.session(), run.smtp_service_id, terms.per_minute, {run.account_id: 1})
        message.status, message.attempts = Status.SENDING, message.attempts + 1
        content, recipient = message.content.reveal().encode("ascii"), run.recipient
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

    def end_broken(self) -> None:
        """End a run that we failed ourselves, in a session of its own."""
        begin_writing()
        run = db.session.get(TestRun, self.run_id, with_for_update=True)
        if run is not None and not run.is_over:
            _end(run, _message_of(run), "interrupted", Status.FAILED)
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
            put_right(service)
        if reply and message.knowledge_base_id:
            for listener in LISTENERS:
                listener(message.knowledge_base_id, run.smtp_service_id)
        record(
            "test e-mail failed" if failure else "test e-mail accepted",
            actor=WORKER,
            subject=Subject("smtp service", service.id, service.friendly_name) if service else None,
            recipient=run.recipient,
            stage=failure["stage"] if failure else None,
        )
        commit()


def _message_of(run: TestRun, session: Session | None = None) -> OutboxMessage:
    query = select(OutboxMessage).filter_by(public_id=run.outbox_public_id)
    return (session or db.session()).scalars(query).one()


def _end(run: TestRun, message: OutboxMessage, kind: str, status: Status) -> None:
    """Close a run that no server decided about, and take its message out of the queue."""
    now = clock.now()
    run.outcome, run.finished_at = Outcome.FAILED, now
    run.failure = {"stage": Stage.REACH, "kind": kind, "at": now.isoformat(timespec="seconds")}
    message.status, message.settled_at, message.content = status, now, None


def _is_switched_off(failed: SubmissionFailed) -> bool:
    """Exchange says 5.7.139 when SMTP AUTH is switched off or forbidden: another token changes nothing."""
    return failed.reply is not None and failed.reply.enhanced == "5.7.139"


def _facts_of(failed: SubmissionFailed) -> dict[str, Any]:
    log.info("test e-mail failed", stage=failed.stage, kind=failed.kind, reason=failed.reason, detail=failed.detail)
    reply = failed.reply._asdict() if failed.reply else {}
    return {
        "stage": failed.stage,
        "kind": failed.kind,
        "code": reply.get("code"),
        "enhanced": reply.get("enhanced"),
        "text": logs.mask_text(reply.get("text") or ""),
        "challenge": logs.mask_text(failed.challenge) if failed.challenge else None,
        "exception_name": failed.exception_name,
    }
