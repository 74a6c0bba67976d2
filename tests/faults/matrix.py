"""Every row of the matrix, in the order of its numbers."""

from tests.faults import clocks, copies, digests, disks, flood, hosts, kills, limits, servers, strangers, tokens
from tests.faults.rows import ROWS, Row

__all__ = [
    "clocks",
    "copies",
    "digests",
    "disks",
    "flood",
    "hosts",
    "kills",
    "limits",
    "matrix",
    "servers",
    "strangers",
    "tokens",
]


def matrix() -> dict[str, Row]:
    """The rows by their number."""
    return dict(sorted(ROWS.items()))
