"""Who and what the demo's identity provider knows: directories, people, and app registrations.

The words are those of the Azure portal: a *registration* has an Application (client) ID, redirect URIs, supported
account types and secrets, of which Microsoft shows the *Value* once and the *Secret ID* for ever.
"""

import secrets
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from kbadmin import clock
from kbadmin.encryption import Secret

CONSUMERS_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"  # Microsoft's own id for personal accounts.
DEMO_TENANT = "5c1f7a52-3d0e-4b8c-9a41-6f2de07b1c35"
OTHER_TENANT = "c27e0d18-94b5-4f63-8e0a-1b7d5a9f4e60"

READY_CLIENT_ID = "0f6b2d3a-7c41-4e59-8a17-b2c90e5d4f18"
EXPIRED_CLIENT_ID = "7d94c0e1-5b28-4a6f-93d2-0c8e71f5a2b6"
SINGLE_TENANT_CLIENT_ID = "b83a1f57-2e6d-4c90-a5f8-47d1e09c6b32"

SECRET_LIFE = timedelta(days=540)
KEPT_SECRETS = 3


class Audience(StrEnum):
    """Supported account types, by the names a registration's manifest has (``signInAudience``)."""

    SINGLE = "AzureADMyOrg"
    MULTIPLE = "AzureADMultipleOrgs"
    MULTIPLE_AND_PERSONAL = "AzureADandPersonalMicrosoftAccount"
    PERSONAL = "PersonalMicrosoftAccount"


@dataclass(frozen=True)
class Tenant:
    """A directory of people."""

    id: str
    domain: str
    name: str


@dataclass(frozen=True)
class Person:
    """Someone with a mailbox. ``email`` is the claim, where it differs from the user name."""

    username: str
    name: str
    tenant: str
    object_id: str
    email: str | None = None


@dataclass(frozen=True)
class ClientSecret:
    """One secret of a registration: the value is what a client sends, the id is what people paste by mistake."""

    id: str
    value: Secret
    expires_at: datetime


@dataclass(frozen=True)
class Registration:
    """An app registration."""

    name: str
    client_id: str
    tenant: str
    redirect_uris: tuple[str, ...]
    audience: Audience
    secrets: tuple[ClientSecret, ...] = ()


@dataclass
class Directory:
    """Everything the provider looks up. Tests append to the lists; the demo uses :func:`demo_directory`."""

    tenants: list[Tenant] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)

    def tenant(self, name: str) -> Tenant | None:
        """A tenant by its id or domain; ``consumers`` is one too."""
        name = CONSUMERS_TENANT if name.casefold() == "consumers" else name.casefold()
        return next((tenant for tenant in self.tenants if name in (tenant.id, tenant.domain)), None)

    def person(self, username: str) -> Person | None:
        """A person by user name, in any case."""
        name = username.casefold()
        return next((person for person in self.people if person.username.casefold() == name), None)

    def registration(self, client_id: str) -> Registration | None:
        """A registration by its Application (client) ID."""
        return next((found for found in self.registrations if found.client_id == client_id), None)

    def replace(self, registration: Registration) -> None:
        """Put a changed registration in the place of the one with its client ID: a new secret, another audience…"""
        self.registrations[:] = [
            registration if found.client_id == registration.client_id else found for found in self.registrations
        ]

    def expire_secrets(self, client_id: str) -> None:
        """No secret of this registration is good any longer. Raises LookupError for no such registration."""
        found, ended = self._known(client_id), clock.now() - timedelta(minutes=1)
        expired = (replace(secret, expires_at=min(secret.expires_at, ended)) for secret in found.secrets)
        self.replace(replace(found, secrets=tuple(expired)))

    def add_secret(self, client_id: str) -> ClientSecret:
        """Press *New client secret*: the newest comes first. Raises LookupError for no such registration."""
        found = self._known(client_id)
        value = Secret(f"new{secrets.token_hex(2)}Q~{secrets.token_urlsafe(24)}")
        made = ClientSecret(str(uuid.uuid4()), value, clock.now() + SECRET_LIFE)
        self.replace(replace(found, secrets=(made, *found.secrets)[:KEPT_SECRETS]))
        return made

    def _known(self, client_id: str) -> Registration:
        found = self.registration(client_id)
        if found is None:
            raise LookupError(client_id)
        return found


def demo_directory(*, redirect_uri: str, secret: Secret) -> Directory:
    """The demo's world: one registration that works (its secret is the one given), one with an expired secret, and a
    single-tenant one with the same secret; people in two organizations, and one with a personal account.
    """
    later, earlier = clock.now() + SECRET_LIFE, clock.now() - timedelta(days=3)
    good = ClientSecret("3e0c57b9-8d12-4f7a-b6e4-a90d2c1f5873", secret, later)
    old = ClientSecret("94d7a2c6-1b3e-48f5-8c90-e57f60b2d41a", secret, earlier)

    def registration(name: str, client_id: str, audience: Audience, *secrets: ClientSecret) -> Registration:
        return Registration(name, client_id, DEMO_TENANT, (redirect_uri,), audience, secrets)

    return Directory(
        tenants=[
            Tenant(DEMO_TENANT, "example.com", "Example Company"),
            Tenant(OTHER_TENANT, "example.org", "Another Organization"),
            Tenant(CONSUMERS_TENANT, "example.net", "Personal accounts"),
        ],
        people=[
            Person("support@example.com", "Support", DEMO_TENANT, "1a5c8e07-6f2b-4d39-a7e1-90b4c3d2f586"),
            Person("newsletter@example.com", "Newsletter", DEMO_TENANT, "2b6d9f18-7a3c-4e40-b8f2-01c5d4e3a697"),
            Person("owner@example.com", "Olivia Owner", DEMO_TENANT, "3c7eaf29-8b4d-4f51-89a3-12d6e5f4b7a8"),
            Person("support@example.org", "Support elsewhere", OTHER_TENANT, "4d8fb03a-9c5e-4062-9ab4-23e7f605c8b9"),
            Person(
                "sam@example.net", "Sam, personal account", CONSUMERS_TENANT, "5e90c14b-ad6f-4173-8bc5-34f80716d9ca"
            ),
        ],
        registrations=[
            registration("Knowledge base mail", READY_CLIENT_ID, Audience.MULTIPLE_AND_PERSONAL, good),
            registration("Mail, secret expired", EXPIRED_CLIENT_ID, Audience.MULTIPLE, old),
            registration("Mail, single tenant", SINGLE_TENANT_CLIENT_ID, Audience.SINGLE, good),
        ],
    )
