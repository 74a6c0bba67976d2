"""The journey to the provider and back, against those who would bend it."""

import time
from dataclasses import replace

import pytest
from flask import Flask, Response, jsonify
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import select

from kbadmin import clock
from kbadmin.audit.models import AuditEntry
from kbadmin.database import db
from kbadmin.demo.serving import serve
from kbadmin.encryption import Secret
from kbadmin.smtp.identity import Expected, Identity, IdentityInvalid, verified_identity
from kbadmin.smtp.models import OAuthFlow, SmtpService
from kbadmin.smtp.oauth_client import ProviderFailed, ProviderSession
from tests.factories import inside
from tests.smtp.services import authorize, create_oauth_service
from tests.world import CLIENT_SECRET, MAILBOX

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER = "newsletter@example.com"


def _on_the_way_back(browser, world) -> str:
    there = create_oauth_service(browser, world).press("Authorize")
    return world.provider.sign_in(there.location, MAILBOX)


def test_looking_at_the_callback_with_head_redeems_nothing(owner_browser, world):
    back = _on_the_way_back(owner_browser, world)
    assert owner_browser.client.head(back).status_code == 405
    assert not world.provider.token_calls
    assert "Authorization successful" in owner_browser.open(back).messages


@pytest.mark.parametrize(
    "issuer", ["https://evil.example.com", "https://evil.example.com/{tenantid}/v2.0", "", "x" * 5000]
)
def test_an_answer_in_another_providers_name_is_refused(owner_browser, world, issuer):
    back = _on_the_way_back(owner_browser, world)
    page = owner_browser.open(f"{back}&iss={issuer}")
    assert "Authorization successful" not in page.messages
    assert not world.provider.token_calls


def test_an_answer_in_the_right_providers_name_is_taken(owner_browser, world):
    back = _on_the_way_back(owner_browser, world)
    assert (
        "Authorization successful" in owner_browser.open(f"{back}&iss={world.provider.base_url}/{TENANT}/v2.0").messages
    )


def test_opening_the_callback_twice_does_not_spoil_what_succeeded(app, account, owner_browser, world):
    back = _on_the_way_back(owner_browser, world)
    owner_browser.open(back)
    assert "Authorization successful" not in owner_browser.open(back).messages
    with inside(app, account):
        service = db.session.scalars(select(SmtpService)).one()
        assert service.is_authorized
        assert service.authorization_failure is None
    assert len(world.provider.token_calls) == 1


@pytest.mark.parametrize("field", ["error", "suberror", "correlation_id", "trace_id", "error_description", "error_uri"])
def test_a_provider_that_repeats_our_secret_is_not_quoted(settings, field):
    hostile = Flask("hostile")
    hostile.post("/token")(lambda: (jsonify({"error": "invalid_client", field: CLIENT_SECRET}), 400))
    with serve(hostile) as running, _session(settings) as session, pytest.raises(ProviderFailed) as caught:
        session.renew(f"{running.base_url}/token", refresh_token=Secret("refresh"))
    assert CLIENT_SECRET not in repr(vars(caught.value))


def test_an_error_we_cannot_read_is_not_taken_for_a_passing_one(settings):
    hostile = Flask("hostile")
    hostile.post("/token")(lambda: (jsonify({"error": "no such word!"}), 400))
    with serve(hostile) as running, _session(settings) as session, pytest.raises(ProviderFailed) as caught:
        session.renew(f"{running.base_url}/token", refresh_token=Secret("refresh"))
    assert not caught.value.is_transient


def test_a_provider_that_drips_is_given_up_in_time(settings):
    def drip():
        yield b'{"access_token": "'
        for _ in range(600):
            time.sleep(0.05)
            yield b"A"

    hostile = Flask("hostile")
    hostile.post("/token")(lambda: Response(drip(), mimetype="application/json"))
    limits = replace(settings.limits, provider_total_seconds=0.3)
    with serve(hostile) as running, _session(replace(settings, limits=limits)) as session:
        began = time.monotonic()
        with pytest.raises(ProviderFailed, match="provider_timeout"):
            session.renew(f"{running.base_url}/token", refresh_token=Secret("refresh"))
        assert time.monotonic() - began < 10


def _session(settings) -> ProviderSession:
    return ProviderSession(settings, client_id="client", client_secret=Secret(CLIENT_SECRET), scope="x")


KEY = RSAKey.generate_key(2048, {"kid": "k", "use": "sig"})


