"""These tests live in the same world as those of the SMTP room: a mail server, a relay, an identity provider."""

from collections.abc import Iterator

import pytest

from kbadmin.config import Settings
from tests.world import World, outside_world


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with outside_world(tmp_path_factory.mktemp("security-world")) as world:
        yield world


@pytest.fixture
def world(_world: World) -> World:
    """What an earlier test did to the world is over."""
    _world.provider.behave()
    _world.provider.token_calls.clear()
    _world.troubles.end()
    _world.mailbox.delete_all()
    _world.mail.sign_ins.clear()
    return _world


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    return world.seen_from(settings)
