"""The demo's identity provider, asked the way a client asks Microsoft."""

import base64
import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from kbadmin import clock
from kbadmin.demo.directory import (
    CONSUMERS_TENANT,
    DEMO_TENANT,
    EXPIRED_CLIENT_ID,
    OTHER_TENANT,
    READY_CLIENT_ID,
    SINGLE_TENANT_CLIENT_ID,
    Audience,
    demo_directory,
)
from kbadmin.demo.identity_provider import IdentityProvider, OnItsOwnPage
from kbadmin.encryption import Secret

REDIRECT = "http://localhost:8000/oauth2/custom-smtp-token"
SECRET = "the-value~of.the-secret"
SCOPE = "https://outlook.office.com/SMTP.Send offline_access openid profile"
USER = "support@example.com"
VERIFIER = "v" * 64


@pytest.fixture(scope="module")
def running():
    directory = demo_directory(redirect_uri=REDIRECT, secret=Secret(SECRET))
    with IdentityProvider(directory, slow_seconds=0.3) as provider:
        yield provider


@pytest.fixture
def provider(running):
    kept = list(running.directory.registrations)
    running.token_calls.clear()
    running.elsewhere_bodies.clear()
    yield running
    running.behave()
    running.directory.registrations[:] = kept


def authorize_url(provider, tenant="organizations", **changes):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": READY_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | changes
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return f"{provider.base_url}/{tenant}/oauth2/v2.0/authorize?{query}"


def sign_in(provider, *args, user=USER, misbehaviour=None, accept=True, **changes):
    location = provider.sign_in(
        authorize_url(provider, *args, **changes), user, accept=accept, misbehaviour=misbehaviour
    )
    assert location.startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def post(provider, tenant="organizations", *, auth=None, timeout=30, **changes):
    form = {"client_id": READY_CLIENT_ID, "client_secret": SECRET, "scope": SCOPE} | changes
    form = {name: value for name, value in form.items() if value is not None}
    address = f"{provider.base_url}/{tenant}/oauth2/v2.0/token"
    return requests.post(address, data=form, auth=auth, timeout=timeout, allow_redirects=False)


def redeem(provider, code=None, **changes):
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return post(provider, **(asked | changes))


def refresh(provider, token, **changes):
    return post(provider, **({"grant_type": "refresh_token", "refresh_token": token} | changes))


def tokens(provider, **changes):
    return redeem(provider, sign_in(provider, **changes)["code"]).json()


def claims(provider, answer):
    keys = requests.get(f"{provider.base_url}/organizations/discovery/v2.0/keys", timeout=30).json()
    return jwt.decode(answer["id_token"], KeySet.import_key_set(keys), algorithms=["RS256"]).claims


def test_a_code_becomes_tokens_for_the_mailbox_that_signed_in(provider):
    back = sign_in(provider)
    assert back["state"] == "the-state"
    answer = redeem(provider, back["code"])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 4500)
    assert body["scope"] == "https://outlook.office.com/SMTP.Send"
    assert provider.validate(body["access_token"]) == USER
    said = claims(provider, body)
    assert said["iss"] == f"{provider.base_url}/{DEMO_TENANT}/v2.0"
    assert (said["tid"], said["aud"], said["nonce"]) == (DEMO_TENANT, READY_CLIENT_ID, "the-nonce")
    assert said["preferred_username"] == USER
    assert {"oid", "sub", "exp", "nbf", "iat"} <= set(said)


def test_the_secret_may_come_in_a_basic_header(provider):
    answer = redeem(
        provider, sign_in(provider)["code"], auth=(READY_CLIENT_ID, SECRET), client_id=None, client_secret=None
    )
    assert answer.status_code == 200


def test_the_configuration_names_every_address(provider):
    found = requests.get(f"{provider.base_url}/example.com/v2.0/.well-known/openid-configuration", timeout=30).json()
    assert found["issuer"] == f"{provider.base_url}/{DEMO_TENANT}/v2.0"
    assert found["token_endpoint"] == f"{provider.base_url}/example.com/oauth2/v2.0/token"
    shared = requests.get(f"{provider.base_url}/organizations/v2.0/.well-known/openid-configuration", timeout=30).json()
    assert shared["issuer"] == f"{provider.base_url}/{{tenantid}}/v2.0"


def test_without_offline_access_there_is_no_refresh_token(provider):
    body = tokens(provider, scope="https://outlook.office.com/SMTP.Send openid")
    assert "refresh_token" not in body
    assert "id_token" in body


def test_a_token_for_graph_opens_no_mailbox(provider):
    body = tokens(provider, scope="SMTP.Send offline_access")
    assert body["scope"] == "https://graph.microsoft.com/SMTP.Send"
    assert provider.validate(body["access_token"]) is None