def _identity(**claims: object) -> Identity:
    usual = {
        "aud": "client", "nonce": "nonce", "tid": TENANT, "iss": f"https://login/{TENANT}", "oid": "1",
        "exp": int(clock.now().timestamp()) + 600, "preferred_username": MAILBOX,
    }  # fmt: skip
    token = jwt.encode({"alg": "RS256", "kid": "k"}, {**usual, **claims}, KEY)
    expected = Expected("client", Secret("nonce"), lambda tid: f"https://login/{tid}", None)
    return verified_identity(token, KeySet([KEY]).as_dict(private=False), expected)


def test_an_unverified_email_claim_does_not_make_somebody_the_mailbox():
    """Whoever administers any directory may write any address there; only the user name is the mailbox."""
    assert not _identity(preferred_username="attacker@evil.example.com", email=MAILBOX).is_mailbox(MAILBOX)
    assert _identity(preferred_username=MAILBOX.upper()).is_mailbox(MAILBOX)


@pytest.mark.parametrize("name", ["a\x01auth=Bearer x", "a\r\nb@example.com", "a\u202e@example.com", "x" * 300, 7])
def test_a_user_name_that_is_not_one_line_of_text_is_none(name):
    assert _identity(preferred_username=name).username == ""


@pytest.mark.parametrize(
    "claims", [{"nbf": "soon"}, {"nbf": None}, {"exp": "never"}, {"exp": True}, {"tid": ["x"]}, {"nonce": 1}]
)
def test_claims_of_the_wrong_kind_are_refused_in_one_way(claims):
    with pytest.raises(IdentityInvalid):
        _identity(**claims)


@pytest.mark.parametrize(
    "keys", [None, [], 5, {}, {"keys": 5}, {"keys": [5]}, {"keys": [{}]}, {"keys": [{"kty": "oct", "k": "A" * 43}]}]
)
def test_keys_that_are_none_are_refused_in_one_way(keys):
    token = jwt.encode({"alg": "RS256", "kid": "k"}, {"aud": "client"}, KEY)
    with pytest.raises(IdentityInvalid):
        verified_identity(token, keys, Expected("client", Secret("n"), str, None))


def test_an_admin_consent_is_noted_once_however_often_its_address_is_opened(
    app, account, owner_browser, browser, world
):
    page = create_oauth_service(owner_browser, world)
    with inside(app, account):
        service_id = db.session.scalars(select(SmtpService.id)).one()
    shown = owner_browser.open(f"/smtp/{service_id}/admin-consent")
    link = shown.form(next(b for b in shown.buttons if "link" in b.lower())).press().html
    state = link.partition("state=")[2][:60].partition("&")[0].partition('"')[0].partition("<")[0]
    for _ in range(3):
        browser.open(f"/oauth2/custom-smtp-token?admin_consent=True&tenant={TENANT}&state={state}")
    with inside(app, account):
        noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("admin consent"))).all()
        assert len(noted) == 1
    assert page is not None


def test_tokens_of_a_question_nobody_answered_are_gone_after_ten_minutes(
    app, account, owner_browser, world, worker, clock
):
    page = create_oauth_service(owner_browser, world)
    authorize(owner_browser, page, world, username=OTHER)
    assert [flow.pending_grant_sealed is not None for flow in _flows(app)] == [True]
    clock.advance(minutes=11)
    worker.sweep()
    assert [flow.pending_grant_sealed for flow in _flows(app)] == [None]
    clock.advance(days=2)
    worker.sweep()
    assert _flows(app) == []


def test_a_state_that_was_never_used_keeps_no_verifier(app, account, owner_browser, world, worker, clock):
    create_oauth_service(owner_browser, world).press("Authorize")
    clock.advance(minutes=11)
    worker.sweep()
    [flow] = _flows(app)
    assert flow.code_verifier_sealed is None
    assert flow.nonce_sealed is None


def test_deleting_a_service_forgets_the_tokens_that_wait_with_a_question(app, account, owner_browser, world):
    page = create_oauth_service(owner_browser, world)
    page = authorize(owner_browser, page, world, username=OTHER)
    shown = owner_browser.open(page.path + "/delete")
    shown.form(next(button for button in shown.buttons if button.startswith("Delete"))).press()
    assert [flow.pending_grant_sealed for flow in _flows(app)] in ([], [None])


def _flows(app) -> list[OAuthFlow]:
    with app.app_context():
        return list(db.session.scalars(select(OAuthFlow)))
