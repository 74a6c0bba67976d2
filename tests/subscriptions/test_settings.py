"""The editor's page: a service by its name, a schedule, a subject, a test, on; and what the page says of each step."""

import uuid

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience
from kbadmin.subscriptions import set_up, weekdays
from kbadmin.subscriptions.models import SubscriptionSettings
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside, open_account
from tests.knowledge_bases.conftest import knowledge_base, make_knowledge_base
from tests.smtp.conftest import _world, world
from tests.smtp.rows import change
from tests.subscriptions.editing import as_if_tested, path, progress, service, settings, stored, token
from tests.users.pages import actions

__all__ = ["_world", "knowledge_base", "make_knowledge_base", "path", "service", "settings", "world"]


@both_databases
def test_an_editor_goes_from_nothing_to_subscriptions_that_are_on(app, account, browser_as, path, service, worker):
    editor = browser_as("editor")
    editor.must_not_show("localhost:", "127.0.0.1")
    page = editor.open(path)
    assert progress(page) == {"service": "next", "schedule": "next", "test": "blocked", "on": "blocked"}
    form = page.form("Save").select("Custom SMTP", "Company relay")
    for day in weekdays.NAMES:
        form.tick(day, on=day in ("Monday", "Thursday"))
    page = form.fill("Time", "07:35").fill("Subject", "News of {{ knowledge_base }}").press()
    assert page.messages == ["Subscription settings saved."]
    assert "On Monday and Thursday at 07:35, Europe/Berlin: “News of {{ knowledge_base }}”." in page.text
    assert progress(page) == {"service": "done", "schedule": "done", "test": "next", "on": "blocked"}
    page = page.click("Send Test Email").form("Send Email").press()
    assert "Sending…" in page.text
    worker.drain()
    assert "Test e-mail accepted by the server" in editor.open(page.path).text
    page = editor.open(path)
    assert progress(page) == {"service": "done", "schedule": "done", "test": "done", "on": "next"}
    page = page.press("Turn On")
    assert page.messages == ["Subscriptions are on."]
    assert "Next digest:" in page.text
    saved = stored(app, account)
    assert (saved.weekdays, saved.minute, saved.is_sending) == (0b0001001, 7 * 60 + 35, True)
    assert saved.next_due_at is not None


def test_a_test_that_fails_leaves_its_step_open(app, account, owner_browser, path, worker, world):
    make_service(app, account, port=1, name="Nowhere", tested_at=house_clock.now())
    page = owner_browser.open(path).form("Save").select("Custom SMTP", "Nowhere").press()
    page = page.click("Send Test Email").form("Send Email").press()
    worker.drain()
    page = owner_browser.open(page.path)
    assert "The test e-mail was not sent" in page.text
    assert "What the server answered" in page.links
    assert progress(owner_browser.open(path))["test"] == "next"


def test_a_forged_form_chooses_no_service_that_is_not_offered(app, account, browser_as, path):
    globex = open_account(app, "Globex")
    now, blocked = house_clock.now(), {"authentication": "password", "username": "x"}
    forged = [
        make_service(app, globex, port=25, tested_at=now),
        make_service(app, account, port=25, name="Off", tested_at=now, disabled_at=now),
        make_service(app, account, port=25, name="Gone", tested_at=now, deleted_at=now),
        make_service(app, account, port=25, name="Needs a password", **blocked),
        uuid.UUID(int=7),
        "no-id",
    ]
    for value in forged:
        form = browser_as("editor").open(path).form("Save").fill("Subject", "Kept")
        option = form.named("smtp_service_id").find(".//option")
        option.set("value", str(value))
        option.set("selected", "")
        page = form.press(status=422)
        assert len(page.errors) == 1, value
        assert page.form("Save").value("Subject") == "Kept"
    with inside(app, account):
        assert db.session.query(SubscriptionSettings).all() == []


