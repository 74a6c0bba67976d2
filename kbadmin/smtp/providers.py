"""Microsoft, and the next provider: where each is reached, what it is asked for, what it allows.

Everything a provider publishes is a row of ``data/providers.toml``, checked when this module is imported, so
that another provider that works the same way is added without code.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from kbadmin.smtp.identifiers import (
    canonical_client_id,
    canonical_tenant,
    looks_like_mask,
    looks_like_secret_id,
)
from kbadmin.smtp.security import Security

__all__ = [
    "AUDIENCES",
    "CLOUDS",
    "MICROSOFT",
    "PROVIDERS",
    "Cloud",
    "Endpoints",
    "PasswordNotice",
    "Provider",
    "aadsts_number",
    "admin_consent_link",
    "canonical_client_id",
    "canonical_tenant",
    "endpoints_of",
    "error_link",
    "is_microsoft_host",
    "looks_like_mask",
    "looks_like_secret_id",
    "password_notice",
    "scope_of",
    "tenant_segment",
]

T = TypeVar("T")

_AADSTS = re.compile(r"AADSTS[ :#-]?([0-9]{4,7})(?![0-9])", re.IGNORECASE | re.ASCII)
_BARE = re.compile(r"\s*([0-9]{4,7})\s*")
_CALLED_CODE = re.compile(r"\bcode[\s:=#]{1,3}([0-9]{4,7})(?![0-9])", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Cloud:
    """One of a provider's worlds, with directories, portal and mail servers of its own."""

    label: str
    authority: str
    portal: str
    smtp_scope: str
    smtp_hosts: Sequence[str]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https://[a-z.]+", self.authority):
            raise ValueError(f"authority must be an https origin, not {self.authority!r}")
        if not re.fullmatch(r"https://[a-z0-9.]+/SMTP\.Send", self.smtp_scope):
            raise ValueError(f"smtp_scope must name its resource, not be {self.smtp_scope!r}")

    @property
    def smtp_host(self) -> str:
        """The host that choosing this cloud fills in."""
        return self.smtp_hosts[0]


@dataclass(frozen=True)
class Audience:
    """Whose accounts may sign in where no tenant is named."""

    label: str
    segment: str


@dataclass(frozen=True)
class SendingLimits:
    """How fast one mailbox usually sends there, and the most that may be set; none: as fast as the server takes it."""

    connections: int
    most_connections: int
    per_minute: int | None = None
    most_per_minute: int | None = None
    per_day: int | None = None
    most_per_day: int | None = None


@dataclass(frozen=True)
class PasswordNotice:
    """What a provider has announced about usernames and passwords on some of its hosts."""

    hosts: Sequence[str]
    text: str
    as_of: date
    changes_on: date
    link: str = ""


@dataclass(frozen=True)
class Provider:
    """Who grants tokens. Choosing it fills in its port, security and limits, and its cloud's host."""

    key: str
    label: str
    sign_in_scopes: tuple[str, ...]
    error_link: str
    clouds: Mapping[str, Cloud]
    audiences: Mapping[str, Audience]
    limits: SendingLimits
    port: int
    security: Security
    password_notices: tuple[PasswordNotice, ...]


@dataclass(frozen=True)
class Endpoints:
    """Where one service's provider, cloud and tenant are reached."""

    authority: str
    authorize: str
    token: str
    jwks: str
    admin_consent: str

    def issuer_for(self, tid: str) -> str:
        """The issuer of a directory's id_tokens; never taken from discovery, where it is only a pattern."""
        return f"{self.authority}/{tid}/v2.0"


def tenant_segment(tenant_id: str | None, audience: str, *, provider: str = "microsoft") -> str:
    """The part of the address that says whose directory: the tenant, or a word for an audience."""
    segment = canonical_tenant(tenant_id or "") or PROVIDERS[provider].audiences[audience].segment
    return quote(segment, safe="")


