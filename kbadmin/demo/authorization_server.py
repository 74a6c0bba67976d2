"""The protocol itself, on Authlib's server side: authorization code with PKCE, and refresh tokens that rotate."""

import hmac
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, UnsupportedGrantTypeError, grants
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Request, Response, g, request

from kbadmin import clock
from kbadmin.demo import admission
from kbadmin.demo.directory import Directory, Person, Registration
from kbadmin.demo.id_tokens import IdTokens
from kbadmin.demo.misbehaviours import Misbehaviour
from kbadmin.demo.refusals import Refused
from kbadmin.demo.token_vault import ACCESS_SECONDS, Code, Grant, TokenVault

METHOD = "client_secret"


class Client(ClientMixin):  # type: ignore[misc]
    """A registration in Authlib's eyes."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.registration.redirect_uris

    def check_endpoint_auth_method(self, _method: str, _endpoint: str) -> bool:
        return True

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, _grant_type: str) -> bool:
        return True


class MicrosoftServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server with Microsoft's answers. Which tenant's endpoint was asked is in the Flask route."""

    def __init__(
        self, directory: Directory, vault: TokenVault, id_tokens: IdTokens, base_url: Callable[[], str]
    ) -> None:
        super().__init__()
        self.directory, self.vault, self._id_tokens, self._base_url = directory, vault, id_tokens, base_url
        self.scopes_supported = None
        self.register_token_generator("default", _new_token)
        self.register_client_auth_method(METHOD, _authenticate)
        self.register_grant(_CodeGrant, [_S256Only(required=True)])
        self.register_grant(_RefreshGrant)

    def query_client(self, client_id: str) -> Client | None:
        found = self.directory.registration(client_id)
        return Client(found) if found else None

    def create_oauth2_request(self, request: Request | None) -> OAuth2Request:
        return _LoopbackRequest()

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Complete the answer, which Authlib sends afterwards, and remember what is in it."""
        code: Code | None = request.authorization_code
        grant: Grant = self.vault.open_grant(code) if code else request.refresh_token
        wants_refresh = "offline_access" in grant.scope.split()
        if wants_refresh and g.misbehaviour != Misbehaviour.NO_REFRESH_TOKEN:
            token["refresh_token"] = f"1.{secrets.token_urlsafe(300)}"
        self.vault.issue(grant, access_token=token["access_token"], refresh_token=token.get("refresh_token"))
        token["scope"] = " ".join(admission.resource_scopes(grant.scope))
        person = self.directory.person(grant.username)
        if "openid" in grant.scope.split() and person:
            token["id_token"] = self._id_tokens.sign(
                person,
                base_url=self._base_url(),
                client_id=grant.client_id,
                nonce=code.nonce if code else None,
                misbehaviour=g.misbehaviour,
            )

    def answer_token_request(self) -> Response:
        """The answer to the current request to the token endpoint."""
        response: Response = self.create_token_response()
        return response

    def answer_consent(self, grant: Any, person: Person) -> Response:
        """The redirect with an authorization code for this person."""
        response: Response = self.create_authorization_response(grant=grant, grant_user=person)
        return response

    def refuse(self, error: OAuth2Error) -> Response:
        """A refusal: JSON, or a redirect where it names an address."""
        response: Response = self.handle_error_response(None, error)
        return response

    def handle_error_response(self, _request: Any, error: OAuth2Error) -> Any:
        if not isinstance(error, Refused) and not error.redirect_uri:
            is_unsupported = isinstance(error, UnsupportedGrantTypeError)
            error = Refused(70003, type=request.form.get("grant_type", "")) if is_unsupported else Refused(9002313)
        if isinstance(error, Refused):
            error.base_url = self._base_url()
            error.correlation_id = request.headers.get("client-request-id", error.correlation_id)
        return self.handle_response(*error())


class _LoopbackRequest(FlaskOAuth2Request):  # type: ignore[misc]
    """The current request. Authlib refuses plain http; here nothing leaves the machine, and Microsoft too accepts it
    for localhost. Telling Authlib so in this one place is narrower than its switch in the environment.
    """

    def __init__(self) -> None:
        secure = request.url.replace("http://", "https://", 1)
        OAuth2Request.__init__(self, method=request.method, uri=secure, headers=request.headers)
        self._request = request
        self.payload = FlaskOAuth2Payload(request)


class _CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """RFC 6749 §4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)

    def validate_requested_scope(self) -> None:
        admission.require_known_scopes(self.request.client.registration, self.request.payload.scope or "")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.vault.add_code(
            Code(
                code=code,
                client_id=request.client.registration.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.payload.scope or "",
                username=request.user.username,
                tenant=_tenant(self.server),
                nonce=data.get("nonce"),
                code_challenge=data.get("code_challenge"),
                issued_at=clock.now().timestamp(),
                misbehaviour=g.misbehaviour,
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> Code:
        found: Code = self.server.vault.redeem(
            code,
            client_id=client.registration.client_id,
            redirect_uri=self.request.payload.redirect_uri or "",
            tenant=_tenant(self.server),
        )
        admission.require_one_resource(self.request.form.get("scope") or found.scope)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """The vault keeps used codes, to recognise a second use."""

    def authenticate_user(self, authorization_code: Code) -> Person | None:
        person: Person | None = self.server.directory.person(authorization_code.username)
        return person


class _S256Only(CodeChallenge):  # type: ignore[misc]
    """RFC 7636, demanded of everybody and without the plain method."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise Refused(9002325)
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        try:
            super().validate_code_verifier(grant, result)
        except OAuth2Error:
            raise Refused(501481) from None


class _RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749 §6; each use gives a new refresh token."""

    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)

    def authenticate_refresh_token(self, refresh_token: str) -> Grant:
        scope = self.request.form.get("scope")
        if not scope:
            raise Refused(900144, field="scope")
        admission.require_one_resource(scope)
        grant: Grant = self.server.vault.spend(refresh_token, tenant=_tenant(self.server))
        return grant

    def authenticate_user(self, refresh_token: Grant) -> Person | None:
        person: Person | None = self.server.directory.person(refresh_token.username)
        return person

    def revoke_old_credential(self, refresh_token: Grant) -> None:
        """The vault marked it as used when it was shown."""


def _tenant(server: MicrosoftServer) -> str:
    return admission.authority(server.directory, (request.view_args or {})["tenant"])


def _authenticate(query_client: Callable[[str], Client | None], asked: OAuth2Request) -> Client:
    """client_secret_basic and client_secret_post, with Microsoft's reasons for a refusal."""
    client_id, secret = extract_basic_authorization(asked.headers)
    client_id, secret = client_id or asked.form.get("client_id", ""), secret or asked.form.get("client_secret")
    client = query_client(client_id)
    if client is None:
        raise Refused(700016, client=client_id, tenant=str((request.view_args or {})["tenant"]))
    if not secret:
        raise Refused(7000218)
    for known in client.registration.secrets:
        if hmac.compare_digest(known.value.reveal().encode(), secret.encode()):
            if known.expires_at <= clock.now():
                raise Refused(7000222, client=client_id)
            return client
    raise Refused(7000215, client=client_id)


def _new_token(**_asked: Any) -> dict[str, Any]:
    # As long as Microsoft's, so that nothing that cuts long lines goes unnoticed.
    return {
        "token_type": "Bearer",
        "scope": "",
        "expires_in": ACCESS_SECONDS,
        "ext_expires_in": ACCESS_SECONDS,
        "access_token": f"EwB{uuid.uuid4().hex}{secrets.token_urlsafe(1_050)}",
    }
