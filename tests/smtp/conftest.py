"""The SMTP room's tests live in a world with a mail server and an identity provider."""

from collections.abc import Iterator

import pytest

from kbadmin.config import Settings
from tests.world import World, outside_world


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with outside_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(_world: World) -> World:
    """One world for all tests of the room; troubles and misbehaviours of an earlier test are over."""
    _world.provider.behave()
    _world.provider.token_calls.clear()
    _world.provider.elsewhere_bodies.clear()
    _world.troubles.end()
    _world.mailbox.delete_all()
    _world.mail.sign_ins.clear()
    return _world


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    return world.seen_from(settings)
