"""What the page and the list say of a service in trouble: why, since when, who must act, and the button that helps."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import ServiceIncident
from kbadmin.smtp.models import SmtpService, State
from kbadmin.smtp.pauses import put_right
from kbadmin.smtp.security import Authentication
from kbadmin.smtp.stopped import has_stopped
from tests.databases import both_databases
from tests.factories import inside
from tests.house.rows import make_row
from tests.smtp.ready import ready_oauth, ready_with_password, state_of
from tests.smtp.rows import change, only_service
from tests.smtp.services import create_relay_service

SMTP_AUTH_OFF = {
    "stage": "sign_in", "kind": "refused", "code": 535, "enhanced": "5.7.139",
    "text": "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
    "challenge": None, "exception_name": None, "is_uncertain": False, "at": "2026-03-02T08:30:00+00:00",
}  # fmt: skip
EXPIRED_SECRET = {"kind": "provider_error", "error": "invalid_client", "aadsts": 7000222, "at": "2026-03-02T08:30:00Z"}
CONSENT_GONE = {"kind": "provider_error", "error": "invalid_grant", "aadsts": 65001, "at": "2026-03-02T08:30:00Z"}


def header(page):
    return page.soup.select_one(".state-header")


@pytest.fixture
def page(app, account, owner_browser, world, clock):
    return ready_with_password(app, account, owner_browser, world)


def test_a_paused_service_says_why_since_when_who_and_offers_resume(app, account, owner_browser, page):
    with inside(app, account):
        change(paused_at=house_clock.now() - timedelta(hours=1), pause_reason="535", submission_failure=SMTP_AUTH_OFF)

    shown = owner_browser.open(page.path)

    words = " ".join(header(shown).get_text(" ").split())
    assert state_of(shown) == "Paused"
    assert "since 2 March 2026, 08:00 UTC" in words
    assert "Authenticated SMTP" in words
    assert "Who must act: Your IT administrator" in words
    assert "Resume" in shown.buttons
    card = shown.soup.select_one("[aria-labelledby=submission-failure-title]").get_text(" ")
    assert "Set-CASMailbox -Identity" in card
    assert "535 5.7.139 Authentication unsuccessful" in card
    assert "2026-03-02 08:30:00 UTC" in card
    listed = owner_browser.open("/smtp").text
    assert "Paused" in listed
    assert "Must act: Your IT administrator" in listed


def test_a_pause_that_ends_by_itself_says_when(app, account, owner_browser, page):
    with inside(app, account):
        until = house_clock.now() + timedelta(hours=24)
        change(paused_at=house_clock.now(), paused_until=until, submission_failure=SMTP_AUTH_OFF)

    assert "Resumes by itself at 3 March 2026, 09:00 UTC" in header(owner_browser.open(page.path)).get_text()
    assert "Resumes by itself at 3 March 2026, 09:00 UTC" in owner_browser.open("/smtp").text


def test_a_degraded_service_says_what_happens_and_that_it_is_tried_again(app, account, owner_browser, page):
    with inside(app, account):
        slow = SMTP_AUTH_OFF | {"stage": "reach", "kind": "timed_out", "code": None, "enhanced": None, "text": ""}
        change(degraded_at=house_clock.now(), submission_failure=slow)

    shown = owner_browser.open(page.path)

    assert state_of(shown) == "Degraded"
    assert "Tried again with the next message." in header(shown).get_text()
    assert "Why it has difficulties" in shown.text
    assert "Resume" not in shown.buttons


@pytest.mark.parametrize(
    ("facts", "remedy", "words"),
    [(EXPIRED_SECRET, "Update OAuth2 Settings", "expired"), (CONSENT_GONE, "Authorize", "consent")],
)
def test_the_one_button_is_the_one_that_helps(app, account, owner_browser, world, clock, facts, remedy, words):
    page = ready_oauth(app, account, owner_browser, world)
    with inside(app, account):
        change(paused_at=house_clock.now(), authorization_failure=facts)

    shown = owner_browser.open(page.path)

    buttons = [" ".join(b.get_text(" ").split()) for b in header(shown).select(".state-header-actions .btn")]
    assert buttons == [remedy]
    assert "Resume" in shown.buttons  # On the card, for causes that were put right elsewhere.
    assert words in shown.text


def test_an_expired_secret_is_told_as_the_reason_of_a_dead_grant(app, account, owner_browser, world, clock):
    page = ready_oauth(app, account, owner_browser, world)
    with inside(app, account):
        change(paused_at=house_clock.now(), authorization_failure=CONSENT_GONE, refresh_token=None)

    shown = owner_browser.open(page.path)

    assert state_of(shown) == "Needs authorizing"
    assert "Who must act:" in header(shown).get_text()


def test_putting_right_clears_all_of_it(app, account, page):
    with inside(app, account):
        change(
            paused_at=house_clock.now(), paused_until=house_clock.now(), degraded_at=house_clock.now(),
            pause_reason="x", submission_failure=SMTP_AUTH_OFF,
        )  # fmt: skip
        with unit_of_work():
            put_right(only_service())
        row = only_service()
        names = ("paused_at", "paused_until", "pause_reason", "degraded_at", "submission_failure")
        assert [getattr(row, name) for name in names] == [None] * 5


def test_resume_needs_the_permission_and_a_service_of_ones_own(app, account, two_accounts, browser_as, page):
    with inside(app, account):
        change(paused_at=house_clock.now())
    writer = browser_as("writer")
    token = writer.open("/").soup.select_one("input[name=csrf_token]")["value"]
    writer.post(f"{page.path}/resume", {"csrf_token": token}, status=403)

    with inside(app, account):
        assert only_service().paused_at is not None


def test_the_bell_costs_one_query_however_much_there_is(app, account, owner_browser, world, clock):
    create_relay_service(owner_browser, world)
    empty = statements_of(app, lambda: owner_browser.open("/profile"))
    with inside(app, account), unit_of_work():
        for number in range(40):
            service = SmtpService(
                friendly_name=f"S{number}", friendly_name_key=f"s{number}", host="localhost", port=25, security="none",
                authentication="unauthenticated", send_from_address="a@example.com", paused_at=house_clock.now(),
            )  # fmt: skip
            db.session.add(service)
            db.session.flush()
            db.session.add(ServiceIncident(smtp_service_id=service.id, state="paused"))
    page = owner_browser.open("/profile")
    assert "What needs attention: 40" in page.links

    full = statements_of(app, lambda: owner_browser.open("/profile"))

    assert len(full) == len(empty)
    assert len([statement for statement in full if "service_incidents" in statement]) == 1


@both_databases
def test_a_query_finds_the_stopped_services_whose_state_says_so(app, account):
    secrets = {"password_sealed": "x", "client_secret_sealed": "x", "refresh_token_sealed": "x"}
    lacking = [{}, *({name: None} for name in secrets)]
    moments = [{}, {"paused_at": house_clock.now()}, {"disabled_at": house_clock.now()}]
    with inside(app, account), unit_of_work():
        for kind, less, moment in itertools.product(Authentication, lacking, moments):
            row = make_row(SmtpService)
            for name, value in ({"authentication": kind} | secrets | less | moment).items():
                setattr(row, name, value)
    with inside(app, account):
        found = set(db.session.scalars(select(SmtpService.id).where(has_stopped())))
        every = db.session.scalars(select(SmtpService)).all()
        assert found == {one.id for one in every if one.state not in (State.READY, State.UNTESTED, State.DEGRADED)}
        assert 0 < len(found) < len(every)


def statements_of(app, act):
    """The statements that an act sends to the database."""
    found = []
    with app.app_context():
        engine = db.engine

    def note(_connection, _cursor, statement, *_rest):
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return found
