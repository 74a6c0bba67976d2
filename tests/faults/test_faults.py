"""Each row of the fault matrix in small: one seed, a few faults, the same expectations."""

import pytest

from tests.faults.matrix import matrix
from tests.faults.rows import SHORT, Site


@pytest.mark.parametrize("number", matrix())
def test_nothing_worse_happens_than_the_matrix_says(number, databases, tmp_path):
    figures = matrix()[number].run(Site(tmp_path, databases), seed=1, scale=SHORT)
    assert figures, "a row without figures has tried nothing"
