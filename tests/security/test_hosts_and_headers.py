"""Requests that no browser of ours would send: other hosts, odd paths, too much of everything."""

import secrets
from dataclasses import replace

import pytest
from sqlalchemy import select

from kbadmin.access import Permission, requires
from kbadmin.database import db, unit_of_work
from kbadmin.headers import LETTER_POLICY
from kbadmin.links import OneTimeLink
from kbadmin.outbox.models import OutboxMessage
from tests.databases import on_postgresql
from tests.factories import inside, signed_in
from tests.page_checks import check_caching
from tests.security.actors import Actor
from tests.security.whole import fill

HOSTS = [
    "evil.example.com",
    "localhost.evil.example.com",
    "evil.example.com:80",
    "localhost@evil.example.com",
    "",
    "[::1]",
    "localhost/evil",
    "localhost:80@evil.example.com",
    "local host",
    "xn--80ak6aa92e.com",
]
FORWARDED = ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded", "X-Forwarded-Server", "X-HTTP-Host-Override"]
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused_and_never_linked_to(browser, host):
    for path in ("/sign-in", "/", "/nowhere", "/static/css/site.css"):
        response = browser.client.get(path, headers={"Host": host})
        assert response.status_code == 400, path
        assert "evil" not in response.get_data(as_text=True)
        assert "evil" not in str(response.headers)


@pytest.mark.parametrize("name", FORWARDED)
def test_what_a_proxy_might_have_said_is_not_believed(app, account, owner_browser, name, settings, make_app):
    app = make_app(replace(settings, system_smtp_url="smtp://localhost:1?from=kb@example.com"))
    client = signed_in(app, account.owner).client
    headers = {
        name: "host=evil.example.com" if name == "Forwarded" else "evil.example.com",
        "X-Forwarded-Proto": "gopher",
    }
    for path in ("/", "/smtp", "/smtp/guide", "/team", "/sign-in", "/nowhere"):
        response = client.get(path, headers=headers)
        assert "evil" not in response.get_data(as_text=True) + str(response.headers)
    client.post("/forgot-password", data={"email": account.owner.email}, headers=headers)
    with inside(app, account):
        for message in db.session.scalars(select(OutboxMessage)):
            assert "evil" not in message.content.reveal()


def test_a_trusted_proxy_cannot_name_another_host_either(settings, make_app):
    app = make_app(replace(settings, trusted_proxies=1))
    assert app.test_client().get("/sign-in", headers={"X-Forwarded-Host": "evil.example.com"}).status_code == 400


def test_every_answer_carries_the_headers(app, account):
    filled = fill(app, account)
    clients = [signed_in(app, account.owner).client, app.test_client()]
    for rule in app.url_map.iter_rules():
        for address in filled.addresses(rule):
            for client in clients:
                for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
                    response = client.open(address, method=method)
                    _check_headers(response, f"{method} {address} {response.status_code}")
            clients[1] = app.test_client()


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 500, 503])
def test_every_error_carries_the_headers(app, account, browser_as, status):
    client = browser_as("editor").client
    match status:
        case 400:
            response = client.post("/profile")
        case 403:
            response = client.get("/team")
        case 404:
            response = client.get("/nowhere")
        case 405:
            response = client.delete("/sign-in")
        case 413:
            response = client.post("/profile", data={"name": "x" * 2_000_000})
        case 500:
            app.view_functions["users.sign_in"] = requires(Permission.PUBLIC)(lambda: 1 / 0)
            response = client.get("/sign-in")
        case 503:
            with app.app_context(), unit_of_work():
                db.session.connection().exec_driver_sql(f"DROP TABLE {OneTimeLink.__tablename__}")
            response = client.get("/set-password/anything")
    assert response.status_code == status
    _check_headers(response, str(status))
    assert "Traceback" not in response.get_data(as_text=True)


def _check_policy(policy: str, what: str) -> None:
    if policy == LETTER_POLICY:  # An e-mail in a frame: it styles itself, and can do nothing else.
        assert policy.endswith("; sandbox")
        return
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert part in policy, what
    assert "unsafe" not in policy, what


def _check_headers(response, what: str) -> None:
    _check_policy(response.headers.get("Content-Security-Policy", ""), what)
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, f"{what}: {name}"
    if not response.request.path.startswith("/static/"):
        check_caching(response)
    assert "Werkzeug" not in response.headers.get("Server", ""), what