def test_a_refresh_token_is_replaced_at_each_use_and_a_second_use_ends_the_family(provider):
    first = tokens(provider)["refresh_token"]
    second = refresh(provider, first).json()
    assert provider.validate(second["access_token"]) == USER
    assert second["refresh_token"] != first
    again = refresh(provider, first)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refresh(provider, second["refresh_token"]).json()["error_codes"] == [50173]


def test_access_tokens_expire_and_refresh_tokens_do_not(provider):
    body = tokens(provider)
    with clock.at(clock.now() + timedelta(minutes=76)):
        assert provider.validate(body["access_token"]) is None
    provider.expire_tokens()
    assert provider.validate(body["access_token"]) is None
    assert refresh(provider, body["refresh_token"]).status_code == 200


def test_revoked_and_forgotten_grants_are_refused(provider):
    token = tokens(provider)["refresh_token"]
    with clock.at(clock.now() + timedelta(days=91)):
        idle = refresh(provider, token).json()
    assert (idle["error"], idle["error_codes"], idle["suberror"]) == ("invalid_grant", [700082], "token_expired")
    provider.revoke_grants(USER)
    assert refresh(provider, token).json()["error_codes"] == [50173]


def test_grants_survive_a_restart(tmp_path):
    directory = demo_directory(redirect_uri=REDIRECT, secret=Secret(SECRET))
    with IdentityProvider(directory, folder=tmp_path) as provider:
        body = tokens(provider)
    with IdentityProvider(directory, folder=tmp_path) as provider:
        assert provider.validate(body["access_token"]) == USER
        assert refresh(provider, body["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": EXPIRED_CLIENT_ID}, 401, "invalid_client", 7000222),
        ({"client_id": str(DEMO_TENANT)}, 400, "unauthorized_client", 700016),
        ({"client_id": SINGLE_TENANT_CLIENT_ID}, 400, "invalid_request", 50194),
        ({"tenant": "no-such.example"}, 400, "invalid_request", 90002),
        ({"tenant": DEMO_TENANT}, 400, "invalid_grant", 700005),
        ({"code": "unknown"}, 400, "invalid_grant", 70000),
        ({"code": None}, 400, "invalid_request", 9002313),
        ({"redirect_uri": REDIRECT + "/"}, 400, "invalid_client", 500112),
        ({"code_verifier": "w" * 64}, 400, "invalid_grant", 501481),
        ({"code_verifier": None}, 400, "invalid_grant", 501481),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "https://outlook.office.com/SMTP.Send Mail.Send"}, 400, "invalid_request", 28000),
    ],
)
def test_the_token_endpoint_refuses_in_microsofts_words(provider, changes, status, error, number):
    code = sign_in(provider)["code"]
    answer = redeem(provider, **({"code": code} | changes))
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert body["error_uri"] == f"{provider.base_url}/error?code={number}"
    assert {"timestamp", "trace_id", "correlation_id"} <= set(body)


def test_a_code_is_good_once_and_for_ten_minutes(provider):
    code = sign_in(provider)["code"]
    first = redeem(provider, code).json()
    assert redeem(provider, code).json()["error_codes"] == [54005]
    assert refresh(provider, first["refresh_token"]).json()["error_codes"] == [50173]
    code = sign_in(provider)["code"]
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert redeem(provider, code).json()["error_codes"] == [70008]


def test_a_refresh_needs_its_scope_and_its_own_tenant(provider):
    token = tokens(provider)["refresh_token"]
    assert refresh(provider, token, scope=None).json()["error_codes"] == [900144]
    assert refresh(provider, token, tenant=DEMO_TENANT).json()["error_codes"] == [7000012]
    assert refresh(provider, token).status_code == 200


@pytest.mark.parametrize(
    ("tenant", "changes", "user", "number"),
    [
        ("no-such.example", {}, USER, 90002),
        ("organizations", {"client_id": "00000000-0000-0000-0000-000000000000"}, USER, 700016),
        ("organizations", {"client_id": ""}, USER, 700016),
        (OTHER_TENANT, {"client_id": SINGLE_TENANT_CLIENT_ID}, USER, 700016),
        ("organizations", {"client_id": SINGLE_TENANT_CLIENT_ID}, USER, 50194),
        ("common", {"client_id": SINGLE_TENANT_CLIENT_ID}, USER, 50194),
        ("consumers", {"client_id": EXPIRED_CLIENT_ID}, USER, 9002332),
        ("organizations", {"redirect_uri": "http://localhost:8000/elsewhere"}, USER, 50011),
        ("example.com", {}, "support@example.org", 50020),
        ("organizations", {}, "sam@example.net", 500208),
    ],
)
def test_errors_about_the_app_stay_on_the_providers_own_page(provider, tenant, changes, user, number):
    address = authorize_url(provider, tenant, **changes)
    with pytest.raises(OnItsOwnPage, match=f"AADSTS{number}: "):
        provider.sign_in(address, user)
    if number not in (50020, 500208):
        page = requests.get(address, timeout=30, allow_redirects=False)
        assert page.status_code == 400
        assert f"AADSTS{number}" in page.text
        assert "Correlation Id" in page.text


