"""The browser's journey to a provider and back, for one service.

:func:`begin` writes a flow row and answers the address to go to. The callback first consumes the flow (in a
transaction of its own, before it reads anything else), then :func:`exchange`s the code with no transaction open, then
records the outcome. The service's earlier grant stays until a new one has succeeded.
"""

import uuid
from datetime import timedelta

from authlib.integrations.requests_client import OAuth2Session

from kbadmin import clock, config
from kbadmin.database import begin_writing, db, new_id, stop_reading
from kbadmin.encryption import Secret, fingerprint, new_token
from kbadmin.smtp import operations
from kbadmin.smtp.authorization_failures import AuthorizationFailed
from kbadmin.smtp.flows import STATE_MINUTES, ConsumedFlow, Traveller
from kbadmin.smtp.grants import Grant, GrantUnusable, Tokens, require_complete
from kbadmin.smtp.identity import Expected, IdentityInvalid, verified_identity
from kbadmin.smtp.models import OAuthFlow, SmtpService
from kbadmin.smtp.oauth_client import ProviderFailed, ProviderSession
from kbadmin.smtp.providers import Endpoints, endpoints_of, scope_of
from kbadmin.smtp.security import Authentication

CALLBACK = "/oauth2/custom-smtp-token"


def redirect_uri() -> str:
    """The one address that providers send people back to; built from the setting, never from the request."""
    return config.current().base_url + CALLBACK


def endpoints(service: SmtpService) -> Endpoints:
    """Where this service's provider, cloud and tenant are reached."""
    settings = config.current()
    return endpoints_of(
        service.cloud, tenant_id=service.tenant_id, audience=service.audience, authority=settings.microsoft_authority
    )


def begin(service: SmtpService, traveller: Traveller, *, prompt: str | None = None) -> str:
    """Start an authorization; answers the provider's address with state, nonce and PKCE challenge (RFC 7636)."""
    begin_writing()
    where = endpoints(service)
    state, nonce, verifier = new_token(), Secret(new_token()), Secret(new_token() + new_token())
    flow = OAuthFlow(
        id=new_id(),
        state_fingerprint=fingerprint(state),
        session_id=traveller.session_id,
        user_id=traveller.user_id,
        service_id=service.id,
        configuration_version=service.configuration_version,
        issuer=where.issuer_for("{tenantid}"),
        token_endpoint=where.token,
        expires_at=clock.now() + timedelta(minutes=STATE_MINUTES),
        **_of_account(traveller),
    )
    flow.nonce, flow.code_verifier = nonce, verifier
    db.session.add(flow)
    client = OAuth2Session(
        client_id=service.client_id,
        scope=scope_of(service.cloud),
        redirect_uri=redirect_uri(),
        code_challenge_method="S256",
    )
    options = {"prompt": prompt} if prompt else {}
    url, _ = client.create_authorization_url(
        where.authorize,
        state=state,
        nonce=nonce.reveal(),
        code_verifier=verifier.reveal(),
        response_mode="query",
        login_hint=service.login_email,
        **options,
    )
    return str(url)


def exchange(flow: ConsumedFlow, code: str) -> Grant:
    """Redeem the code and verify who signed in, with no transaction open.

    Raises :class:`AuthorizationFailed`; LookupError if the service is gone.
    """
    service = operations.find(flow.service_id)
    if service is None:
        raise LookupError(flow.service_id)
    if not _is_as_it_was(service, flow):
        raise AuthorizationFailed("service_changed")
    where, tenant, client_id = endpoints(service), service.tenant_id, service.client_id or ""
    if where.token != flow.token_endpoint or service.client_secret is None:
        raise AuthorizationFailed("service_changed")
    settings, secret, scope = config.current(), service.client_secret, scope_of(service.cloud)
    stop_reading()
    with ProviderSession(settings, client_id=client_id, client_secret=secret, scope=scope) as provider:
        try:
            answer = provider.redeem(where.token, code=code, redirect_uri=redirect_uri(), verifier=flow.code_verifier)
            tokens = Tokens.from_answer(answer)
            require_complete(answer, tokens)
            provider.request("GET", where.jwks, withhold_token=True)
            expected = Expected(client_id, flow.nonce, where.issuer_for, tenant if _is_guid(tenant) else None)
            return Grant(tokens, verified_identity(answer.get("id_token"), provider.answer, expected))
        except ProviderFailed as failed:
            raise AuthorizationFailed.of(failed) from None
        except GrantUnusable as unusable:
            raise AuthorizationFailed(unusable.kind) from None
        except IdentityInvalid as invalid:
            raise AuthorizationFailed(
                "wrong_tenant" if str(invalid) == "another directory" else "id_token_invalid"
            ) from None


def _is_as_it_was(service: SmtpService, flow: ConsumedFlow) -> bool:
    return (
        service.authentication == Authentication.OAUTH2
        and service.configuration_version == flow.configuration_version
        and service.disabled_at is None
    )


def _of_account(traveller: Traveller) -> dict[str, uuid.UUID]:
    # The flow table stands outside the fence, so its account is given, not stamped.
    return {"account_id": traveller.account_id}


def _is_guid(text: str | None) -> bool:
    try:
        return text is not None and bool(uuid.UUID(text))
    except ValueError:
        return False
