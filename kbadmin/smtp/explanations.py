"""From what happened to a service to the card that explains it, with the service's own values filled in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kbadmin.smtp import authorization
from kbadmin.smtp.diagnosis import Explanation, explain_authorization, explain_outcome, it_note
from kbadmin.smtp.models import SmtpService

PROVIDERS_OWN = "provider_error"


def values_of(service: SmtpService | None) -> dict[str, str]:
    """What the texts may mention."""
    values = {"redirect_uri": authorization.redirect_uri()}
    if service is None:
        return values
    return values | {
        "login_email": service.login_email or "the service's Login Email",
        "mailbox": service.xoauth2_user or service.username or service.send_from_address,
        "send_from": service.send_from_address,
        "client_id": service.client_id or "the service's Client ID",
        "tenant_id": service.tenant_id or "blank",
        "host": service.host,
        "port": str(service.port),
        "service_name": service.friendly_name,
        "security": service.security,
        "authentication": service.authentication,
    }


def explain_failure(facts: Mapping[str, Any], service: SmtpService | None = None) -> Explanation:
    """Why an authorization or a token refresh came to nothing."""
    if facts["kind"] == PROVIDERS_OWN and (facts.get("error") or facts.get("aadsts")):
        return explain_authorization(
            facts.get("error"), facts.get("suberror"), facts.get("aadsts"), **values_of(service)
        )
    return explain_outcome(facts["kind"], **values_of(service))


def explain_code(number: int, service: SmtpService) -> Explanation:
    """What an AADSTS number means that somebody read on Microsoft's own page."""
    return explain_authorization(None, None, number, **values_of(service))


def note_for_it(facts: Mapping[str, Any], service: SmtpService, *, what: str) -> str:
    """The copyable note: everything support asks for, nothing secret."""
    return it_note(
        what=what,
        service=service.friendly_name,
        code=f"AADSTS{facts['aadsts']}" if facts.get("aadsts") else facts.get("error"),
        correlation_id=facts.get("correlation_id"),
        trace_id=facts.get("trace_id"),
        at=datetime.fromisoformat(facts["at"]) if facts.get("at") else None,
        client_id=service.client_id,
        tenant_id=service.tenant_id,
        login_email=service.login_email,
    )