@pytest.mark.parametrize(
    ("tenant", "client_id", "user", "directory"),
    [
        (DEMO_TENANT, SINGLE_TENANT_CLIENT_ID, USER, DEMO_TENANT),
        ("example.com", SINGLE_TENANT_CLIENT_ID, USER, DEMO_TENANT),
        ("organizations", READY_CLIENT_ID, "support@example.org", OTHER_TENANT),
        ("common", READY_CLIENT_ID, "sam@example.net", CONSUMERS_TENANT),
        ("consumers", READY_CLIENT_ID, "sam@example.net", CONSUMERS_TENANT),
    ],
)
def test_every_kind_of_tenant_lets_its_people_in(provider, tenant, client_id, user, directory):
    code = sign_in(provider, tenant, client_id=client_id, user=user)["code"]
    body = redeem(provider, code, tenant=tenant, client_id=client_id).json()
    assert claims(provider, body)["tid"] == directory


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", 9002325),
        ({"code_challenge_method": "plain"}, "invalid_request", 9002325),
        ({"scope": "https://outlook.office.com/SMTP.Sned"}, "invalid_client", 650053),
        ({"accept": False}, "access_denied", 65004),
        ({"misbehaviour": "declined"}, "access_denied", 65004),
        ({"misbehaviour": "admin_approval"}, "access_denied", 90094),
    ],
)
def test_other_refusals_come_back_to_the_app(provider, changes, error, number):
    back = sign_in(provider, **changes)
    assert (back["error"], back["state"]) == (error, "the-state")
    assert back["error_description"].startswith(f"AADSTS{number}: ")
    assert "code" not in back


@pytest.mark.parametrize(
    ("word", "number"),
    [("wrong_secret", 7000215), ("expired_secret", 7000222), ("mfa_required", 50076), ("revoked", 50173)],
)
def test_a_visitor_chooses_what_the_token_endpoint_answers_for_one_sign_in(provider, word, number):
    code = sign_in(provider, misbehaviour=word)["code"]
    assert redeem(provider, code).json()["error_codes"] == [number]
    assert redeem(provider, sign_in(provider)["code"]).status_code == 200


def test_a_broken_provider_answers_anything_but_json(provider):
    for word, status in [("server_error", 500), ("html", 200), ("slow", 504)]:
        provider.misbehave(word)
        answer = refresh(provider, "any")
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (status, "text/html")


def test_a_provider_that_hangs_up_gives_no_answer(provider):
    provider.misbehave("no_answer")
    with pytest.raises(requests.ConnectionError):
        refresh(provider, "any")


def test_a_redirect_names_another_host_that_notes_what_it_is_sent(provider):
    code = sign_in(provider, misbehaviour="redirect")["code"]
    answer = redeem(provider, code)
    assert (answer.status_code, answer.headers["Location"]) == (307, provider.elsewhere_url)
    assert list(provider.elsewhere_bodies) == []
    requests.post(provider.elsewhere_url, data={"client_secret": SECRET}, timeout=30)
    assert SECRET in provider.elsewhere_bodies[0]


def test_a_huge_answer_may_be_left_in_the_middle(provider):
    provider.misbehave("huge")
    address = f"{provider.base_url}/organizations/oauth2/v2.0/token"
    with requests.post(address, data={}, stream=True, timeout=30) as answer:
        chunks = answer.iter_content(100_000)
        assert sum(len(next(chunks)) for _ in range(10)) > 100_000
    provider.behave()
    assert refresh(provider, "any").status_code == 400


def test_identity_tokens_may_be_wrong(provider):
    with pytest.raises(BadSignatureError):
        claims(provider, tokens(provider, misbehaviour="bad_signature"))
    assert claims(provider, tokens(provider, misbehaviour="wrong_nonce"))["nonce"] != "the-nonce"
    assert claims(provider, tokens(provider, misbehaviour="wrong_audience"))["aud"] != READY_CLIENT_ID
    assert "refresh_token" not in tokens(provider, misbehaviour="no_refresh_token")


