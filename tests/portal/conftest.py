"""A library to read in, and readers."""

import pytest

from tests.portal.library import Library


@pytest.fixture
def library(app, account):
    return Library(app, account)
