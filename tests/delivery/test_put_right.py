"""Whatever fixes a service lets its mail go: a secret, a password, a server, an authorization, a test, time, Resume."""

import pytest

from kbadmin.audit.models import AuditEntry
from kbadmin.database import db
from kbadmin.demo.troubles import Trouble
from kbadmin.outbox.models import Status
from tests.databases import both_databases
from tests.delivery.mail_waiting import id_of, incidents, queue, readers, row_of, statuses, stop_clock_now, work
from tests.factories import inside
from tests.fakes import hostile_smtp
from tests.smtp.ready import agree, state_of
from tests.smtp.rows import change
from tests.smtp.services import authorize, create_oauth_service, create_password_service, send_test
from tests.world import CLIENT_SECRET, MAILBOX, MAILBOX_PASSWORD

DAILY_LIMIT = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"


@pytest.fixture
def clock(clock):
    stop_clock_now()
    return clock


@pytest.fixture
def oauth(owner_browser, world):
    return authorize(owner_browser, create_oauth_service(owner_browser, world), world)


def seen(owner_browser, page):
    return owner_browser.open(page.path.partition("?")[0])


@both_databases
def test_a_secret_that_expires_pauses_the_service_and_a_new_one_sends_all_that_waits(
    app, account, owner_browser, world, worker, clock, oauth
):
    world.provider.expire_tokens()
    world.provider.misbehave("expired_secret")
    queue(app, account, id_of(oauth), *readers(5))
    work(worker, 2)
    paused = seen(owner_browser, oauth)
    assert state_of(paused) == "Paused"
    assert "Who must act:" in paused.soup.select_one(".state-header").get_text()
    assert paused.soup.select_one(".state-header-actions a")["href"] == f"{paused.path}/oauth2"

    world.provider.behave()
    clock.advance(minutes=1)
    paused.click("Update OAuth2 Settings").form("Save").fill("Client Secret", CLIENT_SECRET).press(status=200)
    work(worker, 2)

    assert statuses(app, account, id_of(oauth)) == {Status.ACCEPTED: 5}
    assert state_of(seen(owner_browser, oauth)) == "Ready"


def test_a_secret_that_is_wrong_again_stops_it_again_and_drops_nothing(
    app, account, owner_browser, world, worker, clock, oauth
):
    world.provider.expire_tokens()
    world.provider.misbehave("wrong_secret")
    queue(app, account, id_of(oauth), *readers(2))
    work(worker, 2)
    page = seen(owner_browser, oauth)
    page.click("Update OAuth2 Settings").form("Save").fill("Client Secret", CLIENT_SECRET).press(status=200)
    work(worker, 2)

    assert state_of(seen(owner_browser, oauth)) == "Paused"
    assert statuses(app, account, id_of(oauth)) == {Status.QUEUED: 2}
    assert len(incidents(app, account)) == 1


@both_databases
def test_a_token_that_ended_early_costs_one_call_and_no_message(app, account, world, worker, clock, oauth):
    world.provider.expire_tokens()
    world.provider.token_calls.clear()
    queue(app, account, id_of(oauth), *readers(5))
    work(worker, 2)

    assert statuses(app, account, id_of(oauth)) == {Status.ACCEPTED: 5}
    assert [call.grant_type for call in world.provider.token_calls] == ["refresh_token"]
    assert [sign_in.is_accepted for sign_in in world.mail.sign_ins] == [False, True]


def test_a_new_password_sends_all_that_waits(app, account, owner_browser, world, worker, clock):
    page = create_password_service(owner_browser, world, Password="wrong-password-of-old")
    queue(app, account, id_of(page), *readers(3))
    work(worker, 2)
    assert state_of(seen(owner_browser, page)) == "Paused"
    seen(owner_browser, page).form("Save").fill("Password", MAILBOX_PASSWORD).press(status=200)
    work(worker, 2)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 3}


def test_an_edited_server_closes_the_breaker_and_old_credentials_never_go_there(
    app, account, owner_browser, world, worker, clock
):
    """F25: edited while mail waits. The password was for the other server, so the mail waits until it is given anew."""
    with hostile_smtp.server("drops_at_greeting") as broken:
        page = create_password_service(owner_browser, world, Port=str(broken.port))
        queue(app, account, id_of(page), *readers(3))
        work(worker, 2)
    assert state_of(seen(owner_browser, page)) == "Degraded"
    agree(seen(owner_browser, page).form("Save").fill("Port", str(world.mail.port)).press(status=422))
    work(worker, 2)
    assert list(world.mail.sign_ins) == []
    assert statuses(app, account, id_of(page)) == {Status.QUEUED: 3}

    seen(owner_browser, page).form("Save").fill("Password", MAILBOX_PASSWORD).press(status=200)
    work(worker, 2)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 3}


