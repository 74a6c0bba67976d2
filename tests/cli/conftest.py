"""Machines for tests of commands."""

from pathlib import Path

import pytest

from kbadmin.config import Settings
from tests.cli.machine import Machine, machine_of, new_machine


@pytest.fixture
def bare_machine(tmp_path: Path) -> Machine:
    """Settings and keys, no database yet."""
    return new_machine(tmp_path)


@pytest.fixture
def machine(settings: Settings) -> Machine:
    """An installation with a migrated, empty database; the ``app`` fixture shares it."""
    return machine_of(settings)