ODD_PATHS = [
    "/%00",
    "/smtp/%00",
    "/%ff%fe",
    "/smtp/%c0%ae%c0%ae/x",
    "/static/../kbadmin/config.py",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%5c..%5cpyproject.toml",
    "//evil.example.com/%2f..",
    "/smtp/1",
    "/smtp/' OR 1=1--",
    "/smtp/" + "a" * 10_000,
    "/team/%0d%0aSet-Cookie:%20x=y",
    "/invite/" + "x" * 10_000,
    "/set-password/" + "y" * 10_000,
    "/invite/%00",
    "/audit-log?actor=%00&action=%00",
    "/audit-log?first_day=0001-01-01&last_day=9999-12-31",
    "/audit-log?older=%00",
    "/audit-log?first_day=%00",
    "/sign-in?next=%00",
    "/sign-in?next=" + "z" * 10_000,
    "/team/%00/remove",
    "/oauth2/custom-smtp-token?state=%00&code=%00",
    "/oauth2/custom-smtp-token?state=consent-%00",
    "/smtp/{service}/error-code?error_code=%00",
    "/choose-account?next=%00",
    "/team/{member}/%00",
    "/static/css/%00",
    "/oauth2/custom-smtp-token?state=" + "s" * 10_000,
    "/readers/1",
    "/readers/' OR 1=1--",
    "/readers/" + "a" * 10_000,
    "/readers?q=%00&status=%00&group=%00&knowledge_base=%00&sort=%00&before=%00&after=%00",
    "/readers/export?q=' OR 1=1--",
    "/readers/settings/texts?knowledge_base=%00",
    "/readers/settings/texts/%00",
    "/knowledge-bases/1/articles",
    "/knowledge-bases/%00/settings",
    "/knowledge-bases/{base}/articles?q=%00&status=%00&category=%00&older_than=%00",
    "/knowledge-bases/{base}/articles/1/edit",
    "/knowledge-bases/{base}/categories/' OR 1=1--",
    "/kb/%00",
    "/kb/' OR 1=1--/help",
    "/kb/" + "a" * 10_000,
    "/kb/{account}/help/articles/%c0%ae%c0%ae",
    "/kb/{account}/help/articles/" + "a" * 10_000,
    "/kb/{account}/help/images/1",
    "/kb/{account}/set-password/%00",
    "/kb/{account}/subscriptions/" + "z" * 10_000,
    "/kb/{account}/unsubscribe/%00",
    "/kb/{account}/sign-in?next=%00",
]


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
def test_odd_addresses_get_a_page_and_no_trace(app, account):
    filled = fill(app, account)
    with inside(app, account), unit_of_work():
        db.session.connection().exec_driver_sql("UPDATE accounts SET time_zone = 'Pacific/Auckland'")
    for who in ("owner", "nobody"):
        for path in ODD_PATHS:
            client = signed_in(app, account.owner).client if who == "owner" else app.test_client()
            names = {
                "service": "service_id",
                "member": "membership_id",
                "base": "knowledge_base_id",
                "account": "account",
            }
            address = path.format(**{name: filled.values[key][0] for name, key in names.items()})
            response = client.get(address)
            assert response.status_code < 500, f"{who}: {address[:80]}"
            if 300 <= response.status_code < 400:
                assert client.get(response.headers["Location"]).status_code < 500, f"{who}: after {address[:80]}"
            assert "Traceback" not in response.get_data(as_text=True)
            assert "x=y" not in str(response.headers)


def test_a_cookie_never_grows_beyond_what_browsers_keep(browser):
    for path in ("/invite/" + secrets.token_urlsafe(8000), "/set-password/" + secrets.token_urlsafe(8000)):
        response = browser.client.get(path)
        assert response.status_code == 303
        assert all(len(cookie) < 4000 for cookie in response.headers.getlist("Set-Cookie")), path[:20]


@pytest.mark.parametrize(
    "cookie", ["x" * 100_000, "\xff\xfe", "a=b;" * 5000, "kbadmin-user=", "kbadmin-user=%00", "kbadmin-form=eyJ9.x.y"]
)
def test_odd_cookies_are_no_session(app, cookie):
    response = app.test_client(use_cookies=False).get("/smtp", headers={"Cookie": cookie})
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/sign-in")


@on_postgresql
def test_odd_forms_are_refused_without_a_trace(app, account):
    client = signed_in(app, account.owner).client
    token = Actor(client).csrf_token()
    odd = [
        {f"f{number}": "x" for number in range(10_000)},
        {"name": "\x00", "email": "\x00@example.com", "password": "\x00"},
        {"name": "\ud800".encode("utf-8", "surrogatepass"), "email": b"\xff@example.com", "friendly_name": b"\xff\x00"},
        {"name": ["a", "b"], "email": ["a@example.com", "b@example.com"]},
        {"name": "x" * 300_000},
        {"email": "a" * 100_000},
    ]
    for path in ("/sign-in", "/profile", "/smtp/new", "/team/invite", "/account"):
        for data in odd:
            response = client.post(path, data={**data, "csrf_token": token})
            assert 300 <= response.status_code < 500, f"{path} {response.status_code}"
            assert "Traceback" not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/readers", "/sign-in", "/kb/acme/sign-in", "/nowhere"])
def test_bytes_that_are_no_text_in_an_address_are_refused(app, account, path):
    """Browsers send %FF; a raw byte comes from a program only."""
    client, cookie = (
        app.test_client(),
        signed_in(app, account.owner).client.get_cookie("kbadmin-user", domain="localhost"),
    )
    environ = {"QUERY_STRING": "q=\xff", "HTTP_COOKIE": f"kbadmin-user={cookie.value}"}
    assert client.get(path, environ_overrides=environ).status_code == 400
    assert client.get(f"{path}?q=%FF", headers={"Cookie": f"kbadmin-user={cookie.value}"}).status_code != 500
