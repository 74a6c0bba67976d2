"""Each row of the fault matrix in small: one seed, a few faults, the same expectations."""

import re
from pathlib import Path

import pytest

from tests.faults.matrix import matrix
from tests.faults.rows import SHORT, Site

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence" / "faults.md"


def test_every_row_of_which_there_is_evidence_can_be_tried():
    """A module that nobody imports is a row that nobody tries."""
    told = re.findall(r"^\| (F\d\d)\b", EVIDENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(told) == set(matrix())


@pytest.mark.parametrize("number", matrix())
def test_nothing_worse_happens_than_the_matrix_says(number, databases, tmp_path):
    figures = matrix()[number].run(Site(tmp_path, databases), seed=1, scale=SHORT)
    assert figures, "a row without figures has tried nothing"
