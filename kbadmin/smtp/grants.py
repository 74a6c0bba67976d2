"""A grant: what a provider gave for an authorization, checked, and how it becomes a service's."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from kbadmin import clock
from kbadmin.encryption import Secret
from kbadmin.smtp.identity import Identity
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.pauses import put_right

SHORTEST_LIFE = 60
LONGEST_LIFE = 48 * 3600
LONGEST_TOKEN = 16 * 1024
PERMISSION = "SMTP.Send"


class GrantUnusable(Exception):
    """The provider answered with something that cannot be used; ``kind`` is our word for it."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Tokens:
    """The tokens of one answer. Providers may leave out the refresh token when renewing: then the old one goes on."""

    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Self:
        """Read a token endpoint's JSON (RFC 6749 §5.1); raises :class:`GrantUnusable`."""
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not _is_token(access) or str(answer.get("token_type", "")).lower() != "bearer":
            raise GrantUnusable("token_unusable")
        if refresh is not None and not _is_token(refresh):
            raise GrantUnusable("token_unusable")
        return cls(
            access_token=Secret(str(access)),
            refresh_token=Secret(str(refresh)) if refresh else None,
            expires_at=clock.now() + timedelta(seconds=_life(answer.get("expires_in"))),
        )


@dataclass(frozen=True)
class Grant:
    """Tokens and the identity that they belong to."""

    tokens: Tokens
    identity: Identity

    def to_secret(self) -> Secret:
        """As one sealed value, for the minutes in which the page asks about another mailbox."""
        refresh = self.tokens.refresh_token
        return Secret(
            json.dumps(
                {
                    "access": self.tokens.access_token.reveal(),
                    "refresh": refresh.reveal() if refresh else None,
                    "expires_at": self.tokens.expires_at.isoformat(),
                    "identity": vars(self.identity),
                }
            )
        )

    @classmethod
    def from_secret(cls, secret: Secret) -> Self:
        """The reverse of :meth:`to_secret`."""
        stored = json.loads(secret.reveal())
        refresh = stored["refresh"]
        return cls(
            Tokens(
                Secret(stored["access"]),
                Secret(refresh) if refresh else None,
                datetime.fromisoformat(stored["expires_at"]),
            ),
            Identity(**stored["identity"]),
        )


def require_complete(answer: dict[str, Any], tokens: Tokens) -> None:
    """A first grant must be able to send and to renew itself; raises :class:`GrantUnusable`.

    Only the presence of SMTP.Send is checked: answers may leave out the OpenID scopes that they granted.
    """
    scope = answer.get("scope")
    granted = [part.rpartition("/")[2] for part in scope.split()] if isinstance(scope, str) else None
    if granted is not None and PERMISSION not in granted:
        raise GrantUnusable("scope_missing")
    if tokens.refresh_token is None:
        raise GrantUnusable("no_refresh_token")


def put_tokens(service: SmtpService, tokens: Tokens) -> None:
    """Store tokens in the service; a missing refresh token keeps the one that is there."""
    service.access_token = tokens.access_token
    service.access_token_expires_at = tokens.expires_at
    if tokens.refresh_token is not None:
        service.refresh_token = tokens.refresh_token
    service.token_version += 1
    service.refresh_leased_until = None
    service.tokens_renewed_at = clock.now()


def put_grant(service: SmtpService, grant: Grant, *, authorized_by: str) -> None:
    """Make a grant the service's: from now on it sends with these tokens, as this identity."""
    put_tokens(service, grant.tokens)
    service.identity_username = grant.identity.username or service.login_email
    service.identity_tenant = grant.identity.tenant
    service.identity_object = grant.identity.object_id
    service.authorized_at = clock.now()
    service.authorized_by = authorized_by
    service.authorization_failure = None
    put_right(service)


def _is_token(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN and value.isascii() and value.isprintable()


def _life(value: Any) -> int:
    """Seconds until the access token ends; a missing, wrong or endless figure counts as unusable."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_LIFE <= value <= LONGEST_LIFE:
        raise GrantUnusable("token_unusable")
    return value
