"""Opening a page, or looking at it with HEAD, changes nothing. Known exceptions: last seen, and the OAuth callback."""

import pytest

from kbadmin.access import permission_of
from tests.factories import signed_in
from tests.security.actors import MAKERS
from tests.security.whole import fill, stored

#: One click of a mail program, which has no cookies (RFC 8058): tests/portal/ has what it may and may not do.
WITHOUT_TOKEN = {"portal.unsubscribe"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_every_page_changes_nothing(app, account, method):
    filled = fill(app, account)
    client = signed_in(app, account.owner).client
    before, tried = stored(app), 0
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods:
            for address in filled.addresses(rule):
                for more in ("", "?state=x&code=y&error=z&admin_consent=True&error_code=7000215&older=1&next=/smtp"):
                    status = client.open(address + more, method=method).status_code
                    assert status < 500 or rule.endpoint == "health.ready", f"{method} {address}{more}: {status}"
                    tried += 1
    assert tried > 60
    assert stored(app) == before


def test_forms_sent_by_get_change_nothing(app, account):
    """What a form would send, in the address instead: nothing reads it there."""
    filled = fill(app, account)
    client = signed_in(app, account.owner).client
    sent = (
        "?name=Evil&friendly_name=Evil&host=evil.example.com&password=x&role=none&email=x@example.com"
        "&recipient=x@example.com&accept_dropping=yes&use=signed-in&account=x&submit=1&time_zone=UTC"
    )
    before = stored(app)
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and "POST" in rule.methods:
            for address in filled.addresses(rule):
                assert client.get(address + sent).status_code < 500
    assert stored(app) == before


@pytest.mark.parametrize("token", [None, "", "forged", "IjAxMjM0NTY3ODlhYmNkZWYi.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"])
def test_every_post_without_a_valid_token_is_refused(app, account, token):
    filled = fill(app, account)
    client = signed_in(app, account.owner).client
    client.get("/profile")
    before, tried = stored(app), 0
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and rule.endpoint not in WITHOUT_TOKEN:
            for address in filled.addresses(rule):
                data = {} if token is None else {"csrf_token": token}
                response = client.post(address, data={**data, "name": "Evil", "friendly_name": "Evil"})
                assert response.status_code == 400, f"POST {address}: {response.status_code}"
                assert "This form has expired" in response.get_data(as_text=True)
                tried += 1
    assert tried > 20
    assert stored(app) == before


def test_the_token_of_somebody_else_is_refused(app, two_accounts):
    acme, globex = two_accounts
    filled = fill(app, acme)
    theirs = MAKERS["owner of another account"](app, acme, globex).csrf_token()
    client = signed_in(app, acme.owner).client
    client.get("/profile")
    before = stored(app)
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and rule.endpoint not in WITHOUT_TOKEN:
            for address in filled.addresses(rule):
                assert client.post(address, data={"csrf_token": theirs}).status_code == 400, address
    assert stored(app) == before


def test_a_method_that_a_page_does_not_know_is_refused(app, account):
    filled = fill(app, account)
    client = signed_in(app, account.owner).client
    before = stored(app)
    for rule in app.url_map.iter_rules():
        for method in {"POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "BREW"} - rule.methods:
            for address in list(filled.addresses(rule))[:1]:
                response = client.open(address, method=method)
                assert response.status_code in (400, 404, 405), f"{method} {address}: {response.status_code}"
                assert permission_of(app, rule.endpoint) is not None
    assert stored(app) == before