def endpoints_of(
    cloud: str,
    *,
    tenant_id: str | None,
    audience: str,
    authority: str | None = None,
    provider: str = "microsoft",
) -> Endpoints:
    """Where to go. The operator's authority replaces that of the global cloud; the others are as published.

    Raises KeyError for a cloud or audience without a row, and ValueError for a tenant of no known shape.
    """
    published = PROVIDERS[provider].clouds[cloud].authority
    origin = authority.rstrip("/") if authority and cloud == "global" else published
    base = f"{origin}/{tenant_segment(tenant_id, audience, provider=provider)}"
    # An administrator consents for a directory; «common» is not one, and Microsoft refuses it there.
    consenting = tenant_segment(tenant_id, "work", provider=provider)
    return Endpoints(
        authority=origin,
        authorize=f"{base}/oauth2/v2.0/authorize",
        token=f"{base}/oauth2/v2.0/token",
        jwks=f"{base}/discovery/v2.0/keys",
        admin_consent=f"{origin}/{consenting}/v2.0/adminconsent",
    )


def scope_of(cloud: str, provider: str = "microsoft") -> str:
    """What is asked for, at sign-in, redemption and renewal alike: one resource and the OpenID scopes."""
    found = PROVIDERS[provider]
    return " ".join((found.clouds[cloud].smtp_scope, *found.sign_in_scopes))


def admin_consent_link(where: Endpoints, *, cloud: str, client_id: str, redirect_uri: str, state: str) -> str:
    """The address that an administrator opens to allow the app for the whole directory."""
    query = {
        "client_id": client_id,
        "scope": MICROSOFT.clouds[cloud].smtp_scope,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{where.admin_consent}?{urlencode(query)}"


def error_link(number: int | str) -> str:
    """Microsoft's page about an AADSTS number. Only digits reach it; raises ValueError for anything else."""
    digits = str(number)
    if not re.fullmatch(r"[0-9]{4,7}", digits):
        raise ValueError("an AADSTS number has 4 to 7 digits")
    return MICROSOFT.error_link + digits


def aadsts_number(text: str) -> int | None:
    """The AADSTS number in an answer, or in what a person copied from Microsoft's page, or typed."""
    found = _AADSTS.search(text) or _BARE.fullmatch(text) or _CALLED_CODE.search(text)
    return int(found[1]) if found and int(found[1]) >= 1000 else None


def password_notice(host: str) -> PasswordNotice | None:
    """What is announced about usernames and passwords for a mail server, if its provider is known."""
    notices = (notice for provider in PROVIDERS.values() for notice in provider.password_notices)
    return next((notice for notice in notices if host.lower() in notice.hosts), None)


def is_microsoft_host(host: str) -> bool:
    """Whether a mail server is one of Microsoft's."""
    return any(host.lower() in cloud.smtp_hosts for cloud in MICROSOFT.clouds.values())


def _provider(key: str, row: Mapping[str, Any]) -> Provider:
    """A provider from its rows; raises ValueError that names a wrong one."""
    preset = row["preset"]
    return Provider(
        key=key,
        label=row["label"],
        sign_in_scopes=tuple(row["sign_in_scopes"]),
        error_link=row["error_link"],
        clouds=_each(Cloud, f"{key}.clouds", row["clouds"]),
        audiences=_each(Audience, f"{key}.audiences", row["audiences"]),
        limits=SendingLimits(**row["limits"]),
        port=preset["port"],
        security=Security(preset["security"]),
        password_notices=tuple(_each(PasswordNotice, f"{key}.password_notices", row["password_notices"]).values()),
    )


def _each(make: Callable[..., T], table: str, rows: Mapping[str, Any]) -> dict[str, T]:
    made = {}
    for name, row in rows.items():
        try:
            made[name] = make(**row)
        except (TypeError, ValueError) as error:
            raise ValueError(f"providers.toml: {table}.{name}: {error}") from error
    return made


_DATA = resources.files("kbadmin.smtp").joinpath("data/providers.toml").read_text(encoding="utf-8")
PROVIDERS = {key: _provider(key, row) for key, row in tomllib.loads(_DATA).items()}
MICROSOFT = PROVIDERS["microsoft"]
CLOUDS = MICROSOFT.clouds
AUDIENCES: Mapping[str, str] = {key: audience.label for key, audience in MICROSOFT.audiences.items()}
