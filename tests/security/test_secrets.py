"""Canaries in every secret field, more than forty ways to fail, and not one of them in any sink."""

from dataclasses import replace

import pytest
from flask import Flask, jsonify, request
from sqlalchemy import select

from kbadmin.database import db, unit_of_work
from kbadmin.demo.misbehaviours import Misbehaviour
from kbadmin.demo.serving import serve
from kbadmin.demo.troubles import Trouble
from kbadmin.smtp.models import SmtpService
from kbadmin.users.password_changes import print_reset_link
from tests.browser import Browser
from tests.factories import PASSWORD, inside, sign_in
from tests.security.echo_server import echo_server
from tests.security.sinks import Sinks
from tests.smtp.services import (
    authorize,
    create_oauth_service,
    create_password_service,
    patience_with,
    send_test,
)
from tests.world import CLIENT_SECRET, MAILBOX, MAILBOX_PASSWORD

PLATFORM = "canary+platform.Password-2b8d"
TYPED = {
    "wrong service password": "canary-wrong/service+Password-55e1",
    "wrong client secret": "canary8Q~wrong.client_Secret-a1b2c3",
    "new user password": "canary gibbon tractor violet",
    "wrong user password": "canary otter gasket indigo",
}


@pytest.fixture
def settings(settings, world):
    sender = f"smtp+starttls://{MAILBOX}:{PLATFORM.replace('+', '%2B')}@localhost:{world.mail.port}?from={MAILBOX}"
    return replace(settings, system_smtp_url=sender)


@pytest.fixture
def sinks(app, settings):
    found = Sinks(app, settings)
    yield found
    found.close()


def test_a_provider_gets_them_and_nothing_else_does(app, account, owner_browser, world, worker, sinks):
    page = create_oauth_service(owner_browser, world)
    there = page.press("Authorize")
    state = there.location.partition("&state=")[2].partition("&")[0]
    page = owner_browser.open(world.provider.sign_in(there.location, MAILBOX))
    assert "Authorization successful" in page.messages
    tokens = _tokens(app, account)
    for how in Misbehaviour:
        world.provider.behave()
        with patience_with(app, how):
            authorize(owner_browser, owner_browser.open(page.path), world, misbehaviour=how)
    assert _tokens(app, account) == tokens, "an earlier grant stays"
    for trouble in Trouble:
        world.troubles.give(MAILBOX, trouble)
        _test(app, owner_browser, page, worker)
    world.troubles.end()
    world.provider.expire_tokens()
    _test(app, owner_browser, page, worker)
    for how in (Misbehaviour.SERVER_ERROR, Misbehaviour.HTML, Misbehaviour.NO_ANSWER, Misbehaviour.WRONG_SECRET):
        world.provider.misbehave(how)
        world.provider.expire_tokens()
        _test(app, owner_browser, page, worker)
    sent = [call.form for call in world.provider.token_calls]
    wire = {form[key] for form in sent for key in ("code", "code_verifier", "refresh_token") if key in form}
    assert len(wire) > 20
    assert not sinks.finds({CLIENT_SECRET, *tokens, *_tokens(app, account), *wire - {""}})
    assert not sinks.finds({state}, in_answers=False)


@pytest.mark.parametrize("at", ["AUTH", "challenge", "MAIL", "RCPT", "DATA", "message", "none"])
def test_a_mail_server_that_repeats_them_is_not_quoted(app, account, owner_browser, world, worker, sinks, at):
    with echo_server(world.certificates, at=at) as server:
        page = create_password_service(owner_browser, world, Port=str(server.port))
        _test(app, owner_browser, page, worker)
        page = create_oauth_service(owner_browser, world, Port=str(server.port))
        page = authorize(owner_browser, page, world)
        _test(app, owner_browser, page, worker)
    shown = "".join(sinks.answers)
    assert ("xxxxxxxx" in shown) is (at != "challenge"), "the answer was shown, without what it repeats"
    assert not sinks.finds({MAILBOX_PASSWORD, CLIENT_SECRET, *_tokens(app, account)})


