"""docs/threats.md says which test misses which protection: each module and each test that it names exists."""

import ast
import re

import pytest

from tests.house.source import ROOT

ROWS = [line for line in (ROOT / "docs" / "threats.md").read_text().splitlines() if line.startswith("| ")]
THREATS = {"T08", "T09", "T10", *(f"T{number}" for number in range(27, 36))}
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_MODULE = re.compile(r"`(kbadmin/[\w/]+\.py)`")


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def functions_in(path):
    return {node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_threat_has_a_row():
    assert {cells(row)[0] for row in ROWS} >= THREATS


@pytest.mark.parametrize("row", [row for row in ROWS if not row.startswith("| | what")])
def test_a_row_names_modules_and_tests_that_exist(row):
    _, threat, protection, tests = cells(row)
    assert threat
    assert _MODULE.search(protection) or "see T" in protection
    named = _TEST.findall(tests)
    assert named
    assert ", ".join(f"`{path}::{name}`" for path, name in named) == tests
    assert {f"{path}::{name}" for path, name in named if name not in functions_in(path)} == set()
    assert {path for path in _MODULE.findall(protection) if not (ROOT / path).is_file()} == set()
