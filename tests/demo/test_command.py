"""What ``kbadmin demo`` is asked for: ports that are free, and a database of one's own."""

import socket
from pathlib import Path

import pytest

from kbadmin.demo.certificates import ensure_certificates
from kbadmin.demo.command import Ports, demo_settings
from kbadmin.demo.folder import DemoSecrets
from tests.cli.machine import Machine, new_machine

PORTS = Ports(web=8000, mailbox=8001, provider=8002)
POSTGRESQL = "postgresql+psycopg://demo@127.0.0.1/demo"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return new_machine(tmp_path)


@pytest.fixture
def taken():
    """A port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_of_ports_that_are_taken_it_says_how_to_choose_others(machine: Machine, taken: int):
    ended = machine.kbadmin("demo", "--folder", str(machine.folder / "demo"), "--mail-port", str(taken))
    assert ended.status == 1
    assert "Choose other ports with --port and --mail-port." in ended.errors


def test_it_does_not_forget_the_keys_of_a_database_that_it_keeps(machine: Machine):
    folder = machine.folder / "demo"
    folder.mkdir()
    (folder / "keys").write_text("kept")
    ended = machine.kbadmin("demo", "--folder", str(folder), "--database", POSTGRESQL, "--fresh")
    assert ended.status == 2
    assert "without --fresh" in " ".join(ended.errors.split())
    assert (folder / "keys").read_text() == "kept"


@pytest.mark.parametrize(("asked", "kept"), [(None, "sqlite:///"), (POSTGRESQL, POSTGRESQL)])
def test_its_other_commands_work_on_the_same_database(tmp_path: Path, asked: str | None, kept: str):
    settings = demo_settings(tmp_path, PORTS, DemoSecrets(), ensure_certificates(tmp_path / "certificates"), asked)
    assert settings.database_url.startswith(kept)
    assert (f"KBADMIN_DATABASE_URL='{asked}'" in (tmp_path / ".env").read_text()) is bool(asked)