@pytest.mark.parametrize("field", ["error", "suberror", "error_description", "correlation_id", "trace_id", "error_uri"])
def test_a_provider_that_repeats_them_is_not_quoted(app, account, make_app, settings, world, worker, sinks, field):
    hostile = Flask("hostile")
    before = "AADSTS7000215: " if field == "error_description" else ""

    @hostile.post("/<tenant>/oauth2/v2.0/token")
    def _(tenant: str):
        return jsonify({"error": "invalid_client", field: before + request.form["client_secret"]}), 401

    with serve(hostile) as running:
        other = make_app(replace(settings, microsoft_authority=running.base_url))
        sinks.record(other)
        browser = sign_in(Browser(other), account.owner)
        there = create_oauth_service(browser, world).press("Authorize")
        state = there.location.partition("&state=")[2].partition("&")[0]
        page = browser.open(f"/oauth2/custom-smtp-token?state={state}&code=canary-authorization-code-77")
        assert page.status == 200
    assert not sinks.finds({CLIENT_SECRET, "canary-authorization-code-77"})


def test_what_is_typed_is_shown_and_kept_nowhere(app, account, settings, owner_browser, browser, world, worker, sinks):
    wrong = TYPED["wrong service password"]
    page = create_password_service(owner_browser, world, Password=wrong)
    _test(app, owner_browser, page, worker)
    owner_browser.post(page.path, {"password": wrong}, status=400)  # without a token
    create_password_service(owner_browser, world, Password=wrong)  # the name is taken
    create_password_service(owner_browser, world, **{"Password": wrong, "Port": "x", "Friendly Name": "Third"})
    create_oauth_service(owner_browser, world, **{"Client Secret": TYPED["wrong client secret"], "Client ID": "no"})
    page = create_oauth_service(owner_browser, world, **{"Client Secret": TYPED["wrong client secret"]})
    authorize(owner_browser, page, world)
    for method in ("put", "delete", "patch"):
        owner_browser.client.open(page.path, method=method, data={"password": wrong})
    owner_browser.client.post("/nowhere", data={"password": wrong})
    owner_browser.client.post(page.path, data={"password": wrong * 50_000})
    owner_browser.client.post(page.path, data={"password": wrong}, headers={"Host": "evil.example.com"})

    form = browser.open("/sign-in").form("Sign In") if "Sign In" in browser.open("/sign-in").buttons else None
    form = form or browser.open("/sign-in").form(browser.open("/sign-in").buttons[0])
    form.fill("E-mail Address", account.owner.email).fill("Password", TYPED["wrong user password"]).press(status=422)
    with app.app_context():
        reset = print_reset_link(account.owner.email)
    path = reset.removeprefix(settings.base_url)
    page = browser.open(path)
    form = page.form(page.buttons[0])
    form.fill("New Password", TYPED["new user password"]).fill("Repeat New Password", "another one").press()
    form.fill("New Password", TYPED["new user password"])
    form.fill("Repeat New Password", TYPED["new user password"]).press()
    page = browser.open("/team/invite")
    page.form(page.buttons[-1]).fill("E-mail Address", "new@example.com").choose("Editor").press()
    worker.sweep()
    worker.drain()  # The platform's server refuses the platform's password.
    invitation = "".join(sinks.answers).partition("/invite/")[2][:43]
    with app.app_context(), unit_of_work():
        db.session.connection().exec_driver_sql("DROP TABLE one_time_links")
    browser.open(path, status=503, follow=False)
    browser.open(f"/set-password/{invitation}", status=503, follow=False)
    assert "request failed" in sinks.log.getvalue()
    assert "service trouble" in sinks.log.getvalue()
    assert not sinks.finds({*TYPED.values(), PLATFORM, PASSWORD})
    assert not sinks.finds({path.rpartition("/")[2], invitation}, in_answers=False)


def _test(app, browser, page, worker) -> None:
    with app.app_context(), unit_of_work():
        db.session.connection().exec_driver_sql("DELETE FROM throttles")
    send_test(browser, browser.open(page.path), worker)


def _tokens(app, account) -> set[str]:
    with inside(app, account):
        found = [
            secret
            for service in db.session.scalars(select(SmtpService))
            for secret in (service.access_token, service.refresh_token)
        ]
        return {secret.reveal() for secret in found if secret is not None}
