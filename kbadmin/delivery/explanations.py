"""What a test e-mail shows: its steps in order, and for the red one why, who must act, and what to type."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kbadmin.delivery.models import Outcome, TestRun
from kbadmin.smtp import explanations
from kbadmin.smtp.diagnosis import Explanation, explain_outcome, explain_submission, it_note
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication, Security
from kbadmin.smtp.steps import TITLES
from kbadmin.smtp.transport import Stage

LABELS = {
    "greeting": "Greeting", "server": "Server", "extensions": "Offers", "protocol": "Protocol", "cipher": "Cipher",
    "certificate_name": "Certificate for", "issuer": "Issued by", "expires_at": "Expires", "days_left": "Days left",
    "mechanism": "Mechanism", "reply": "Reply", "challenge": "Challenge",
}  # fmt: skip


@dataclass(frozen=True)
class ShownStep:
    """One line of the page: ``state`` is waiting, running, ok, failed or not_tried."""

    label: str
    state: str
    text: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)


def shown_steps(run: TestRun, service: SmtpService) -> list[ShownStep]:
    """Every step this service has, told ones first, the next one running while the test is."""
    told = {step["stage"]: step for step in run.steps}
    shown: list[ShownStep] = []
    is_next = not run.is_over
    for stage in _stages_of(service):
        step = told.get(stage)
        if step is None:
            state = "not_tried" if run.is_over else "waiting"
            if is_next and run.outcome == Outcome.RUNNING:
                state = "running"
            is_next = False
            shown.append(ShownStep(TITLES[stage], state))
        else:
            facts = [(LABELS[key], value) for key, value in step["facts"].items() if value and key in LABELS]
            shown.append(ShownStep(TITLES[stage], "ok" if step["ok"] else "failed", step["text"], facts))
    return shown


def explain_run(run: TestRun, service: SmtpService) -> Explanation | None:
    """Why the test failed; nothing if it did not."""
    failure = run.failure
    if not failure:
        return None
    values = explanations.values_of(service) | {"recipient": run.recipient}
    if failure.get("authorization"):
        return explanations.explain_failure(failure["authorization"], service)
    if failure["kind"] in ("interrupted", "service_changed"):
        return explain_outcome(f"test_{failure['kind']}", **values)
    return explain_submission(
        stage=failure["stage"],
        kind=failure["kind"],
        code=failure.get("code"),
        enhanced=failure.get("enhanced"),
        text=failure.get("text") or "",
        challenge=failure.get("challenge"),
        exception_name=failure.get("exception_name"),
        **values,
    )


def note_for_it(run: TestRun, service: SmtpService, what: str) -> str:
    """The copyable note."""
    failure: dict[str, Any] = run.failure or {}
    authorization = failure.get("authorization") or {}
    code = " ".join(str(part) for part in (failure.get("code"), failure.get("enhanced"), failure.get("text")) if part)
    return it_note(
        what=what,
        service=service.friendly_name,
        step=TITLES.get(Stage(failure["stage"])) if failure.get("stage") else None,
        server=f"{service.host}:{service.port}",
        server_reply=code or None,
        challenge=failure.get("challenge"),
        code=f"AADSTS{authorization['aadsts']}" if authorization.get("aadsts") else None,
        correlation_id=authorization.get("correlation_id"),
        at=datetime.fromisoformat(failure["at"]) if failure.get("at") else run.finished_at,
        login_email=service.login_email or service.username,
    )


def _stages_of(service: SmtpService) -> list[Stage]:
    left_out = set()
    if service.security == Security.NONE:
        left_out.add(Stage.TLS)
    if service.authentication == Authentication.UNAUTHENTICATED:
        left_out.add(Stage.SIGN_IN)
    return [stage for stage in Stage if stage not in left_out]
