"""How a service stands, in words: why it stopped or has difficulties, who must act, and the one button that helps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kbadmin.smtp.diagnosis import Explanation, explain_submission, it_note
from kbadmin.smtp.explanations import explain_failure, note_for_it, values_of
from kbadmin.smtp.failures import Stage
from kbadmin.smtp.models import SmtpService, State
from kbadmin.smtp.providers import error_link
from kbadmin.smtp.security import Authentication
from kbadmin.smtp.steps import TITLES

REGISTRATION_ERRORS = ("invalid_client", "unauthorized_client")  # RFC 6749 §5.2


class Remedy(StrEnum):
    """What the one button does."""

    ENABLE = "enable"
    AUTHORIZE = "authorize"
    OAUTH_SETTINGS = "oauth_settings"
    PASSWORD = "password"  # the field further down the page
    RESUME = "resume"
    TEST = "test"


@dataclass(frozen=True)
class Trouble:
    """Why a service stopped or has difficulties, as the card tells it; ``is_authorizations``: told by its provider."""

    explanation: Explanation
    details: str
    at: datetime | None = None
    link: str | None = None
    is_authorizations: bool = False


def trouble_of(service: SmtpService) -> Trouble | None:
    """What stopped or troubles its mail now; nothing if mail goes, or if nobody recorded why it does not."""
    if service.submission_failure and (service.paused_at or service.degraded_at):
        return _submissions(service.submission_failure, service)
    if service.authorization_failure and (service.paused_at or not service.is_authorized):
        return authorization_trouble(service)
    return None


def authorization_trouble(service: SmtpService) -> Trouble | None:
    """Why the last authorization or renewal failed, whether mail still goes or not."""
    facts = service.authorization_failure
    if not facts:
        return None
    explanation = explain_failure(facts, service)
    return Trouble(
        explanation=explanation,
        details=note_for_it(facts, service, what=explanation.what),
        at=_moment(facts),
        link=error_link(facts["aadsts"]) if facts.get("aadsts") else None,
        is_authorizations=True,
    )


def remedy_of(service: SmtpService) -> Remedy | None:
    """The one button of the page's header; none where there is nothing to do."""
    match service.state:
        case State.DISABLED:
            return Remedy.ENABLE
        case State.NEEDS_AUTHORIZING if service.needs_password:
            return Remedy.PASSWORD
        case State.NEEDS_AUTHORIZING:
            is_registrations = service.needs_secret or _is_registrations(service)
            return Remedy.OAUTH_SETTINGS if is_registrations else Remedy.AUTHORIZE
        case State.PAUSED:
            return _remedy_of_pause(service)
        case State.UNTESTED | State.DEGRADED:
            return Remedy.TEST
    return None


def _remedy_of_pause(service: SmtpService) -> Remedy:
    trouble = trouble_of(service)
    if trouble is None:
        return Remedy.RESUME
    if trouble.explanation.state == "reauth" and service.authentication == Authentication.OAUTH2:
        return Remedy.AUTHORIZE
    if trouble.is_authorizations and _is_registrations(service):
        return Remedy.OAUTH_SETTINGS
    return Remedy.RESUME


def _is_registrations(service: SmtpService) -> bool:
    """Whether the provider did not know the client or its secret: neither signing in again nor waiting helps."""
    return (service.authorization_failure or {}).get("error") in REGISTRATION_ERRORS


def _submissions(facts: Mapping[str, Any], service: SmtpService) -> Trouble:
    text = facts.get("text") or ""
    explanation = explain_submission(
        facts["stage"],
        facts["kind"],
        facts.get("code"),
        facts.get("enhanced"),
        text,
        facts.get("challenge"),
        facts.get("exception_name"),
        **dict[str, Any](values_of(service)),
    )
    reply = " ".join(str(part) for part in (facts.get("code"), facts.get("enhanced"), text) if part)
    details = it_note(
        what=explanation.what,
        service=service.friendly_name,
        step=TITLES[Stage(facts["stage"])],
        server=f"{service.host}:{service.port}",
        server_reply=reply or None,
        challenge=facts.get("challenge"),
        at=_moment(facts),
        login_email=service.login_email or service.username,
    )
    return Trouble(explanation, details, at=_moment(facts))


def _moment(facts: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(facts["at"]) if facts.get("at") else None
