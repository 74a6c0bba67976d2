"""A database that is not this installation's keeps the background work still until somebody says otherwise."""

import shutil
import threading
import time
from dataclasses import replace

import pytest

from kbadmin import engine, gate, starting
from kbadmin.database import unit_of_work
from kbadmin.doctor import examine
from kbadmin.installation import Fact, fact, instance_name, introduce, is_paused, remember, take_over
from tests.databases import both_databases

ran: list[str] = []


@engine.task
def run_for_the_instance_tests(word: str) -> None:
    ran.append(word)


@engine.sweep
def sweep_for_the_instance_tests() -> None:
    ran.append("sweep")


@pytest.fixture(autouse=True)
def silence():
    ran.clear()


def give_to(app, owner):
    """The database is another installation's from now on."""
    with app.app_context(), unit_of_work():
        remember(Fact.INSTANCE, owner)
    engine.of(app).look_again()


def do_everything(app, worker):
    engine.of(app).enqueue("run_for_the_instance_tests", ("task",))
    worker.drain()
    engine.of(app).sweep_once()
    return sorted(set(ran))


@both_databases
def test_the_first_start_writes_the_name_and_later_ones_leave_it(app, settings):
    with app.app_context():
        assert is_paused(settings) is None
        introduce(replace(settings, instance="blue"))
        introduce(replace(settings, instance="green"))
        assert fact(Fact.INSTANCE) == "blue"
        assert is_paused(replace(settings, instance="blue")) is None


def test_another_installation_is_told_whose_it_is_and_what_to_do(app, settings):
    give_to(app, "blue")
    with app.app_context():
        reason = is_paused(replace(settings, instance="green"))
        assert "belongs to the installation «blue»; this one is «green»" in reason
        assert "set KBADMIN_INSTANCE=blue" in reason
        assert "`kbadmin outbox resume`" in reason


def test_asking_makes_up_no_name(app, settings):
    give_to(app, "blue")
    with app.app_context():
        assert "this one is new" in is_paused(settings)
    assert not (settings.instance_folder / "instance-name").exists()


@both_databases
def test_who_takes_over_is_the_owner_and_ends_every_pause(app, settings):
    with app.app_context():
        with unit_of_work():
            remember(Fact.INSTANCE, "blue")
            remember(Fact.PAUSED, "was restored from a backup")
        assert "This database was restored from a backup." in is_paused(replace(settings, instance="blue"))
        with unit_of_work():
            assert take_over(settings) == instance_name(settings)
        assert is_paused(settings) is None
        assert fact(Fact.PAUSED) is None


def test_a_copied_instance_folder_is_another_installation(settings, tmp_path):
    here = replace(settings, instance_folder=tmp_path / "here")
    name = instance_name(here)
    shutil.copytree(here.instance_folder, tmp_path / "there")
    there = replace(settings, instance_folder=tmp_path / "there")
    assert instance_name(there) != name
    assert instance_name(there) == instance_name(there)
    assert instance_name(here) == name


def test_a_name_that_an_operator_wrote_into_the_folder_counts(settings, tmp_path):
    (tmp_path / "instance-name").write_text("blue\n")
    assert instance_name(replace(settings, instance_folder=tmp_path)) == "blue"


@both_databases
def test_no_task_and_no_sweep_runs_while_paused_and_all_do_afterwards(app, settings, worker):
    assert do_everything(app, worker) == ["sweep", "task"]
    ran.clear()
    give_to(app, "another")
    assert not engine.of(app).is_open
    assert do_everything(app, worker) == []
    with app.app_context(), unit_of_work():
        take_over(settings)
    engine.of(app).look_again()
    assert engine.of(app).is_open
    assert do_everything(app, worker) == ["sweep", "task"]


def test_threads_that_work_already_notice_within_seconds(app, settings, worker):
    give_to(app, "another")
    worker.start()
    time.sleep(3 * settings.limits.sweep_seconds)
    assert ran == []
    with app.app_context(), unit_of_work():
        take_over(settings)
    limit = time.monotonic() + gate.SECONDS + 30
    while not ran and time.monotonic() < limit:
        time.sleep(0.02)
    engine.of(app).stop()
    assert "sweep" in ran


def test_it_is_said_once_when_the_gate_closes_and_once_when_it_opens(caplog):
    answers = iter([None, "blue's", "blue's", "blue's", None, None])
    asked = gate.Gate(lambda: next(answers))
    seen = []
    for _ in range(6):
        seen.append(asked.is_open)
        asked.look_again()
    assert seen == [True, False, False, False, True, True]
    assert caplog.text.count("worker paused") == 1
    assert caplog.text.count("worker goes on") == 1


def test_the_question_is_asked_seldom():
    questions = []
    asked = gate.Gate(lambda: questions.append("?"))
    began = time.monotonic()
    assert all(asked.is_open for _ in range(10_000))
    assert 1 <= len(questions) <= 1 + (time.monotonic() - began) / gate.SECONDS


def test_a_question_that_cannot_be_asked_keeps_the_gate_closed():
    def broken():
        raise RuntimeError("no database")

    assert not gate.Gate(broken).is_open


def test_readyz_and_the_doctor_tell_of_the_pause(app, settings, browser):
    with app.app_context():
        starting.require_ready()
    assert browser.open("/readyz").response.get_json()["worker_paused"] is False
    assert [found for found in examine(settings) if found.subject == "worker"] == []
    give_to(app, "another")
    assert browser.open("/readyz").response.get_json()["worker_paused"] is True
    (finding,) = [found for found in examine(settings) if found.subject == "worker"]
    assert "it is paused and sends nothing" in str(finding)
    assert "belongs to the installation «another»" in str(finding)
    assert not finding.is_wrong


@both_databases
def test_two_first_starts_at_once_agree_on_one_name(app, settings):
    start = threading.Barrier(2)

    def begin(name):
        with app.app_context():
            start.wait()
            introduce(replace(settings, instance=name))

    threads = [threading.Thread(target=begin, args=(name,)) for name in ("blue", "green")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        paused = [is_paused(replace(settings, instance=name)) is not None for name in ("blue", "green")]
    assert sorted(paused) == [False, True]
