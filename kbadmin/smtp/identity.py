"""Which mailbox signed in: the id_token, verified, and compared with what the service expects.

OpenID Connect Core §3.1.3.7; for Microsoft the issuer carries the directory's id, so it is built from ``tid`` and
compared, never taken from discovery. Access tokens are opaque to us and are never decoded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kbadmin import clock
from kbadmin.email_addresses import NotOneAddress, comparable
from kbadmin.encryption import Secret

ALGORITHMS = ["RS256", "PS256", "ES256"]
LONGEST = 16 * 1024
LEEWAY_SECONDS = 300


class IdentityInvalid(Exception):
    """The id_token cannot be trusted. ``str()`` is a word for the operator's log, never token content."""


@dataclass(frozen=True)
class Identity:
    """Who signed in: the directory and object ids never change, the names may."""

    tenant: str
    object_id: str
    username: str
    email: str | None = None

    def is_mailbox(self, expected: str) -> bool:
        """Whether the person is the mailbox that the service expects, by user name or by e-mail."""
        return _folded(expected) in {_folded(self.username), _folded(self.email or "")} - {""}


@dataclass(frozen=True)
class Expected:
    """What the token must say."""

    client_id: str
    nonce: Secret
    issuer_for: Callable[[str], str]  # the issuer of a directory id
    tenant: str | None  # a directory id that the service insists on


def verified_identity(id_token: Any, keys: Any, expected: Expected) -> Identity:
    """Check signature, audience, issuer, nonce and times; raises :class:`IdentityInvalid`."""
    if not isinstance(id_token, str) or len(id_token) > LONGEST:
        raise IdentityInvalid("missing or too long")
    try:
        claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IdentityInvalid(f"signature: {type(error).__name__}") from None
    _check(claims, expected)
    # Nobody has verified the address in "email": a directory's administrator may write anybody's there. It counts
    # only where the service insists on its own directory.
    email = _one_line(claims.get("email")) if expected.tenant is not None else None
    return Identity(
        tenant=claims["tid"],
        object_id=_one_line(claims.get("oid") or claims.get("sub"))[:64],
        username=_one_line(claims.get("preferred_username")),
        email=email or None,
    )


def _check(claims: dict[str, Any], expected: Expected) -> None:
    now = clock.now().timestamp()
    if claims.get("aud") != expected.client_id:
        raise IdentityInvalid("audience")
    if claims.get("nonce") != expected.nonce.reveal():
        raise IdentityInvalid("nonce")
    if not _is_moment(claims.get("exp")) or claims["exp"] < now - LEEWAY_SECONDS:
        raise IdentityInvalid("expired")
    if not _is_moment(claims.get("nbf", 0)) or claims.get("nbf", 0) > now + LEEWAY_SECONDS:
        raise IdentityInvalid("not valid yet")
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or claims.get("iss") != expected.issuer_for(tenant):
        raise IdentityInvalid("issuer")
    if expected.tenant is not None and tenant.lower() != expected.tenant.lower():
        raise IdentityInvalid("another directory")


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_line(value: Any) -> str:
    """A name as text that may stand on a page, in a column and in XOAUTH2; nothing for anything else."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 254 else ""


def _folded(address: str) -> str:
    try:
        return comparable(address)
    except NotOneAddress:
        return address.strip().casefold()
