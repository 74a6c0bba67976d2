"""What stops kbadmin, with which sentence, and that nothing was changed by then."""

import sqlite3
import sys
from pathlib import Path

import pytest

from kbadmin.key_settings import new_key_line
from tests.cli.machine import Machine

STARTS = [("run", "--port", "0"), ("work",)]


def canary_of(machine: Machine) -> str:
    database = sqlite3.connect(Path(machine.environ["KBADMIN_DATABASE_URL"].removeprefix("sqlite:///")))
    try:
        return str(database.execute("SELECT value FROM installation_facts WHERE name = 'canary'").fetchone()[0])
    finally:
        database.close()


@pytest.mark.parametrize(
    "command", [("run", "--port", "0"), ("secrets", "status"), ("users", "reset", "a@example.com")]
)
def test_a_missing_setting_stops_every_command_with_one_sentence(
    bare_machine: Machine, command: tuple[str, ...]
) -> None:
    bare_machine.set(BASE_URL="")
    ended = bare_machine.kbadmin(*command)
    assert ended.status == 78
    assert ended.errors.startswith("KBADMIN_BASE_URL is missing. Give the address people open")
    assert len(ended.errors.splitlines()) == 1


@pytest.mark.parametrize("command", [*STARTS, ("db", "check"), ("secrets", "rotate")])
def test_an_empty_database_is_refused_with_the_command_that_helps(
    bare_machine: Machine, command: tuple[str, ...]
) -> None:
    ended = bare_machine.kbadmin(*command)
    assert ended.status == 78
    assert "Run `kbadmin db upgrade`" in ended.errors
    assert "Traceback" not in ended.errors


def test_a_new_database_is_upgraded_checked_and_given_a_canary(bare_machine: Machine) -> None:
    ended = bare_machine.kbadmin("db", "upgrade")
    assert ended.status == 0, ended.errors
    assert "The database is at migration" in ended.output
    assert bare_machine.kbadmin("db", "check").status == 0
    assert "installation_facts.canary" in bare_machine.kbadmin("secrets", "status").output


@pytest.mark.parametrize("command", [*STARTS, ("db", "upgrade"), ("secrets", "rotate")])
def test_another_key_of_the_same_name_is_refused_and_nothing_is_overwritten(
    machine: Machine, command: tuple[str, ...]
) -> None:
    assert machine.kbadmin("db", "upgrade").status == 0
    before = canary_of(machine)
    machine.write_keys(new_key_line("test"))
    ended = machine.kbadmin(*command)
    assert ended.status == 78
    assert "The encryption keys are not those of this database" in ended.errors
    assert "Give KBADMIN_KEYS_FILE" in ended.errors
    assert canary_of(machine) == before


def test_a_missing_key_is_named(machine: Machine) -> None:
    assert machine.kbadmin("db", "upgrade").status == 0
    machine.write_keys(new_key_line("second"))
    ended = machine.kbadmin("work")
    assert ended.status == 78
    assert "'test'" in ended.errors


def test_a_database_that_does_not_answer_is_a_sentence_too(bare_machine: Machine) -> None:
    bare_machine.set(
        DATABASE_URL="postgresql://nobody:pass-word@127.0.0.1:9/kb",
        QUEUE_URL=f"sqlite:///{bare_machine.folder}/q.sqlite3",
    )
    ended = bare_machine.kbadmin("work")
    assert ended.status == 69
    assert "Check KBADMIN_DATABASE_URL" in ended.errors
    assert "pass-word" not in ended.errors


def test_a_queue_that_cannot_be_opened_is_a_sentence_too(machine: Machine) -> None:
    machine.set(QUEUE_URL=f"sqlite:///{machine.folder}/no-such-folder/queue.sqlite3")
    ended = machine.kbadmin("work")
    assert ended.status == 69
    assert "Check KBADMIN_QUEUE_URL" in ended.errors
    assert "Traceback" not in ended.errors


def test_flask_knows_the_same_commands(machine: Machine) -> None:
    ended = machine.flask("secrets", "status")
    assert ended.status == 0, ended.errors
    assert "test (current)" in ended.output
    help_text = machine.flask("--help").output
    assert all(name in help_text for name in ("accounts", "users", "secrets", "outbox"))


def test_the_version_is_told_without_settings(bare_machine: Machine) -> None:
    bare_machine.environ.clear()
    ended = bare_machine.kbadmin("--version")
    assert ended.status == 0
    assert ended.output.startswith("kbadmin, version ")


def test_importing_the_application_brings_nothing_of_the_demo(machine: Machine) -> None:
    ended = machine.run(
        sys.executable, "-c", "import sys, kbadmin.cli; print([name for name in sys.modules if 'kbadmin.demo' in name])"
    )
    assert ended.output.strip() == "[]"


def test_the_outbox_is_shown_in_figures(machine: Machine) -> None:
    ended = machine.kbadmin("outbox", "status")
    assert ended.status == 0, ended.errors
    assert "queued" in ended.output
