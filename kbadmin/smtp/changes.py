"""What a change of settings drops: one table, asked for before saving and told after.

A password or token goes only to the server and user it was given for; a client secret only to the provider, cloud,
tenant and client it was made for. Whatever is re-typed in the same form is not dropped but replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SERVER = ("host", "port", "security")
REGISTRATION = ("provider", "cloud", "tenant_id", "client_id")
SIGN_IN = ("login_email", "audience")
#: A change of these is another configuration.
VERSIONED = frozenset((*SERVER, *REGISTRATION, *SIGN_IN, "authentication", "username"))
LIMITS = ("max_connections", "messages_per_minute", "recipients_per_day", "uncertain_messages")
#: Everything that a person decides, but for the name and secrets.
COPIED = (*VERSIONED, "send_from_address", "reply_to_address", "send_from_name", "secret_expires_on", *LIMITS)

LABELS = {
    "host": "SMTP Host",
    "port": "Port",
    "security": "Connection Security",
    "username": "Username",
    "provider": "Provider",
    "cloud": "Cloud",
    "tenant_id": "Tenant ID",
    "client_id": "Client ID",
    "login_email": "Login Email",
    "audience": "Who May Sign In",
    "authentication": "Authentication",
}


@dataclass(frozen=True)
class Dropped:
    """What goes, and which changed fields (by label) are the reason."""

    password: bool = False
    client_secret: bool = False
    tokens: bool = False
    because: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.password or self.client_secret or self.tokens

    @property
    def things(self) -> tuple[str, ...]:
        """The stored things that go, in words."""
        named = {
            "the password": self.password,
            "the client secret": self.client_secret,
            "the authorization": self.tokens,
        }
        return tuple(words for words, goes in named.items() if goes)

    @property
    def remedy(self) -> str:
        """What has to be done afterwards."""
        if self.client_secret:
            return "Enter the client secret again, then authorize the service."
        if self.tokens:
            return "Authorize the service again before it can send."
        return "Enter the password again before the service can send."


def shown(service: Any) -> dict[str, Any]:
    """What the forms of a service show, all of them together."""
    return {name: getattr(service, name) for name in ("friendly_name", *COPIED)}


def changed_fields(before: Any, after: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of fields whose stored value differs from the new one."""
    return tuple(name for name, value in after.items() if (getattr(before, name) or None) != (value or None))


def dropped_by(
    before: Any, after: Mapping[str, Any], *, new_password: bool = False, new_client_secret: bool = False
) -> Dropped:
    """What saving ``after`` over the service ``before`` would drop. Only what is stored now can go."""
    changed = set(changed_fields(before, after))
    server = changed & set(SERVER)
    registration = changed & set(REGISTRATION)
    kind = changed & {"authentication"}
    password = bool(server | changed & {"username"} | kind) and before.password_sealed is not None
    secret = bool(registration | kind) and before.client_secret_sealed is not None
    tokens = bool(server | registration | kind | changed & set(SIGN_IN)) and before.refresh_token_sealed is not None
    reasons = server | registration | kind | changed & {*SIGN_IN, "username"}
    return Dropped(
        password=password and not new_password,
        client_secret=secret and not new_client_secret,
        tokens=tokens,
        because=tuple(label for name, label in LABELS.items() if name in reasons),
    )