def test_they_pause_go_on_and_turn_off_and_the_log_keeps_it(app, account, owner_browser, path, service):
    owner_browser.open(path).form("Save").select("Custom SMTP", "Company relay").press()
    page = owner_browser.post(f"{path}/on", {"csrf_token": token(owner_browser, path)})
    assert page.messages == ["Subscriptions are not on. Send a test e-mail through Company relay first."]
    as_if_tested(app, account, service)
    owner_browser.open(path).press("Turn On")
    page = owner_browser.open(path).press("Pause")
    assert "Paused since" in page.text
    assert stored(app, account).next_due_at is None
    page = page.press("Resume")
    assert "Next digest:" in page.text
    page = page.click("Turn Off").press("Turn Off")
    assert page.messages == ["Subscriptions are off."]
    assert not stored(app, account).is_on
    assert actions(owner_browser)[:5] == [
        "Subscriptions turned off: Customer Help",
        "Subscriptions resumed: Customer Help",
        "Subscriptions paused: Customer Help",
        "Subscriptions turned on: Customer Help",
        "Subscription settings changed: Customer Help",
    ]
    assert "none → Company relay" in owner_browser.open("/audit-log").text


def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(owner_browser, path):
    form = owner_browser.open(path).form("Save")
    for day in weekdays.NAMES:
        form.tick(day, on=False)
    form.fill("Time", "25:00").fill("Subject", "News {{name}}").fill("Introduction", "Hello {{ first_name }}")
    page = form.fill("Closing Words", "[Stop]({{knowledge_base}})").press(status=422)
    assert len(page.errors) == 4
    assert "Tick at least one day." in page.errors
    assert "Enter a time from 00:00 to 23:59, such as 09:00." in page.errors
    assert any(error.startswith("There is no field {{name}}. Use one of these:") for error in page.errors)
    assert page.form("Save").value("Subject") == "News {{name}}"
    assert page.form("Save").value("Introduction").strip() == "Hello {{ first_name }}"


def test_a_service_in_use_says_where_and_one_that_was_stopped_asks_for_another(
    app, account, owner_browser, path, service
):
    owner_browser.open(path).form("Save").select("Custom SMTP", "Company relay").press()
    as_if_tested(app, account, service)
    owner_browser.open(path).press("Turn On")
    assert "Subscriptions of Customer Help" in owner_browser.open(f"/smtp/{service}/delete").links
    page = owner_browser.open(path).form("Save").select("Custom SMTP", "Choose a service").press(status=422)
    assert page.errors == ["Choose a service, or turn subscriptions off first."]
    with inside(app, account):
        change(service, disabled_at=house_clock.now())
    page = owner_browser.open(path)
    assert "Company relay is disabled. Choose another one" in page.text
    assert progress(page)["service"] == "next"
    overview = owner_browser.open(path.removesuffix("/settings/subscriptions"))
    assert "Digests leave on schedule." in overview.text


def test_strangers_are_let_in_only_where_everybody_reads(owner_browser, make_knowledge_base, path):
    assert "Everybody may subscribe with an e-mail address" not in owner_browser.open(path).form("Save").labels
    public = make_knowledge_base("Public Help", audience=Audience.PUBLIC)
    page = owner_browser.open(f"/knowledge-bases/{public}/settings/subscriptions")
    page = page.form("Save").tick("Everybody may subscribe with an e-mail address").press()
    assert page.soup.select_one("input[name=is_public]").has_attr("checked")


def test_writers_and_editors_elsewhere_are_kept_out(browser_as, path):
    for below in ("", "/test-email", "/off"):
        browser_as("writer").open(path + below, status=403)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0b1111111, "Every day"),
        (0b0011111, "Monday to Friday"),
        (0b1100000, "On Saturday and Sunday"),
        (0b0000001, "On Monday"),
        (0b0010101, "On Monday, Wednesday and Friday"),
    ],
)
def test_days_in_words(bits, words):
    assert weekdays.in_words(bits) == words
    assert weekdays.bits_of(weekdays.chosen(bits)) == bits


@pytest.mark.parametrize("typed", ["", "9", "24:00", "9:5", "09:60", "٠٩:٠٠", "-1:00", "09:00:00", "9 am"])
def test_a_time_that_is_none_is_refused(typed):
    with pytest.raises(ValueError, match="such as 09:00"):
        weekdays.minute_of(typed)


def test_without_settings_the_first_two_steps_come_first():
    assert [step.progress for step in set_up.steps(None, None, zone="UTC", has_services=False)] == [
        "blocked",
        "next",
        "blocked",
        "blocked",
    ]
