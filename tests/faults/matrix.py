"""Every row of the matrix, in the order of its numbers."""

from tests.faults import hosts, kills, limits, servers
from tests.faults.rows import ROWS, Row

__all__ = ["hosts", "kills", "limits", "matrix", "servers"]


def matrix() -> dict[str, Row]:
    """The rows by their number."""
    return dict(sorted(ROWS.items()))
