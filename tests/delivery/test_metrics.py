"""/metrics, /readyz and ``kbadmin outbox``: what operators and their monitoring read."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from flask.cli import ScriptInfo

from kbadmin.cli import main
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.lanes import strike
from kbadmin.delivery.turns import turn
from kbadmin.outbox.models import PLATFORM, Kind, OutboxMessage, Status
from kbadmin.outbox.operations import enqueue
from tests.databases import both_databases
from tests.delivery.test_platform_queue import platform_url
from tests.factories import inside, open_account
from tests.world import MAILBOX


@pytest.fixture
def settings(settings, world):
    return replace(settings, system_smtp_url=platform_url(world))


def queue(app, account, recipient="reader@example.org"):
    with inside(app, account), unit_of_work():
        enqueue(
            kind=Kind.NOTICE, recipient=recipient, subject="News", text="News\n", html="<p>News</p>",
            deduplication_key=recipient,
        )  # fmt: skip


def read(app, **options):
    answer = app.test_client().get("/metrics", base_url="http://localhost", **options)
    if answer.status_code != 200:
        return answer, {}
    figures = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return answer, {name: float(value) for name, _, value in figures}


@both_databases
def test_the_figures_follow_the_messages(app, account, world, worker):
    queue(app, account)
    queue(app, account, "nobody@example.com")
    _, before = read(app)
    worker.drain()
    _, after = read(app)

    assert before['kbadmin_messages{status="queued"}'] == 2
    assert before["kbadmin_oldest_due_seconds"] > 0
    assert after['kbadmin_messages{status="queued"}'] == 0
    assert after['kbadmin_messages{status="failed"}'] == 1
    assert (after["kbadmin_accepted_total"], after["kbadmin_failed_total"]) == (1, 1)
    assert after["kbadmin_oldest_due_seconds"] == 0


def test_a_worker_shows_its_beat(app, worker):
    _, without = read(app)
    worker.start()
    answer, alive = read(app)

    assert without["kbadmin_workers_alive"] == 0
    assert alive["kbadmin_workers_alive"] == 1
    assert alive["kbadmin_worker_beat_seconds"] < 30
    assert answer.content_type.startswith("text/plain")
    told = app.test_client().get("/readyz", base_url="http://localhost").get_json()
    assert told["worker"]["alive"] == 1


def test_strangers_hear_that_there_is_no_such_page(app):
    answer, _ = read(app, environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert answer.status_code == 404


def test_a_proxy_on_this_machine_does_not_open_the_page_to_strangers(app):
    answer, _ = read(app, headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.status_code == 404


@pytest.mark.parametrize(("token", "status"), [("letmein-letmein", 200), ("letmein", 404), ("", 404)])
def test_a_token_opens_the_page_from_anywhere(make_app, settings, token, status):
    app = make_app(replace(settings, metrics_token="letmein-letmein"))
    answer, _ = read(
        app, headers={"Authorization": f"Bearer {token}"}, environ_overrides={"REMOTE_ADDR": "203.0.113.7"}
    )
    assert answer.status_code == status


def test_no_figure_names_an_account_or_an_address(app, account, worker):
    queue(app, account)
    answer, _ = read(app)
    assert account.name not in answer.text
    assert "example.org" not in answer.text
    assert str(account.id) not in answer.text


def run(app, *arguments):
    return CliRunner().invoke(main.commands["outbox"], arguments, obj=ScriptInfo(create_app=lambda: app))


def test_status_tells_where_messages_stand_and_that_nobody_delivers(app, account):
    queue(app, account)
    done = run(app, "status")
    assert done.exit_code == 0, done.output
    assert "queued              1" in done.output
    assert "No worker runs" in done.output


@both_databases
def test_retry_sends_failed_messages_again_in_the_account_that_was_named(app, account, world, worker):
    other = open_account(app, "Globex")
    for one in (account, other):
        queue(app, one, "nobody@example.com")
    worker.drain()
    world.troubles.end()

    done = run(app, "retry", "--account", account.slug)

    assert "1 that were failed are sent again" in done.output
    with inside(app, account):
        assert db.session.query(OutboxMessage).one().status == Status.QUEUED
    with inside(app, other):
        assert db.session.query(OutboxMessage).one().status == Status.FAILED


def test_retry_of_an_account_that_is_not_there_says_so(app):
    done = run(app, "retry", "--account", "nobody")
    assert done.exit_code == 1
    assert "There is no account" in done.output


def test_a_lane_whose_breaker_waits_is_counted(app, account, world, worker):
    queue(app, account)
    worker.drain()
    with app.app_context(), turn() as session:
        strike(session, PLATFORM, slowed_for=None)
    _, found = read(app)
    assert found["kbadmin_lanes_closed"] == 0
    assert MAILBOX not in str(found)
