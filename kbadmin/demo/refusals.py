"""Microsoft's refusals: number, OAuth error, words, and the JSON around them.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes lists the numbers; the shape is that of real
answers: ``error_codes``, ``trace_id``, ``correlation_id``, ``timestamp`` and ``error_uri`` beside RFC 6749 §5.2.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error

from kbadmin import clock


@dataclass(frozen=True)
class Answer:
    """What belongs to one AADSTS number. The text may hold names in braces."""

    error: str
    text: str
    status: int = 400
    suberror: str | None = None


ANSWERS = {
    28000: Answer(
        "invalid_request",
        "Provided value for the input parameter scope is not valid because it contains more than one resource.",
    ),
    50011: Answer(
        "invalid_request",
        "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs "
        "configured for the "
        "application '{client}'. Make sure the redirect URI sent in the request matches one added to "
        "your application.",
    ),
    50020: Answer(
        "access_denied",
        "User account '{user}' from identity provider '{home}' does not exist in tenant '{tenant}' "
        "and cannot access the "
        "application '{client}' in that tenant. The account needs to be added as an external user in "
        "the tenant first. "
        "Sign out and sign in again with a different account.",
    ),
    50076: Answer(
        "interaction_required",
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must use "
        "multi-factor authentication to access '00000002-0000-0ff1-ce00-000000000000'.",
        suberror="basic_action",
    ),
    50173: Answer(
        "invalid_grant",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
        "The user might have changed or reset their password.",
    ),
    50194: Answer(
        "invalid_request",
        "Application '{client}'({name}) is not configured as a multi-tenant application. Usage of "
        "the /common endpoint is "
        "not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or "
        "configure the "
        "application to be multi-tenant.",
    ),
    54005: Answer(
        "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use "
        "an existing refresh token.",
    ),
    65004: Answer("access_denied", "User declined to consent to access the app."),
    70000: Answer("invalid_grant", "Provided grant is invalid or malformed."),
    70003: Answer("unsupported_grant_type", "The app requested an unsupported grant type '{type}'."),
    70008: Answer("invalid_grant", "The provided authorization code or refresh token has expired due to inactivity."),
    70011: Answer("invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
    90002: Answer(
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct "
        "cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the "
        "tenant.",
    ),
    90014: Answer("invalid_request", "The required field '{field}' is missing from the credential."),
    90094: Answer(
        "access_denied", "The grant requires administrator permission. Ask an administrator to approve the app."
    ),
    500112: Answer(
        "invalid_client",
        "The reply address '{redirect_uri}' does not match the reply address provided when "
        "requesting Authorization code.",
    ),
    500208: Answer("access_denied", "The domain is not a valid login domain for the account type."),
    501481: Answer(
        "invalid_grant",
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ),
    650053: Answer(
        "invalid_client",
        "The application '{name}' asked for scope '{scope}' that does not exist on the resource. "
        "Contact the app vendor.",
    ),
    700005: Answer(
        "invalid_grant", "Provided Authorization Code is intended to use against other tenant, thus rejected."
    ),
    700016: Answer(
        "unauthorized_client",
        "Application with identifier '{client}' was not found in the directory '{tenant}'. This can "
        "happen if the "
        "application has not been installed by the administrator of the tenant or consented to by "
        "any user in the tenant. "
        "You may have sent your authentication request to the wrong tenant.",
    ),
    700054: Answer("unsupported_response_type", "response_type '{type}' is not enabled for the application."),
    700082: Answer(
        "invalid_grant",
        "The refresh token has expired due to inactivity. The token was issued on {issued} and was "
        "inactive for 90.00:00:00.",
        suberror="token_expired",
    ),
    900144: Answer("invalid_request", "The request body must contain the following parameter: '{field}'."),
    7000012: Answer("invalid_grant", "The grant was obtained for a different tenant."),
    7000215: Answer(
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client "
        "secret value, not the "
        "client secret ID, for a secret added to app '{client}'.",
        status=401,
    ),
    7000218: Answer(
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        status=401,
    ),
    7000222: Answer(
        "invalid_client",
        "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to "
        "create new keys for your "
        "app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
        status=401,
    ),
    9002313: Answer("invalid_request", "Invalid request. Request is malformed or invalid."),
    9002325: Answer("invalid_request", "Proof Key for Code Exchange is required, with the S256 method."),
    9002331: Answer(
        "invalid_request",
        "Application '{client}'({name}) is configured for use by Microsoft Account users only. "
        "Please use the /consumers endpoint to serve this request.",
    ),
    9002332: Answer(
        "invalid_request",
        "Application '{client}'({name}) is configured for use by Azure Active Directory users only. "
        "Please do not use the /consumers endpoint to serve this request.",
    ),
}


class Refused(OAuth2Error):  # type: ignore[misc]
    """One refusal. As a redirect it carries ``error`` and ``error_description`` only, as JSON all of it."""

    def __init__(self, number: int, *, base_url: str = "", correlation_id: str | None = None, **values: str) -> None:
        answer = ANSWERS[number]
        self.number = number
        self.text = _safe(answer.text.format(**values))
        self.suberror = answer.suberror
        self.trace_id, self.correlation_id = str(uuid.uuid4()), correlation_id or str(uuid.uuid4())
        self.timestamp = f"{clock.now():%Y-%m-%d %H:%M:%SZ}"
        self.base_url = base_url
        super().__init__(
            error=answer.error,
            status_code=answer.status,
            description=f"AADSTS{number}: {self.text} Trace ID: {self.trace_id} Correlation ID: {self.correlation_id} "
            f"Timestamp: {self.timestamp}",
        )

    def get_body(self) -> list[tuple[str, Any]]:
        """What Authlib puts into the answer."""
        body: list[tuple[str, Any]] = list(super().get_body())
        if self.redirect_uri:
            return body
        body += [
            ("error_codes", [self.number]),
            ("timestamp", self.timestamp),
            ("trace_id", self.trace_id),
            ("correlation_id", self.correlation_id),
            ("error_uri", f"{self.base_url}/error?code={self.number}"),
        ]
        return [*body, ("suberror", self.suberror)] if self.suberror else body


def _safe(text: str) -> str:
    """Without the characters that RFC 6749 §4.1.2.1 keeps out of an error_description; it quotes what was sent."""
    safe = (character if " " <= character <= "~" and character not in '"\\' else "?" for character in text)
    return "".join(safe)[:1_000]
