"""Sending limits as a form: within what the provider allows, blank for what is usual, and nothing dropped."""

import pytest

from kbadmin.delivery import lanes
from kbadmin.delivery.turns import turn
from tests.factories import inside
from tests.smtp.ready import ready_oauth, ready_with_password, state_of
from tests.smtp.rows import change, only_service
from tests.smtp.services import create_oauth_service, create_password_service, create_relay_service

CONNECTIONS, MINUTE, DAY = "Connections At Once", "Messages Per Minute", "Recipients Per Day"


def limits(app, account):
    with inside(app, account):
        service = only_service()
        return service.max_connections, service.messages_per_minute, service.recipients_per_day


def test_blank_fields_mean_no_limit_of_ours_elsewhere_and_microsofts_there(app, account, owner_browser, world):
    create_relay_service(owner_browser, world)
    assert limits(app, account) == (3, None, None)


@pytest.mark.parametrize("create", [create_oauth_service, create_password_service])
def test_microsofts_limits_hold_however_its_mailboxes_sign_in(app, account, owner_browser, world, create):
    host = {"SMTP Host": "smtp.office365.com", "Port": "587"} if create is create_password_service else {}
    create(owner_browser, world, **host)

    assert limits(app, account) == (1, 25, 10_000)


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        (CONNECTIONS, "4", "Microsoft allows 3 connections at once for each mailbox. Enter 1 to 3"),
        (MINUTE, "26", "Microsoft allows 30 messages a minute for each mailbox, and up to 5 leave in a burst."),
        (DAY, "10,001", "Microsoft allows 10,000 recipients in 24 hours for each mailbox. Enter 1 to 10,000"),
        (MINUTE, "0", "Enter 1 to 25"),
        (MINUTE, "٢٥", "Enter 1 to 25"),
        (DAY, "-1", "Enter 1 to 10,000"),
        (CONNECTIONS, "one", "Enter 1 to 3"),
    ],
)
def test_a_figure_out_of_bounds_says_the_bound_and_why(app, account, owner_browser, world, label, value, words):
    page = create_oauth_service(owner_browser, world)

    refused = page.form("Save").fill(label, value).press(status=422)

    assert words in refused.form("Save").error(label)
    assert refused.form("Save").value(label) == value
    assert limits(app, account) == (1, 25, 10_000)


@pytest.mark.parametrize(("label", "value"), [(CONNECTIONS, "11"), (MINUTE, "100001"), (DAY, "9" * 30)])
def test_other_servers_have_bounds_against_slips_of_the_finger(owner_browser, world, label, value):
    page = create_relay_service(owner_browser, world)

    assert "Enter 1 to" in page.form("Save").fill(label, value).press(status=422).form("Save").error(label)


@pytest.mark.parametrize("make", [ready_oauth, ready_with_password])
def test_changing_limits_drops_nothing(app, account, owner_browser, world, make):
    page = make(app, account, owner_browser, world)
    form = page.form("Save").fill(CONNECTIONS, "2").fill(MINUTE, "20").fill(DAY, "5,000")
    saved = form.choose("Hold it for a person").press(status=200)

    assert saved.messages == ["Saved."]
    assert state_of(saved) == "Ready"
    assert limits(app, account) == (2, 20, 5000)
    with inside(app, account):
        assert only_service().uncertain_messages == "hold"
        assert only_service().configuration_version == 1


def test_a_relay_that_becomes_microsofts_comes_within_its_bounds(app, account, owner_browser, world):
    page = create_relay_service(owner_browser, world, **{MINUTE: "500", CONNECTIONS: "10"})
    assert limits(app, account) == (10, 500, None)
    form = page.form("Save").fill("SMTP Host", "smtp.office365.com").fill("Port", "587")
    form = form.press(status=422).form("Save")
    assert "Microsoft allows" in form.error(MINUTE)
    form.fill(MINUTE, "").fill(CONNECTIONS, "").press(status=200)

    assert limits(app, account) == (1, 25, 10_000)


def test_a_copy_has_the_limits_of_its_original(app, account, owner_browser, world):
    page = create_relay_service(owner_browser, world, **{DAY: "700"})
    copy = page.click("Duplicate").press("Duplicate")

    assert copy.form("Save").value(DAY) == "700"


def test_a_day_that_is_nearly_full_is_said_on_the_page(app, account, owner_browser, world):
    page = create_relay_service(owner_browser, world, **{DAY: "100"})
    with inside(app, account):
        service = only_service()
        service_id, account_id = service.id, service.account_id
    for sent, is_said in [(79, False), (1, True)]:
        with app.app_context(), turn() as session:
            lanes.terms(session, service_id)  # The first look at a lane makes its rows.
            lanes.take(session, service_id, None, {account_id: sent})
        assert ("80 of 100 recipients of the last 24 hours" in owner_browser.open(page.path).text) is is_said


def test_what_stands_in_the_database_is_shown_as_it_is(app, account, owner_browser, world):
    page = create_oauth_service(owner_browser, world)
    with inside(app, account):
        change(messages_per_minute=7)

    assert owner_browser.open(page.path).form("Save").value(MINUTE) == "7"
