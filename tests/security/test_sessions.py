"""The session of somebody signed in: given at sign-in and never before, and worth nothing once its reason is gone."""

from dataclasses import replace

import pytest

from kbadmin.database import db, unit_of_work
from kbadmin.users.models import Membership, UserSession
from tests.factories import PASSWORD, add_person, inside, open_account, sign_in, signed_in
from tests.security.actors import Actor

NAME = "kbadmin-user"
PLACE = {"/smtp": 303, "/profile": 303, "/team": 303}


def _sign_in(client, person, *, keep: bool = False, base_url: str = "http://localhost"):
    page = client.get("/sign-in", base_url=base_url).get_data(as_text=True)
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    data = {"email": person.email, "password": PASSWORD, "csrf_token": token} | ({"is_kept": "y"} if keep else {})
    return client.post("/sign-in", data=data, base_url=base_url, headers={"Referer": f"{base_url}/sign-in"})


def _post(client, path: str, **data: str):
    return client.post(path, data=data | {"csrf_token": Actor(client).csrf_token()})


def _copy(app, client):
    """Somebody else who has got hold of the cookie as it is now."""
    thief = app.test_client()
    thief.set_cookie(NAME, client.get_cookie(NAME).value)
    return thief


def _is_out(client) -> bool:
    found = client.get("/profile")
    return found.status_code == 303 and found.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("planted", ["A" * 43, "x", "", "a" * 3000])
def test_a_session_planted_before_sign_in_is_not_the_one_after(app, account, planted):
    client = app.test_client()
    client.set_cookie(NAME, planted)
    assert _sign_in(client, account.owner).status_code == 303
    assert client.get_cookie(NAME).value != planted
    thief = app.test_client()
    thief.set_cookie(NAME, planted)
    assert _is_out(thief)
    assert not _is_out(client)


def test_signing_in_over_somebody_elses_session_ends_that_one(app, account):
    client = signed_in(app, add_person(app, account, "editor")).client
    old = _copy(app, client)
    client.delete_cookie("kbadmin-form")
    with app.app_context():
        assert db.session.query(UserSession).count() == 1
    _post(client, "/sign-out")
    assert _sign_in(client, account.owner).status_code == 303
    assert _is_out(old)


def test_the_old_cookie_is_worth_nothing_after_signing_out(app, account):
    client = signed_in(app, account.owner).client
    thief = _copy(app, client)
    assert not _is_out(thief)
    _post(client, "/sign-out")
    assert _is_out(thief)


def test_every_older_cookie_is_worth_nothing_after_a_change_of_password(app, account):
    client, elsewhere = signed_in(app, account.owner).client, signed_in(app, account.owner).client
    thief = _copy(app, client)
    new = "violet tractor gibbon"
    answer = _post(client, "/profile/password", current_password=PASSWORD, new_password=new, repeated=new)
    assert answer.status_code == 303
    assert not _is_out(client)
    assert _is_out(thief)
    assert _is_out(elsewhere)


def test_switching_the_account_changes_the_cookie(app, account):
    there = open_account(app, "Globex")
    person = add_person(app, account, "owner", email="both@example.com")
    add_person(app, there, "owner", email="both@example.com")
    client = signed_in(app, person).client
    thief = _copy(app, client)
    assert _post(client, "/switch-account", account=str(there.id)).status_code == 303
    assert not _is_out(client)
    assert _is_out(thief)


@pytest.mark.parametrize("deed", ["disable", "remove"])
def test_whoever_is_disabled_or_removed_is_out_at_once(app, account, deed):
    person = add_person(app, account, "owner")
    theirs = signed_in(app, person).client
    assert _post(signed_in(app, account.owner).client, f"/team/{person.membership_id}/{deed}").status_code == 303
    assert _is_out(theirs)
    assert _sign_in(app.test_client(), person).headers.get("Location") != "/"


def test_a_lost_right_is_lost_at_once(app, account):
    person = add_person(app, account, "editor", manages_smtp=True)
    theirs = signed_in(app, person).client
    assert theirs.get("/smtp").status_code == 200
    form = signed_in(app, account.owner).open(f"/team/{person.membership_id}").form("Save")
    form.tick("Manage SMTP services", on=False).press()
    assert _is_out(theirs)
    sign_in_again = signed_in(app, person).client
    assert sign_in_again.get("/smtp").status_code == 403


def test_a_right_taken_in_the_database_is_lost_with_the_next_request(app, account):
    person = add_person(app, account, "owner")
    client = signed_in(app, person).client
    with inside(app, account), unit_of_work():
        db.session.get_one(Membership, person.membership_id).role = "writer"
    assert client.get("/smtp").status_code == 403


@pytest.mark.parametrize("keep", [False, True])
def test_over_https_the_cookies_are_bound_to_this_host_and_to_tls(settings, make_app, keep, account):
    app = make_app(replace(settings, base_url="https://kb.example.com"))
    client = app.test_client()
    answer = _sign_in(client, account.owner, keep=keep, base_url="https://kb.example.com")
    assert answer.status_code == 303
    cookies = {cookie.partition("=")[0]: cookie for cookie in answer.headers.getlist("Set-Cookie")}
    assert set(cookies) == {"__Host-kbadmin-user", "__Host-kbadmin-form"}
    for cookie in cookies.values():
        attributes = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path", "samesite"} <= attributes
        assert "domain" not in attributes
        assert "SameSite=Lax" in cookie
        assert "Path=/;" in cookie + ";"
    assert ("Max-Age" in cookies["__Host-kbadmin-user"]) is keep
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    plain = app.test_client()
    value = client.get_cookie("__Host-kbadmin-user", domain="kb.example.com").value
    plain.set_cookie(NAME, value, domain="kb.example.com")
    assert plain.get("/profile", base_url="https://kb.example.com").status_code == 303, "the plain name is no session"


def test_a_form_from_another_site_is_refused_over_https(settings, make_app, account):
    app = make_app(replace(settings, base_url="https://kb.example.com"))
    client = app.test_client()
    for referrer in ("https://evil.example.com/", "http://kb.example.com/", None):
        page = client.get("/sign-in", base_url="https://kb.example.com").get_data(as_text=True)
        token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        headers = {"Referer": referrer} if referrer else {}
        data = {"email": account.owner.email, "password": PASSWORD, "csrf_token": token}
        assert client.post("/sign-in", data=data, base_url="https://kb.example.com", headers=headers).status_code == 400


def test_the_form_cookie_is_new_after_signing_in(app, account):
    """A token for forms that somebody knew before must not be good in the session that follows."""
    client = app.test_client()
    before = Actor(client).csrf_token()
    _sign_in(client, account.owner)
    assert client.post("/profile", data={"csrf_token": before, "name": "Evil"}).status_code == 400


def test_the_session_of_one_account_opens_nothing_in_another(app, two_accounts):
    acme, globex = two_accounts
    browser = sign_in(signed_in(app, acme.owner), acme.owner)
    answer = _post(browser.client, "/switch-account", account=str(globex.id))
    assert answer.headers["Location"] == "/choose-account"
    assert globex.name not in browser.client.get("/").get_data(as_text=True)