def test_calls_are_remembered_without_showing_secrets(provider):
    refresh(provider, "any")
    (call,) = provider.token_calls
    assert (call.grant_type, call.form["client_secret"]) == ("refresh_token", SECRET)
    assert SECRET not in repr(call)


def test_a_registration_can_be_changed(provider):
    ready = provider.directory.registration(READY_CLIENT_ID)
    provider.directory.replace(replace(ready, audience=Audience.SINGLE))
    with pytest.raises(OnItsOwnPage, match="AADSTS50194"):
        provider.sign_in(authorize_url(provider), USER)


def test_a_person_picks_an_account_then_sees_the_permissions(provider):
    address = authorize_url(provider, login_hint="Support@example.com")
    accounts = requests.get(address, timeout=30)
    assert "Demo identity provider" in accounts.text
    assert f'value="{USER}" required checked' in accounts.text
    consent = requests.post(address, data={"account": USER}, timeout=30)
    assert "Send emails from your mailbox using SMTP AUTH" in consent.text
    assert "Make this go wrong" in consent.text
    assert consent.headers["Content-Security-Policy"].endswith("form-action 'self' http://localhost:8000")
    assert requests.post(address, headers={"Origin": "https://evil.example.net"}, timeout=30).status_code == 403


@pytest.mark.parametrize("decision", ["accept", "cancel"])
def test_an_administrator_consents_for_everybody_or_does_not(provider, decision):
    asked = {"client_id": READY_CLIENT_ID, "redirect_uri": REDIRECT, "state": "s", "scope": SCOPE}
    address = f"{provider.base_url}/example.com/v2.0/adminconsent?{urlencode(asked)}"
    assert "Review for your organization" in requests.get(address, timeout=30).text
    answer = requests.post(address, data={"decision": decision}, timeout=30, allow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["s"]
    if decision == "accept":
        assert (back["admin_consent"], back["tenant"]) == (["True"], [DEMO_TENANT])
    else:
        assert back["error"] == ["access_denied"]


def test_the_home_page_has_everything_to_copy_and_the_error_page_explains(provider):
    home = requests.get(provider.base_url, timeout=30).text
    assert "not Microsoft" in home
    assert READY_CLIENT_ID in home
    assert SECRET in home
    assert "Invalid client secret provided" in requests.get(f"{provider.base_url}/error?code=7000215", timeout=30).text
    assert requests.get(f"{provider.base_url}/error?code=x{secrets.token_hex(4)}", timeout=30).status_code == 200


def test_a_taken_port_is_an_error_and_not_the_end_of_the_program(provider):
    with pytest.raises(OSError):
        IdentityProvider(provider.directory, port=urlsplit(provider.base_url).port).start()


def test_the_buttons_of_the_home_page_work(provider):
    body = tokens(provider)
    requests.post(f"{provider.base_url}/expire-tokens", timeout=30)
    assert provider.validate(body["access_token"]) is None
    requests.post(f"{provider.base_url}/revoke-grants", timeout=30)
    assert refresh(provider, body["refresh_token"]).json()["error_codes"] == [50173]
    requests.post(f"{provider.base_url}/misbehave", data={"answer": "html"}, timeout=30)
    assert provider.misbehaviour == "html"
    requests.post(f"{provider.base_url}/misbehave", data={"answer": ""}, timeout=30)
    assert provider.misbehaviour is None


def test_a_secret_can_be_let_expire_and_replaced_on_the_home_page(provider):
    body, at = tokens(provider), f"{provider.base_url}/registrations/{READY_CLIENT_ID}"
    requests.post(f"{at}/expire-secrets", timeout=30)
    assert refresh(provider, body["refresh_token"]).json()["error_codes"] == [7000222]

    requests.post(f"{at}/new-secret", timeout=30)
    newest, *_ = provider.directory.registration(READY_CLIENT_ID).secrets
    assert newest.value.reveal() in requests.get(provider.base_url, timeout=30).text
    assert refresh(provider, body["refresh_token"]).json()["error_codes"] == [7000222]
    assert "refresh_token" in refresh(provider, body["refresh_token"], client_secret=newest.value.reveal()).json()


def test_a_registration_nobody_has_is_not_found(provider):
    assert requests.post(f"{provider.base_url}/registrations/nobodys/new-secret", timeout=30).status_code == 404


def test_a_registration_keeps_its_three_newest_secrets(provider):
    made = [provider.directory.add_secret(READY_CLIENT_ID) for _ in range(4)]
    assert provider.directory.registration(READY_CLIENT_ID).secrets == (made[3], made[2], made[1])
