"""SmtpService and OAuthFlow: how an account sends, and an authorization that is under way."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Integer, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, new_id
from kbadmin.sealing import Sealed
from kbadmin.smtp.security import Authentication, Security
from kbadmin.tenancy import AccountOwned


class State(StrEnum):
    """Whether a service can be used, and by whom it must be looked after."""

    NEEDS_AUTHORIZING = "needs_authorizing"  # OAuth2 without a grant, or a password that must be typed again
    UNTESTED = "untested"  # complete, but no test e-mail was accepted since the last change
    READY = "ready"  # the server accepted a message with these very settings
    DEGRADED = "degraded"  # works with difficulty: retries, slow, or a warning from the provider
    PAUSED = "paused"  # stopped by us with a reason; the queue waits
    DISABLED = "disabled"  # switched off by a person


WARNING_DAYS = 30
OR_NONE = Integer().evaluates_none()  # None means none, also where there is a default.
CHOOSABLE = frozenset({State.UNTESTED, State.READY, State.DEGRADED, State.PAUSED})


def _mail_destination(service: "SmtpService") -> str:
    return f"{service.host}|{service.port}|{service.security}|{service.username}"


def _token_destination(service: "SmtpService") -> str:
    return f"{service.host}|{service.port}|{service.security}|{service.login_email}"


def _provider_destination(service: "SmtpService") -> str:
    return f"{service.provider}|{service.cloud}|{service.tenant_id or ''}|{service.client_id}"


class SmtpService(AccountOwned, Base):
    """One of an account's ways to send, chosen by its Friendly Name wherever mail leaves.

    Passwords and tokens are bound to host, port, security and user; the client secret to provider, cloud, tenant and
    client ID. ``configuration_version`` rises with every change of those: an authorization begun before does not
    count after.
    """

    __tablename__ = "smtp_services"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "friendly_name_key"))

    friendly_name: Mapped[str] = mapped_column(String(120))
    friendly_name_key: Mapped[str | None] = mapped_column(String(120))  # folded; none once deleted: the name is free
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    security: Mapped[Security] = mapped_column(String(16))
    send_from_address: Mapped[str] = mapped_column(String(254))
    reply_to_address: Mapped[str | None] = mapped_column(String(254))
    send_from_name: Mapped[str | None] = mapped_column(String(120))
    authentication: Mapped[Authentication] = mapped_column(String(16))

    username: Mapped[str | None] = mapped_column(String(254))
    password_sealed: Mapped[str | None] = mapped_column(Text)
    password = Sealed(_mail_destination, purpose="smtp")
    password_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    provider: Mapped[str | None] = mapped_column(String(32))
    cloud: Mapped[str] = mapped_column(String(32), default="global")
    audience: Mapped[str] = mapped_column(String(32), default="work")
    login_email: Mapped[str | None] = mapped_column(String(254))
    client_id: Mapped[str | None] = mapped_column(String(64))
    client_secret_sealed: Mapped[str | None] = mapped_column(Text)
    client_secret = Sealed(_provider_destination, purpose="smtp")
    client_secret_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    secret_expires_on: Mapped[date | None] = mapped_column(Date)
    tenant_id: Mapped[str | None] = mapped_column(String(253))

    access_token_sealed: Mapped[str | None] = mapped_column(Text)
    access_token = Sealed(_token_destination, purpose="smtp")
    access_token_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_token_sealed: Mapped[str | None] = mapped_column(Text)
    refresh_token = Sealed(_token_destination, purpose="smtp")
    token_version: Mapped[int] = mapped_column(default=0)
    tokens_renewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    identity_username: Mapped[str | None] = mapped_column(String(254))  # preferred_username: the XOAUTH2 user
    identity_tenant: Mapped[str | None] = mapped_column(String(64))
    identity_object: Mapped[str | None] = mapped_column(String(64))
    authorized_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    authorized_by: Mapped[str | None] = mapped_column(String(254))
    authorization_failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what the card on the page says
    consent_noted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # an unverified «an admin consented»

    max_connections: Mapped[int] = mapped_column(default=1)
    messages_per_minute: Mapped[int | None] = mapped_column(OR_NONE, default=25)  # none: no limit of ours
    recipients_per_day: Mapped[int | None] = mapped_column(OR_NONE, default=10_000)
    uncertain_messages: Mapped[str] = mapped_column(String(8), default="resend")  # or «hold», for a person to decide

    configuration_version: Mapped[int] = mapped_column(default=1)
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # last accepted test of this configuration
    last_accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pause_reason: Mapped[str | None] = mapped_column(String(400))
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the pause ends by itself then
    submission_failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what stopped or troubles it, for the card
    degraded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    created_by: Mapped[str] = mapped_column(String(254), default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def needs_password(self) -> bool:
        """A Username/Password service whose password was dropped by a change."""
        return self.authentication == Authentication.PASSWORD and self.password_sealed is None

    @property
    def needs_secret(self) -> bool:
        """An OAuth2 service whose client secret was dropped by a change."""
        return self.authentication == Authentication.OAUTH2 and self.client_secret_sealed is None

    @property
    def is_authorized(self) -> bool:
        """Whether an OAuth2 service holds a grant."""
        return self.refresh_token_sealed is not None

    @property
    def state(self) -> State:
        """What the list, the page and the dropdowns show."""
        if self.disabled_at:
            return State.DISABLED
        if self.needs_password or self.needs_secret:
            return State.NEEDS_AUTHORIZING
        if self.authentication == Authentication.OAUTH2 and not self.is_authorized:
            return State.NEEDS_AUTHORIZING
        if self.paused_at:
            return State.PAUSED
        if self.degraded_at:
            return State.DEGRADED
        return State.READY if self.tested_at else State.UNTESTED

    @property
    def secret_days_left(self) -> int | None:
        """Days until the client secret expires, if its date is known and near enough to warn; 0 or less once it has."""
        if self.secret_expires_on is None or self.authentication != Authentication.OAUTH2:
            return None
        days = (self.secret_expires_on - clock.now().date()).days
        return days if days <= WARNING_DAYS else None

    @property
    def is_choosable(self) -> bool:
        """Whether dropdowns offer it."""
        return self.deleted_at is None and self.state in CHOOSABLE

    @property
    def xoauth2_user(self) -> str:
        """The identity that signed in, which Exchange Online wants as the XOAUTH2 user."""
        return self.identity_username or self.login_email or ""


class OAuthFlow(Base):
    """One authorization under way: begun by one person, in one session, for one service as it was then.

    Outside the fence: the callback finds it by the fingerprint of ``state`` and only then knows the account. It is
    consumed before anything else of the callback is read.
    """

    __tablename__ = "oauth_flows"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    state_fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    service_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    configuration_version: Mapped[int]
    issuer: Mapped[str] = mapped_column(String(300))
    token_endpoint: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    nonce_sealed: Mapped[str | None] = mapped_column(Text)
    nonce = Sealed(lambda flow: flow.token_endpoint, purpose="oauth flow")
    code_verifier_sealed: Mapped[str | None] = mapped_column(Text)
    code_verifier = Sealed(lambda flow: flow.token_endpoint, purpose="oauth flow")

    # Tokens of a mailbox that was not expected stay here, sealed, while the page asks; they are not active.
    pending_grant_sealed: Mapped[str | None] = mapped_column(Text)
    pending_grant = Sealed(lambda flow: f"{flow.service_id}|{flow.configuration_version}", purpose="oauth flow")
    pending_username: Mapped[str | None] = mapped_column(String(254))
    pending_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