@pytest.mark.parametrize("state", ["disabled", "paused"])
def test_nothing_leaves_while_a_service_is_off_and_all_of_it_afterwards(
    app, account, owner_browser, world, worker, clock, state
):
    page = create_password_service(owner_browser, world)
    if state == "disabled":
        owner_browser.open(f"{page.path}/disable").press("Disable")
    else:
        world.troubles.give(MAILBOX, Trouble.SMTP_AUTH_OFF_TENANT)
    queue(app, account, id_of(page), *readers(4))
    work(worker, 3)
    assert world.mailbox.messages() == []
    assert statuses(app, account, id_of(page)) == {Status.QUEUED: 4}

    world.troubles.end()
    clock.advance(minutes=1)
    seen(owner_browser, page).press("Enable" if state == "disabled" else "Resume")
    work(worker, 2)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 4}


def test_an_accepted_test_lets_the_queue_go(app, account, owner_browser, world, worker, clock):
    page = create_password_service(owner_browser, world)
    world.troubles.give(MAILBOX, Trouble.SMTP_AUTH_OFF_MAILBOX)
    queue(app, account, id_of(page), *readers(3))
    work(worker, 2)
    world.troubles.end()
    clock.advance(minutes=1)
    send_test(owner_browser, seen(owner_browser, page), worker)
    work(worker)

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 3}
    row = row_of(app, account, id_of(page))
    assert (row.paused_at, row.paused_until, row.submission_failure) == (None, None, None)


@both_databases
def test_a_daily_limit_fails_nobody_and_the_next_day_sends_the_rest(app, account, owner_browser, world, worker, clock):
    """F14."""
    page = create_password_service(owner_browser, world)
    queue(app, account, id_of(page), *readers(4))
    refusing = hostile_smtp.server("good_plain", replies={"message": DAILY_LIMIT})
    with refusing as server:
        _lead_to(app, account, server.port)
        work(worker, 2)
    shown = seen(owner_browser, page)
    assert state_of(shown) == "Paused"
    assert "Resumes by itself at" in shown.soup.select_one(".state-header").get_text()
    assert statuses(app, account, id_of(page)) == {Status.QUEUED: 4}

    with hostile_smtp.server("good_plain") as server:
        _lead_to(app, account, server.port)
        clock.advance(hours=23)
        work(worker, 2)
        assert server.messages == []
        clock.advance(hours=2)
        work(worker, 3)
        assert len(server.messages) == 4

    assert statuses(app, account, id_of(page)) == {Status.ACCEPTED: 4}
    assert row_of(app, account, id_of(page)).state == "ready"


@pytest.mark.parametrize("certificate", ["wrong_name", "expired", "untrusted", "no_starttls"])
def test_a_connection_that_is_not_safe_pauses_and_shows_no_credentials(
    app, account, owner_browser, world, worker, clock, certificate
):
    """F27."""
    with hostile_smtp.server(certificate, username=MAILBOX, password=MAILBOX_PASSWORD) as server:
        page = create_password_service(owner_browser, world, Port=str(server.port))
        queue(app, account, id_of(page), *readers(2))
        work(worker, 2)
        assert server.credentials == []
        assert b"AUTH" not in bytes(server.received)

    assert state_of(seen(owner_browser, page)) == "Paused"
    assert statuses(app, account, id_of(page)) == {Status.QUEUED: 2}


def test_resuming_is_in_the_audit_log_and_stops_again_if_the_cause_is_still_there(
    app, account, owner_browser, world, worker, clock
):
    page = create_password_service(owner_browser, world)
    world.troubles.give(MAILBOX, Trouble.SECURITY_DEFAULTS)
    queue(app, account, id_of(page), *readers(1))
    work(worker, 2)
    resumed = seen(owner_browser, page).press("Resume")
    assert "Sending goes on" in resumed.messages[0]
    work(worker)

    assert state_of(seen(owner_browser, page)) == "Paused"
    with inside(app, account):
        entries = db.session.query(AuditEntry).filter_by(action="smtp service resumed").all()
        assert len(entries) == 1


def _lead_to(app, account, port):
    """The service's server is a plain one at this port; set past the page, which would drop the password."""
    with inside(app, account):
        change(port=port, security="none", authentication="unauthenticated", username=None)
