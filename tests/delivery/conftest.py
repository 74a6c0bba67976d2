"""This room's tests live in the world of the SMTP room, which also trusts the authority of the hostile servers."""

import pytest

from tests.smtp.conftest import _world, world
from tests.smtp.trust import trusting_hostile_servers

__all__ = ["_world", "world"]


@pytest.fixture
def settings(settings, world, tmp_path):
    return trusting_hostile_servers(world.seen_from(settings), world, tmp_path)
