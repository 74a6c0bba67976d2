"""Codes, grants and tokens the identity provider has given out; kept in a file so that a restart forgets no grant."""

import json
import secrets
import threading
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from kbadmin import clock
from kbadmin.demo.refusals import Refused

CODE_SECONDS = 600
ACCESS_SECONDS = 75 * 60
IDLE_SECONDS = 90 * 24 * 3600


@dataclass
class Code:
    """An authorization code and what it was asked with. The ``get_…`` methods are Authlib's."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    username: str
    tenant: str
    nonce: str | None
    code_challenge: str
    issued_at: float
    misbehaviour: str | None = None
    code_challenge_method: str = "S256"
    grant: str | None = None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Grant:
    """What one consent allows; every token of the family points to it."""

    id: str
    client_id: str
    username: str
    tenant: str
    scope: str
    is_revoked: bool = False

    def check_client(self, client: Any) -> bool:
        return bool(client.registration.client_id == self.client_id)

    def get_scope(self) -> str:
        return self.scope


@dataclass
class RefreshToken:
    """One of a family; used once (rotation)."""

    grant: str
    issued_at: float
    is_used: bool = False


@dataclass
class AccessToken:
    """Good for one mailbox until it expires."""

    username: str
    scope: str
    expires_at: float


class TokenVault:
    """Safe among threads. ``path`` None keeps everything in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._codes: dict[str, Code] = {}
        self._grants: dict[str, Grant] = {}
        self._refresh_tokens: dict[str, RefreshToken] = {}
        self._access_tokens: dict[str, AccessToken] = {}
        self._load()

    def add_code(self, code: Code) -> None:
        """Remember a code until it is redeemed or ten minutes old."""
        with self._lock:
            self._codes[code.code] = code

    def code(self, text: str) -> Code | None:
        """A code as it was issued, used or not."""
        with self._lock:
            return self._codes.get(text)

    def redeem(self, text: str, *, client_id: str, redirect_uri: str, tenant: str) -> Code:
        """The code, if it may be redeemed by this client here and now; raises :class:`Refused`.

        A second use revokes what the first one gave (RFC 6749 §4.1.2).
        """
        with self._lock:
            code = self._codes.get(text)
            if code is None or code.client_id != client_id:
                raise Refused(70000)
            if code.grant is not None:
                self._grants[code.grant].is_revoked = True
                self._save()
                raise Refused(54005)
            if clock.now().timestamp() - code.issued_at > CODE_SECONDS:
                raise Refused(70008)
            if code.tenant != tenant:
                raise Refused(700005)
            if code.redirect_uri != redirect_uri:
                raise Refused(500112, redirect_uri=redirect_uri)
            return code

    def open_grant(self, code: Code) -> Grant:
        """A new family of tokens for a redeemed code. Raises :class:`Refused` if another thread was quicker."""
        with self._lock:
            if code.grant is not None:
                raise Refused(54005)
            code.grant = secrets.token_hex(16)
            grant = Grant(code.grant, code.client_id, code.username, code.tenant, code.scope)
            self._grants[grant.id] = grant
            return grant

    def issue(self, grant: Grant, *, access_token: str, refresh_token: str | None) -> None:
        """Keep the tokens of one answer."""
        now = clock.now().timestamp()
        with self._lock:
            self._access_tokens = {key: found for key, found in self._access_tokens.items() if found.expires_at > now}
            self._access_tokens[access_token] = AccessToken(grant.username, grant.scope, now + ACCESS_SECONDS)
            if refresh_token:
                self._refresh_tokens[refresh_token] = RefreshToken(grant.id, now)
            self._save()

    def spend(self, text: str, *, tenant: str) -> Grant:
        """Use up a refresh token; raises :class:`Refused`. Using one twice revokes the family (RFC 9700 §4.14.2)."""
        with self._lock:
            token = self._refresh_tokens.get(text)
            if token is None:
                raise Refused(70000)
            grant = self._grants[token.grant]
            if grant.is_revoked:
                raise Refused(50173)
            if token.is_used:
                grant.is_revoked = True
                self._save()
                raise Refused(50173)
            if grant.tenant != tenant:
                raise Refused(7000012)
            if (age := clock.now().timestamp() - token.issued_at) > IDLE_SECONDS:
                raise Refused(700082, issued=f"{clock.now() - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}")
            token.is_used = True
            self._save()
            return grant

    def owner_of(self, access_token: str, *, scope: str) -> str | None:
        """Whose mailbox the token opens for this scope, or None."""
        with self._lock:
            found = self._access_tokens.get(access_token)
        if found is None or found.expires_at <= clock.now().timestamp() or scope not in found.scope.split():
            return None
        return found.username

    def expire_access_tokens(self) -> None:
        """From now on no access token is good; refresh tokens are."""
        with self._lock:
            self._access_tokens.clear()
            self._save()

    def revoke_grants(self, username: str | None = None) -> None:
        """End the grants of one person or of everybody, as after a password change. Access tokens live on."""
        with self._lock:
            for grant in self._grants.values():
                grant.is_revoked = grant.is_revoked or username in (None, grant.username)
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        state = {
            "grants": [asdict(grant) for grant in self._grants.values()],
            "refresh_tokens": {key: asdict(token) for key, token in self._refresh_tokens.items()},
            "access_tokens": {key: asdict(token) for key, token in self._access_tokens.items()},
        }
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state))
        fresh.replace(self._path)

    def _load(self) -> None:
        if self._path is None or not self._path.is_file():
            return
        state = json.loads(self._path.read_text())
        self._grants = {item["id"]: Grant(**item) for item in state["grants"]}
        self._refresh_tokens = {key: RefreshToken(**item) for key, item in state["refresh_tokens"].items()}
        self._access_tokens = {key: AccessToken(**item) for key, item in state["access_tokens"].items()}
