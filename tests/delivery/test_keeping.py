"""Grants that nobody uses stay alive, and whoever looks after a service hears in time that its secret expires."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from kbadmin import clock as house_clock
from tests.databases import both_databases
from tests.delivery.mail_waiting import id_of, letters, row_of, stop_clock_now, work
from tests.factories import add_person, inside
from tests.smtp.rows import change
from tests.smtp.services import authorize, create_oauth_service
from tests.world import MAILBOX


@pytest.fixture
def settings(settings, world):
    return replace(settings, system_smtp_url=f"smtp://localhost:{world.relay.port}?from={quote('kb@example.com')}")


@pytest.fixture
def clock(clock):
    stop_clock_now()
    return clock


@pytest.fixture
def page(owner_browser, world):
    return authorize(owner_browser, create_oauth_service(owner_browser, world), world)


def calls(world):
    return [call.grant_type for call in world.provider.token_calls]


@both_databases
def test_a_grant_that_was_not_used_for_a_month_is_renewed_once(app, account, world, worker, clock, page):
    world.provider.token_calls.clear()
    clock.advance(days=29)
    work(worker, 2)
    assert calls(world) == []

    clock.advance(days=2)
    work(worker, 3)

    assert calls(world) == ["refresh_token"]
    assert row_of(app, account, id_of(page)).tokens_renewed_at == house_clock.now()
    clock.advance(days=1)
    work(worker, 2)
    assert calls(world) == ["refresh_token"]


def test_the_provider_is_asked_again_after_an_hour_if_it_did_not_answer(world, worker, clock, page):
    clock.advance(days=31)
    world.provider.token_calls.clear()
    world.provider.misbehave("server_error")
    work(worker, 3)
    asked = len(calls(world))
    work(worker, 3)
    assert len(calls(world)) == asked
    world.provider.behave()
    clock.advance(minutes=61)
    work(worker, 2)

    assert len(calls(world)) == asked + 1


def test_a_grant_that_died_all_the_same_is_an_incident_that_is_told(app, account, world, worker, clock, page):
    world.provider.revoke_grants(MAILBOX)
    clock.advance(days=31)
    work(worker, 3)

    assert row_of(app, account, id_of(page)).state == "needs_authorizing"
    assert letters(app, account) == [(account.owner.email, "Sending has stopped: Microsoft mail")]


@pytest.mark.parametrize("values", [{"disabled_at": "now"}, {"deleted_at": "now"}, {"paused_at": "now"}])
def test_a_service_that_waits_for_a_person_is_left_alone(app, account, world, worker, clock, page, values):
    with inside(app, account):
        change(**dict.fromkeys(values, house_clock.now()))
    world.provider.token_calls.clear()
    clock.advance(days=40)
    work(worker, 2)

    assert calls(world) == []


@both_databases
def test_an_expiring_secret_is_announced_four_times_to_everybody_who_may_act(app, account, world, worker, clock, page):
    it = add_person(app, account, "none", manages_smtp=True)
    add_person(app, account, "writer")
    with inside(app, account):
        change(secret_expires_on=house_clock.now().date() + timedelta(days=35))
    told = []
    for _ in range(37):
        work(worker, 2)
        told.append(len(letters(app, account)))
        clock.advance(days=1)

    found = letters(app, account)
    assert len(found) == 8
    assert {recipient for recipient, _ in found} == {account.owner.email, it.email}
    assert [subject for recipient, subject in found if recipient == it.email] == [
        f"The client secret of Microsoft mail expires in {days}" for days in ("30 days", "14 days", "7 days", "1 day")
    ]
    assert told[:6] == [0, 0, 0, 0, 0, 2]


def test_a_worker_that_was_away_announces_the_days_that_are_left(app, account, worker, clock, page):
    with inside(app, account):
        change(secret_expires_on=house_clock.now().date() + timedelta(days=5))
    work(worker, 2)

    assert letters(app, account) == [(account.owner.email, "The client secret of Microsoft mail expires in 5 days")]


def test_the_bell_shows_a_secret_that_expires_soon(app, account, owner_browser, page):
    with inside(app, account):
        change(secret_expires_on=house_clock.now().date() + timedelta(days=5))

    shown = owner_browser.open("/notices")

    assert "Secret expires soon" in shown.text
    assert shown.click("Update OAuth2 Settings for Microsoft mail").title == "Update OAuth2 Settings"
