"""What tests of digests begin with."""

import pytest

from tests.subscriptions.readership import Readership


@pytest.fixture
def readership(app, account, clock) -> Readership:
    """A knowledge base for readers that sends digests every day at nine, one hour from now."""
    return Readership(app, account, minute=10 * 60)
