"""A fresh access token for whoever is about to send: refreshed ahead, once at a time, committed before its first use.

One worker refreshes (a lease on the service's row), the others wait and read. ``invalid_grant`` is believed only
after the row was read again: another worker may have rotated the token meanwhile. Everything here runs outside a
request, in an application context that has entered the account.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from kbadmin import clock, config
from kbadmin.audit.operations import WORKER, Subject, record
from kbadmin.database import abandon, begin_writing, commit, db, stop_reading
from kbadmin.encryption import Secret
from kbadmin.shared_time import shared_now
from kbadmin.smtp import authorization, operations
from kbadmin.smtp.authorization_failures import AuthorizationFailed
from kbadmin.smtp.grants import GrantUnusable, Tokens, put_tokens
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.oauth_client import ProviderFailed, ProviderSession
from kbadmin.smtp.providers import scope_of

AHEAD_SECONDS = 300
LEASE_SECONDS = 60
POLL_SECONDS = 0.1


class TokenUnavailable(Exception):
    """There is no access token to be had. ``is_transient`` says whether waiting may help; ``failed`` explains."""

    def __init__(self, failed: AuthorizationFailed, *, is_transient: bool) -> None:
        super().__init__(failed.kind)
        self.failed = failed
        self.is_transient = is_transient


@dataclass(frozen=True)
class AccessToken:
    """A token and the identity it belongs to; ``version`` tells whether a later one has replaced it."""

    user: str
    token: Secret
    version: int


@dataclass(frozen=True)
class _Renewal:
    """What a refresh needs, read before the network is touched."""

    client_id: str
    client_secret: Secret
    refresh_token: Secret
    token_endpoint: str
    scope: str
    version: int


def fresh(service_id: uuid.UUID, *, refused_version: int | None = None) -> AccessToken:
    """A token that lives for at least five more minutes; ``refused_version`` is one that the server did not take.

    Raises :class:`TokenUnavailable`, and LookupError if the service is gone.
    """
    patience = time.monotonic() + LEASE_SECONDS
    while True:
        begin_writing()
        service = operations.find(service_id, for_update=True)
        if service is None:
            commit()
            raise LookupError(service_id)
        if (good := _usable(service, refused_version)) is not None:
            commit()
            return good
        if service.refresh_leased_until is None or service.refresh_leased_until <= shared_now(db.session()):
            renewal = _lease(service)
            commit()
            return _renew(service_id, renewal)
        commit()
        if time.monotonic() > patience:
            raise TokenUnavailable(AuthorizationFailed("provider_timeout"), is_transient=True)
        time.sleep(POLL_SECONDS)


def version_of(service_id: uuid.UUID) -> int | None:
    """The version of the token that is stored now; giving it to :func:`fresh` as refused forces a refresh."""
    service = operations.find(service_id)
    return None if service is None else service.token_version


def _usable(service: SmtpService, refused_version: int | None) -> AccessToken | None:
    token, expires_at = service.access_token, service.access_token_expires_at
    if token is None or expires_at is None or service.token_version == refused_version:
        return None
    if expires_at - clock.now() < timedelta(seconds=AHEAD_SECONDS):
        return None
    return AccessToken(service.xoauth2_user, token, service.token_version)


def _lease(service: SmtpService) -> _Renewal:
    refresh_token, client_secret = service.refresh_token, service.client_secret
    if refresh_token is None or client_secret is None or service.client_id is None:
        commit()
        raise TokenUnavailable(AuthorizationFailed("not_authorized"), is_transient=False)
    service.refresh_leased_until = shared_now(db.session()) + timedelta(seconds=LEASE_SECONDS)
    return _Renewal(
        client_id=service.client_id,
        client_secret=client_secret,
        refresh_token=refresh_token,
        token_endpoint=authorization.endpoints(service).token,
        scope=scope_of(service.cloud),
        version=service.token_version,
    )


def _renew(service_id: uuid.UUID, renewal: _Renewal) -> AccessToken:
    stop_reading()
    try:
        with ProviderSession(
            config.current(),
            client_id=renewal.client_id,
            client_secret=renewal.client_secret,
            scope=renewal.scope,
        ) as provider:
            tokens = Tokens.from_answer(provider.renew(renewal.token_endpoint, refresh_token=renewal.refresh_token))
    except ProviderFailed as failed:
        return _refused(service_id, renewal, AuthorizationFailed.of(failed), is_transient=failed.is_transient)
    except GrantUnusable as unusable:
        return _refused(service_id, renewal, AuthorizationFailed(unusable.kind), is_transient=True)
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is None or service.token_version != renewal.version:
        commit()  # The grant was replaced or dropped while we asked: what we got belongs to the past.
        return fresh(service_id) if service is not None else _gone(service_id)
    put_tokens(service, tokens)
    version, user = service.token_version, service.xoauth2_user
    commit()
    return AccessToken(user, tokens.access_token, version)


def _refused(
    service_id: uuid.UUID, renewal: _Renewal, failed: AuthorizationFailed, *, is_transient: bool
) -> AccessToken:
    begin_writing()
    service = operations.find(service_id, for_update=True)
    if service is None:
        return _gone(service_id)
    if service.token_version != renewal.version:
        commit()
        return fresh(service_id)
    service.refresh_leased_until = None
    if not is_transient:
        _give_up(service, failed)
    commit()
    raise TokenUnavailable(failed, is_transient=is_transient)


def _give_up(service: SmtpService, failed: AuthorizationFailed) -> None:
    """A human is needed: a wrong or expired client pauses the service, a dead grant must be given anew."""
    service.authorization_failure = failed.as_facts()
    service.paused_at = service.paused_at or clock.now()
    service.paused_until = service.submission_failure = None  # The later reason counts, and does not pass by itself.
    service.pause_reason = failed.kind if failed.aadsts is None else f"AADSTS{failed.aadsts}"
    if failed.error == "invalid_grant":
        service.access_token = service.refresh_token = service.access_token_expires_at = None
        service.token_version += 1
    record(
        "smtp service stopped",
        actor=WORKER,
        subject=Subject("smtp service", service.id, service.friendly_name),
        kind=failed.kind,
        error=failed.error,
        aadsts=failed.aadsts,
    )


def _gone(service_id: uuid.UUID) -> AccessToken:
    abandon()
    raise LookupError(service_id)
