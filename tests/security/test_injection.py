"""Thirty ways to smuggle a script into a page, in every field a stranger can fill: each comes out as text."""

import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from flask import Flask, jsonify
from sqlalchemy import select

from kbadmin.access import permission_of
from kbadmin.accounts.models import Account
from kbadmin.audit.models import AuditEntry
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import SuppressedAddress, TestRun
from kbadmin.demo.serving import serve
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import DeliveryAttempt, OutboxMessage
from kbadmin.readers.import_models import ReaderImport, ReaderImportRow
from kbadmin.readers.models import Reader, ReaderField, ReaderGroup
from kbadmin.smtp.models import SmtpService
from kbadmin.users.models import User, UserSession
from tests.articles.marked import mark_articles
from tests.browser import Browser
from tests.factories import inside, sign_in, signed_in
from tests.security.payloads import BATCHES, MARK, PAYLOADS
from tests.security.whole import fill
from tests.smtp.services import create_oauth_service
from tests.subscriptions.marked import mark_subscriptions

SHOWN_IN = {"value", "title", "aria-label", "data-copy", "data-label", "href", "action"}
ELEMENTS = {"script", "style", "iframe", "object", "embed", "base", "math", "link", "meta", "x", "b", "img", "form"}


def _check(html: str, where: str) -> None:
    soup = BeautifulSoup(html, "html.parser")
    for found in soup.find_all(True):
        for name, value in found.attrs.items():
            text = " ".join(value) if isinstance(value, list) else str(value)
            assert not name.startswith(("on", "srcdoc")), f"{where}: <{found.name} {name}>"
            if MARK in text:
                assert name in ("value", "title", "aria-label", "data-copy", "data-label", "href", "action"), (
                    f"{where}: {name}={text!r}"
                )
                if name in ("href", "action"):
                    assert text.startswith("/"), f"{where}: {name}={text!r}"
        if found.name in ELEMENTS:
            assert MARK not in found.decode_contents() or found.name == "form", f"{where}: inside <{found.name}>"
            assert not any(MARK in str(value) for value in found.attrs.values()), f"{where}: on <{found.name}>"
    assert not re.search(rf"<[a-z!/][^>]*>\s*{MARK}\(\)\s*</script", html, re.IGNORECASE), where


@pytest.mark.parametrize("payload", BATCHES)
def test_what_stands_in_the_rows_is_text_on_every_page(app, account, payload):
    """Put past the forms, which refuse some of them: every text column of every row that is shown."""
    filled = fill(app, account)
    with inside(app, account), unit_of_work():
        db.session.get_one(Account, account.id).name = payload
        for number, user in enumerate(db.session.scalars(select(User))):
            user.name = f"{payload}{number}"
        for number, service in enumerate(db.session.scalars(select(SmtpService))):
            service.friendly_name = f"{payload}{number}"
            service.send_from_name = service.created_by = service.authorized_by = service.pause_reason = payload
            service.identity_username = payload
            service.authorization_failure = {
                "kind": "provider_error", "error": payload, "suberror": payload, "aadsts": None, "trace_id": payload,
                "correlation_id": payload, "at": "2026-03-02T09:00:00+00:00",
            }  # fmt: skip
        for run in db.session.scalars(select(TestRun)):
            run.requested_by = payload
            run.steps = [
                {"stage": "reach", "ok": True, "text": payload, "facts": {"greeting": payload, "reply": payload}}
            ]
            run.failure = {
                "stage": "sign_in", "kind": "refused", "code": 535, "enhanced": payload, "text": payload,
                "challenge": payload, "exception_name": payload, "at": "2026-03-02T09:00:00+00:00",
            }  # fmt: skip
        for message in db.session.scalars(select(OutboxMessage)):
            message.recipient, message.message_id = payload[:254], payload[:200]
            message.subject = message.last_reply = payload[:400]
        for attempt in db.session.scalars(select(DeliveryAttempt)):
            attempt.facts = attempt.facts | {"text": payload, "enhanced": payload, "challenge": payload}
        for suppressed in db.session.scalars(select(SuppressedAddress)):
            suppressed.address, suppressed.last_reply = payload[:254], payload[:400]
        for entry in db.session.scalars(select(AuditEntry)):
            entry.actor = entry.subject = entry.subject_kind = entry.network_address = payload
            entry.facts = {payload: payload, "list": [payload], "deep": {payload: payload}}
        mark_articles(payload)
        for reader in db.session.scalars(select(Reader)):
            reader.first_name = reader.last_name = payload[:80]
            reader.email = reader.field_1 = reader.created_by = payload[:200]
        for named in (ReaderGroup, KnowledgeBase):
            for row in db.session.scalars(select(named)):
                row.name, row.description = payload[:120], payload[:300]
        for field in db.session.scalars(select(ReaderField)):
            field.label = payload[:60]
        for begun in db.session.scalars(select(ReaderImport)):
            begun.file_name, begun.unknown_columns, begun.begun_by = payload[:200], [payload], {"label": payload}
        for row in db.session.scalars(select(ReaderImportRow)):
            row.values = {"email": payload, "first_name": payload, "last_name": payload, "field_1": payload}
        mark_subscriptions(payload)
        for session in db.session.scalars(select(UserSession)):
            session.browser, session.network_address = payload, payload[:45]
    client, shown = signed_in(app, account.owner).client, 0
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and permission_of(app, rule.endpoint) != "public":
            for address in filled.addresses(rule):
                response = client.get(address)
                assert response.status_code < 500, address
                if response.mimetype.startswith("image/"):
                    continue  # Written anew when it was uploaded.
                if response.mimetype != "text/html":
                    is_picture = response.mimetype.startswith("image/")
                    assert is_picture or response.headers["Content-Disposition"].startswith("attachment")
                    continue
                _check(response.get_data(as_text=True), address)
                shown += MARK in response.get_data(as_text=True)
    assert shown > 15, "the payload stands on many pages"


