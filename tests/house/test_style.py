"""Lint, types and floors, so that the one test command proves them too. Each tool's own words are the failure."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.house.source import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))
TOOLS = {
    "ruff check": [SCRIPTS / "ruff", "check", "--no-cache", "."],
    "ruff format": [SCRIPTS / "ruff", "format", "--check", "--no-cache", "."],
    "mypy --strict": [sys.executable, "-m", "mypy"],
    "import-linter": [SCRIPTS / "lint-imports", "--no-cache"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_code_passes(tool):
    done = subprocess.run(TOOLS[tool], cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{tool} says:\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
