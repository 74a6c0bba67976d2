"""Authorizations under way: the rows that carry one from Authorize to the callback, and a question that waits.

A flow is used up before anything else of a callback is read, whatever the outcome will be. The table stands outside
the account fence: a flow is found by the fingerprint of its state, and only then is the account known.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update

from kbadmin import clock
from kbadmin.database import begin_writing, db, ledger, unit_of_work
from kbadmin.encryption import Secret, fingerprint
from kbadmin.smtp.grants import Grant
from kbadmin.smtp.models import OAuthFlow, SmtpService

STATE_MINUTES = 10
PENDING_MINUTES = 10


@dataclass(frozen=True)
class Traveller:
    """Who begins an authorization, and must be the one who comes back."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    account_id: uuid.UUID


@dataclass(frozen=True)
class ConsumedFlow:
    """A flow that has been used up, with what the exchange needs."""

    id: uuid.UUID
    traveller: Traveller
    service_id: uuid.UUID
    configuration_version: int
    token_endpoint: str
    issuer: str
    nonce: Secret
    code_verifier: Secret
    trouble: str | None  # «state_used» or «state_expired»: the flow is known, but no longer good

    def is_from(self, issuer: str) -> bool:
        """Whether an answer that names its issuer (RFC 9207) comes from the provider that was asked."""
        pattern = re.escape(self.issuer).replace(re.escape("{tenantid}"), r"([0-9a-fA-F-]{36}|\{tenantid\})")
        return re.fullmatch(pattern, issuer) is not None


def consume(state: str) -> ConsumedFlow | None:
    """Use a flow up, whatever the outcome will be; nothing for a state we never gave."""
    with ledger() as session:
        query = select(OAuthFlow).filter_by(state_fingerprint=fingerprint(state)).with_for_update()
        flow = session.scalar(query)
        if flow is None:
            return None
        trouble = "state_used" if flow.consumed_at else "state_expired" if clock.now() >= flow.expires_at else None
        consumed = ConsumedFlow(
            id=flow.id,
            traveller=Traveller(flow.session_id, flow.user_id, flow.account_id),
            service_id=flow.service_id,
            configuration_version=flow.configuration_version,
            token_endpoint=flow.token_endpoint,
            issuer=flow.issuer,
            nonce=flow.nonce or Secret(""),
            code_verifier=flow.code_verifier or Secret(""),
            trouble=trouble,
        )
        flow.consumed_at = flow.consumed_at or clock.now()
        flow.nonce = flow.code_verifier = None
    return consumed


def hold(flow: ConsumedFlow, grant: Grant) -> None:
    """Keep the grant of an unexpected mailbox sealed in the flow for some minutes, while the page asks. Not active."""
    begin_writing()
    row = db.session.get(OAuthFlow, flow.id)
    if row is None:
        raise LookupError(flow.id)
    row.pending_grant = grant.to_secret()
    row.pending_username = grant.identity.username or grant.identity.email or "another account"
    row.pending_until = clock.now() + timedelta(minutes=PENDING_MINUTES)


def pending(service: SmtpService, traveller: Traveller) -> OAuthFlow | None:
    """The question that waits on the service's page for the person who signed in, if there is one."""
    query = (
        select(OAuthFlow)
        .where(
            OAuthFlow.service_id == service.id,
            OAuthFlow.session_id == traveller.session_id,
            OAuthFlow.configuration_version == service.configuration_version,
            OAuthFlow.pending_grant_sealed.is_not(None),
            OAuthFlow.pending_until > clock.now(),
        )
        .order_by(OAuthFlow.created_at.desc())
        .limit(1)
    )
    return db.session.scalar(query)


def take_pending(flow: OAuthFlow) -> Grant:
    """The held grant; it leaves the flow row with this."""
    secret = flow.pending_grant
    flow.pending_grant = flow.pending_until = None
    return Grant.from_secret(secret)


def forget_of(service_id: uuid.UUID) -> None:
    """A service goes, and with it every authorization that was under way for it."""
    db.session.execute(delete(OAuthFlow).where(OAuthFlow.service_id == service_id))


def forget_old() -> None:
    """Remove flows that ended more than a day ago; empty those, and held grants, whose minutes are over."""
    now = clock.now()
    over = OAuthFlow.code_verifier_sealed.is_not(None) & (OAuthFlow.expires_at <= now)
    unanswered = OAuthFlow.pending_grant_sealed.is_not(None) & (OAuthFlow.pending_until <= now)
    ended = OAuthFlow.expires_at < now - timedelta(days=1)
    if not db.session.scalar(select(OAuthFlow.id).where(over | unanswered | ended).limit(1)):
        return
    with unit_of_work():
        db.session.execute(update(OAuthFlow).where(over).values(nonce_sealed=None, code_verifier_sealed=None))
        db.session.execute(update(OAuthFlow).where(unanswered).values(pending_grant_sealed=None, pending_until=None))
        db.session.execute(delete(OAuthFlow).where(ended))