@pytest.mark.parametrize("payload", BATCHES[::2])
def test_what_is_typed_comes_back_as_text(app, account, payload):
    filled = fill(app, account)
    browser = signed_in(app, account.owner)
    service = filled.values["service_id"][0]
    pages = [f"/smtp/{service}{more}" for more in ("", "/oauth2", "/test-email", "/duplicate", "/admin-consent")]
    for path in ("/smtp/new", "/team/invite", "/account", "/profile", *pages):
        page = browser.open(path)
        token = page.soup.select_one("main input[name=csrf_token]")["value"]
        names = {field["name"] for field in page.soup.select("main input[name], main select[name]")} - {"csrf_token"}
        response = browser.client.post(
            path, data=dict.fromkeys(names, payload) | {"csrf_token": token}, follow_redirects=True
        )
        assert response.status_code < 500
        _check(response.get_data(as_text=True), path)
    for path in (
        "/sign-in?next=",
        "/audit-log?actor=",
        "/audit-log?first_day=",
        f"/smtp/{service}/error-code?error_code=",
    ):
        _check(browser.client.get(path + payload).get_data(as_text=True), path)
        _check(app.test_client().get(path + payload, follow_redirects=True).get_data(as_text=True), path)


@pytest.mark.parametrize("payload", BATCHES[::2])
def test_what_a_provider_says_is_text(app, account, make_app, settings, world, payload):
    hostile = Flask("hostile")

    @hostile.post("/<tenant>/oauth2/v2.0/token")
    def _(tenant: str):
        answer = dict.fromkeys(
            ["error", "suberror", "error_description", "error_uri", "trace_id", "correlation_id"], payload
        )
        return jsonify(answer | {"error_codes": [payload]}), 400

    with serve(hostile) as running:
        browser = sign_in(Browser(make_app(replace(settings, microsoft_authority=running.base_url))), account.owner)
        for more in ("&code=x", f"&error={payload}&error_description={payload}&error_uri={payload}"):
            there = create_oauth_service(browser, world, name=f"Mail {more[:5]}").press("Authorize")
            state = there.location.partition("&state=")[2].partition("&")[0]
            response = browser.client.get(f"/oauth2/custom-smtp-token?state={state}{more}", follow_redirects=True)
            assert "Authorization failed" in response.get_data(as_text=True)
            _check(response.get_data(as_text=True), more)
        _check(browser.client.get("/audit-log").get_data(as_text=True), "audit log")


@pytest.mark.parametrize("payload", [*PAYLOADS[:5], f'<p onclick="{MARK}()">', f'<a href="javascript:{MARK}()">'])
def test_a_page_that_did_not_escape_would_be_noticed(payload):
    with pytest.raises(AssertionError):
        _check(f"<main>{payload}</main>", "here")
