"""Identity tokens, signed as Microsoft signs them (OpenID Connect Core §2, RS256), and the keys to check them with."""

from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from kbadmin import clock
from kbadmin.demo.directory import Person
from kbadmin.demo.misbehaviours import Misbehaviour

LIFETIME_SECONDS = 3600


class IdTokens:
    """One signing key per run; the product fetches the public half when it needs it."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, auto_kid=True)

    def public_keys(self) -> dict[str, Any]:
        """A JSON Web Key Set (RFC 7517)."""
        return {"keys": [self._key.as_dict(private=False) | {"use": "sig", "alg": "RS256"}]}

    def sign(
        self, person: Person, *, base_url: str, client_id: str, nonce: str | None, misbehaviour: str | None
    ) -> str:
        """A token that says who signed in, or one that is wrong in the way that was asked for."""
        now = int(clock.now().timestamp())
        claims = {
            "ver": "2.0",
            "iss": f"{base_url}/{person.tenant}/v2.0",
            "sub": f"{person.object_id}-{client_id[:8]}",
            "aud": client_id,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "tid": person.tenant,
            "oid": person.object_id,
            "preferred_username": person.username,
            "name": person.name,
        }
        if person.email:
            claims["email"] = person.email
        if nonce:
            claims["nonce"] = nonce
        match misbehaviour:
            case Misbehaviour.WRONG_NONCE:
                claims["nonce"] = "the-nonce-of-another-sign-in"
            case Misbehaviour.WRONG_AUDIENCE:
                claims["aud"] = "00000000-0000-0000-0000-000000000000"
        is_forged = misbehaviour == Misbehaviour.BAD_SIGNATURE
        key = RSAKey.generate_key(2048) if is_forged else self._key
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": self._key.kid}, claims, key, ["RS256"])
