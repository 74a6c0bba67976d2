"""What an authorization leaves on its service: a grant, a question, or a failure that the page explains."""

import uuid

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing
from kbadmin.smtp import flows, operations
from kbadmin.smtp.authorization_failures import AuthorizationFailed
from kbadmin.smtp.flows import ConsumedFlow, Traveller
from kbadmin.smtp.grants import Grant, put_grant
from kbadmin.smtp.models import SmtpService


def record_grant(flow: ConsumedFlow, grant: Grant, *, actor: Actor) -> SmtpService:
    """The expected mailbox signed in: its grant becomes active, replacing an earlier one.

    Raises :class:`AuthorizationFailed` if the service was changed while the provider was asked.
    """
    begin_writing()
    service = operations.find(flow.service_id, for_update=True)
    if service is None or service.disabled_at or service.configuration_version != flow.configuration_version:
        raise AuthorizationFailed("service_changed")
    put_grant(service, grant, authorized_by=actor.label)
    record("smtp service authorized", actor=actor, subject=_subject(service), mailbox=service.identity_username)
    return service


def record_failure(service_id: uuid.UUID, failed: AuthorizationFailed, *, actor: Actor) -> None:
    """Keep what the page needs to explain; the service's grant, if it has one, is not touched."""
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is None:
        return
    service.authorization_failure = failed.as_facts()
    record(
        "smtp service authorization failed",
        actor=actor,
        subject=_subject(service),
        kind=failed.kind,
        error=failed.error,
        aadsts=failed.aadsts,
    )


def use_signed_in_mailbox(service: SmtpService, traveller: Traveller, *, actor: Actor) -> str | None:
    """Answer «use that mailbox»: Login Email becomes the one that signed in, and its grant active.

    Answers the mailbox, or nothing if the question has timed out.
    """
    begin_writing()
    if operations.find(service.id, for_update=True) is None:  # Locked: its settings stay what the grant is sealed for.
        return None
    flow = flows.pending(service, traveller)
    if flow is None:
        return None
    grant = flows.take_pending(flow)
    before = service.login_email
    service.login_email = grant.identity.username or flow.pending_username or service.login_email
    service.configuration_version += 1
    service.tested_at = None
    put_grant(service, grant, authorized_by=actor.label)
    record(
        "smtp service authorized",
        actor=actor,
        subject=_subject(service),
        mailbox=service.identity_username,
        login_email_before=before,
    )
    return service.login_email


def discard_signed_in_mailbox(service: SmtpService, traveller: Traveller) -> None:
    """Answer «sign in again»: the held grant is forgotten."""
    begin_writing()
    flow = flows.pending(service, traveller)
    if flow is not None:
        flows.take_pending(flow)


def note_admin_consent(service_id: uuid.UUID, *, actor: Actor) -> None:
    """Somebody came back from the consent page. Unverified: the return can be forged, so nothing follows from it."""
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is not None:
        service.consent_noted_at = clock.now()
        record("admin consent returned (unverified)", actor=actor, subject=_subject(service))


def _subject(service: SmtpService) -> Subject:
    return Subject("smtp service", service.id, service.friendly_name)
