"""kbadmin doctor: quiet about a healthy installation, and a name and a remedy for everything that is wrong."""

import socket
from collections.abc import Callable

import pytest

from kbadmin.key_settings import new_key_line
from tests.cli.machine import Ended, Machine


def wrong_lines(ended: Ended) -> list[str]:
    return [line for line in ended.output.splitlines() if line.startswith("WRONG")]


def test_a_healthy_installation_is_green(machine: Machine) -> None:
    assert machine.kbadmin("db", "upgrade").status == 0
    ended = machine.kbadmin("doctor")
    assert ended.status == 0, ended.output + ended.errors
    assert wrong_lines(ended) == []
    assert "warning" not in ended.output
    assert ended.output.endswith("Nothing is wrong.\n")
    for subject in ("settings", "instance folder", "database", "schema", "keys", "queue"):
        assert f"ok      {subject}: " in ended.output


def test_looking_does_not_plant_the_canary(machine: Machine) -> None:
    assert machine.kbadmin("doctor").status == 0
    assert "canary" not in machine.kbadmin("secrets", "status").output


def without_migration(machine: Machine) -> None:
    machine.set(DATABASE_URL=f"sqlite:///{machine.folder / 'empty.sqlite3'}")


def with_another_key(machine: Machine) -> None:
    assert machine.kbadmin("db", "upgrade").status == 0
    machine.write_keys(new_key_line("test"))


def with_a_key_missing(machine: Machine) -> None:
    assert machine.kbadmin("db", "upgrade").status == 0
    machine.write_keys(new_key_line("second"))


def with_a_key_file_for_everybody(machine: Machine) -> None:
    (machine.folder / "keys").chmod(0o644)


def with_a_broken_platform_sender(machine: Machine) -> None:
    machine.set(SYSTEM_SMTP_URL="smtp+starttls://robot:platform-password@mail.example.com:587")


def with_an_instance_folder_that_cannot_be(machine: Machine) -> None:
    (machine.folder / "a-file").write_text("no folder")
    machine.set(INSTANCE_FOLDER=str(machine.folder / "a-file" / "instance"))


def with_a_ca_file_of_nonsense(machine: Machine) -> None:
    (machine.folder / "ca.pem").write_text("no certificate")
    machine.set(SMTP_CA_FILE=str(machine.folder / "ca.pem"))


def with_a_database_that_does_not_answer(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    machine.set(DATABASE_URL=f"postgresql://kb:database-password@127.0.0.1:{port}/kb")


def with_a_queue_nowhere(machine: Machine) -> None:
    machine.set(QUEUE_URL=f"sqlite:///{machine.folder}/no-such-folder/queue.sqlite3")


@pytest.mark.parametrize(
    ("plant", "subject", "remedy"),
    [
        (without_migration, "schema", "Run `kbadmin db upgrade`"),
        (with_another_key, "keys", "Give KBADMIN_KEYS_FILE"),
        (with_a_key_missing, "keys", "Give KBADMIN_KEYS_FILE"),
        (with_a_key_file_for_everybody, "settings", "Run `chmod 600 "),
        (with_a_broken_platform_sender, "platform sender", "Add ?from="),
        (with_an_instance_folder_that_cannot_be, "instance folder", "KBADMIN_INSTANCE_FOLDER"),
        (with_a_ca_file_of_nonsense, "CA file", "KBADMIN_SMTP_CA_FILE"),
        (with_a_database_that_does_not_answer, "database", "KBADMIN_DATABASE_URL"),
        (with_a_queue_nowhere, "queue", "KBADMIN_QUEUE_URL"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_planted_fault_is_named_with_its_remedy(
    machine: Machine, plant: Callable[[Machine], None], subject: str, remedy: str
) -> None:
    plant(machine)
    ended = machine.kbadmin("doctor")
    assert ended.status == 1
    (line,) = wrong_lines(ended)
    assert line.startswith(f"WRONG   {subject}: ")
    assert remedy in line
    assert "password" not in line
    assert "Traceback" not in ended.errors
    assert ended.output.endswith("1 to put right.\n")


def test_all_faults_are_named_at_once(machine: Machine) -> None:
    without_migration(machine)
    with_a_broken_platform_sender(machine)
    with_a_ca_file_of_nonsense(machine)
    assert len(wrong_lines(machine.kbadmin("doctor"))) == 3


def test_production_is_warned_of_networks_on_this_machine_and_of_an_untrusted_proxy(machine: Machine) -> None:
    machine.set(ENV="production", BASE_URL="https://kb.example.com")
    ended = machine.kbadmin("doctor")
    assert ended.status == 0, ended.output
    assert "warning mail networks: KBADMIN_SMTP_ALLOWED_NETWORKS has 127.0.0.0/8" in ended.output
    assert "Set KBADMIN_TRUSTED_PROXIES to 1" in ended.output
