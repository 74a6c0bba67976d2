"""Talking to an identity provider: Authlib's OAuth2 session on a connection that trusts nothing.

One client per service and request, never Authlib's registry (it caches clients, and with them secrets, by name).
No redirects, no proxies from the environment, time limits on connect, read and in all, and at most 64 KiB of answer.
"""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter

from kbadmin.config import Settings
from kbadmin.encryption import Secret
from kbadmin.smtp.providers import aadsts_number
from kbadmin.smtp.tls import new_context

_CODE = re.compile(r"(?=.{1,60}\Z)[a-z]+(?:_[a-z]+)*")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ProviderFailed(Exception):
    """The provider refused or could not be understood.

    ``kind`` is one of our words («provider_unreachable», «provider_timeout», «provider_not_json», «provider_too_large»,
    «provider_redirected», «provider_error») and ``error``/``suberror``/``aadsts`` are the provider's (RFC 6749 §5.2).
    """

    def __init__(self, kind: str, *, answer: Mapping[str, Any] | None = None, status: int | None = None) -> None:
        super().__init__(kind)
        answer = answer or {}
        self.kind = kind
        self.status = status
        self.error = _word(answer.get("error"))
        self.suberror = _word(answer.get("suberror"))
        self.aadsts = _number(answer)
        self.correlation_id = _guid(answer.get("correlation_id"))
        self.trace_id = _guid(answer.get("trace_id"))

    @property
    def is_transient(self) -> bool:
        """Whether trying again later may help without anybody doing anything (RFC 6749 §4.1.2.1, HTTP 429 and 5xx)."""
        if self.error in ("temporarily_unavailable", "server_error"):
            return True
        return self.error is None or self.status in (429, 500, 502, 503, 504)


class _TrustingAdapter(HTTPAdapter):
    """HTTPS that trusts the operator's extra authorities as well."""

    def __init__(self, ca_file: Path) -> None:
        self._ca_file = ca_file
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Requests' own hook for a context; the library adds its bundle of authorities to it."""
        super().init_poolmanager(*args, **options, ssl_context=new_context(self._ca_file))


class ProviderSession(OAuth2Session):  # type: ignore[misc]
    """An Authlib session whose every request is bounded. ``answer`` keeps the last JSON, which Authlib drops."""

    def __init__(self, settings: Settings, *, client_id: str, client_secret: Secret, scope: str) -> None:
        super().__init__(
            client_id=client_id,
            client_secret=client_secret.reveal(),
            scope=scope,
            token_endpoint_auth_method="client_secret_post",
            code_challenge_method="S256",
        )
        self.trust_env = False
        self.limits = settings.limits
        self.verify = True
        if settings.smtp_ca_file is not None:  # Beside the authorities of the public web, never instead of them.
            self.mount("https://", _TrustingAdapter(settings.smtp_ca_file))
        self.answer: dict[str, Any] = {}
        self.status = 0

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """One bounded request; raises :class:`ProviderFailed` for everything that is not a JSON answer."""
        limits = self.limits
        deadline = time.monotonic() + limits.provider_total_seconds
        options |= {"allow_redirects": False, "stream": True}
        options["timeout"] = (limits.provider_connect_seconds, limits.provider_read_seconds)
        options.setdefault("headers", {})["Accept"] = "application/json"
        try:
            response: requests.Response = super().request(method, url, **options)
            with response:
                response._content = self._bounded(response, deadline)
        except requests.Timeout:
            raise ProviderFailed("provider_timeout") from None
        except requests.RequestException:
            raise ProviderFailed("provider_unreachable") from None
        self.status = response.status_code
        if 300 <= response.status_code < 400:
            raise ProviderFailed("provider_redirected", status=response.status_code)
        self._remember(response)
        return response

    def _bounded(self, response: requests.Response, deadline: float) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(4096):
            content += chunk
            if len(content) > self.limits.provider_body_bytes:
                raise ProviderFailed("provider_too_large", status=response.status_code)
            if time.monotonic() > deadline:
                raise ProviderFailed("provider_timeout", status=response.status_code)
        return bytes(content)

    def _remember(self, response: requests.Response) -> None:
        try:
            answer = json.loads(response.content)
        except ValueError:
            kind = "provider_error" if response.status_code >= 500 else "provider_not_json"
            raise ProviderFailed(kind, status=response.status_code) from None
        if not isinstance(answer, dict):
            raise ProviderFailed("provider_not_json", status=response.status_code)
        self.answer = answer
        if response.status_code >= 400 or "error" in answer:
            raise ProviderFailed("provider_error", answer=answer, status=response.status_code)

    def redeem(self, token_endpoint: str, *, code: str, redirect_uri: str, verifier: Secret) -> dict[str, Any]:
        """Exchange an authorization code (RFC 6749 §4.1.3 with PKCE, RFC 7636 §4.5) for the provider's answer."""
        try:
            self.fetch_token(
                token_endpoint,
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=verifier.reveal(),
                grant_type="authorization_code",
            )
        except OAuthError as error:
            self._translate(error)
        return self.answer

    def renew(self, token_endpoint: str, *, refresh_token: Secret) -> dict[str, Any]:
        """Exchange a refresh token (RFC 6749 §6). The scope is sent: some answers demand it (AADSTS900144)."""
        try:
            self.refresh_token(token_endpoint, refresh_token=refresh_token.reveal())
        except OAuthError as error:
            self._translate(error)
        return self.answer

    def _translate(self, error: OAuthError) -> NoReturn:
        raise ProviderFailed("provider_error", answer=self.answer or {"error": error.error}, status=self.status)


def _word(value: Any) -> str | None:
    """A code of the provider's, or «unknown» for other text: it is stored and shown, and might be our own secret."""
    if value is None:
        return None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else "unknown"


def _guid(value: Any) -> str | None:
    """An id to give to the provider's support, or nothing."""
    return value if isinstance(value, str) and _GUID.fullmatch(value) else None


def _number(answer: Mapping[str, Any]) -> int | None:
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int) and 1000 <= codes[0] <= 9_999_999:
        return codes[0]
    description = answer.get("error_description")
    return aadsts_number(description[:4000]) if isinstance(description, str) else None
