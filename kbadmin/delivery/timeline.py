"""What happened to one message, in order, and the card that explains why it has not arrived."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kbadmin.delivery.decisions import Action
from kbadmin.delivery.log_words import DECISIONS, STATES, STEPS
from kbadmin.outbox.models import DeliveryAttempt, OutboxMessage, Status
from kbadmin.smtp import explanations
from kbadmin.smtp.diagnosis import Explanation, explain_submission, it_note
from kbadmin.smtp.failures import SENTENCES, Stage
from kbadmin.smtp.models import SmtpService

KEYS = ("stage", "kind", "code", "enhanced", "text", "challenge", "exception_name")


@dataclass(frozen=True)
class Event:
    """One line of the timeline. ``state`` is ok, waiting, failed or not_tried, and chooses icon and colour."""

    label: str
    state: str
    at: datetime | None = None
    text: str = ""
    reply: str = ""
    again_at: datetime | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)


def timeline(message: OutboxMessage, attempts: Sequence[DeliveryAttempt], *, shows_replies: bool) -> list[Event]:
    """From when it was queued to where it stands now."""
    events = [Event("Queued", "ok", message.created_at)]
    events += [_of_attempt(attempt, shows_replies=shows_replies) for attempt in attempts]
    if message.requeued_at is not None:
        again = Event("Sent again by a person", "ok", message.requeued_at)
        after = [number for number, event in enumerate(events) if event.at and event.at <= message.requeued_at]
        events.insert(after[-1] + 1, again)
    last = _end(message, attempts, shows_replies=shows_replies)
    return events if last is None else [*events, last]


def explain(message: OutboxMessage, attempts: Sequence[DeliveryAttempt], service: SmtpService | None) -> Any:
    """Why the last attempt failed, with a note for IT; nothing if there was none, or it was accepted since."""
    last = attempts[-1] if attempts else None
    if last is None or not last.facts or message.status == Status.ACCEPTED:
        return None
    if message.requeued_at is not None and last.at < message.requeued_at:
        return None
    facts: dict[str, Any] = {key: last.facts.get(key) for key in KEYS}
    facts["text"] = facts["text"] or ""
    values: dict[str, Any] = explanations.values_of(service) | {"recipient": message.recipient}
    explanation = explain_submission(**facts, **values)
    return {"explanation": explanation, "details": _note(last, service, explanation)}


def _of_attempt(attempt: DeliveryAttempt, *, shows_replies: bool) -> Event:
    facts, outcome = attempt.facts, attempt.outcome
    decided = DECISIONS[Action(outcome)] if outcome in list(Action) else outcome
    return Event(
        label="Attempt not accepted",
        state="waiting" if outcome in (Action.RETRY, Action.REFRESH, Action.PAUSE) else "failed",
        at=attempt.at,
        text=decided,
        reply=_said(facts) if shows_replies else "",
        again_at=attempt.again_at,
        facts=[("Ended at", _title(facts.get("stage")))] if facts.get("stage") else [],
    )


def _end(message: OutboxMessage, attempts: Sequence[DeliveryAttempt], *, shows_replies: bool) -> Event | None:
    """Where it stands, where no attempt says so already."""
    reply = message.last_reply if shows_replies else ""
    label = STATES[Status(message.status)]
    match message.status:
        case Status.ACCEPTED:
            text = "The mail server took it. What happens after that is the mail server’s work."
            return Event(label, "ok", message.settled_at, text, reply)
        case Status.QUEUED:
            return Event("Waiting", "waiting")
        case Status.SENDING:
            return Event(label, "running")
        case Status.CANCELLED:
            return Event(label, "not_tried", message.settled_at, "A person withdrew it; it is not sent.")
        case _ if attempts and attempts[-1].outcome not in (Action.RETRY, Action.PAUSE, Action.REFRESH):
            return None
        case Status.EXPIRED:
            return Event(label, "not_tried", message.settled_at, message.last_reply)
        case _:
            return Event(label, "failed", message.settled_at, message.last_reply if shows_replies else "")


def _note(last: DeliveryAttempt, service: SmtpService | None, explanation: Explanation) -> str:
    return it_note(
        what=explanation.what,
        service=service.friendly_name if service else None,
        step=_title(last.facts.get("stage")),
        server=f"{service.host}:{service.port}" if service else None,
        server_reply=_said(last.facts) or None,
        challenge=last.facts.get("challenge"),
        at=last.at,
        login_email=(service.login_email or service.username) if service else None,
    )


def _said(facts: dict[str, Any]) -> str:
    told = " ".join(str(facts[key]) for key in ("code", "enhanced", "text") if facts.get(key))
    return told or SENTENCES.get(facts.get("kind", ""), "")


def _title(stage: str | None) -> str:
    return STEPS[Stage(stage)] if stage in list(Stage) else "Making the message"
