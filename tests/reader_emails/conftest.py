"""Reader e-mails live in the world of the SMTP room, with a platform sender that a test may take away."""

from dataclasses import replace

import pytest

from tests.smtp.conftest import _world, world

__all__ = ["_world", "world"]

PLATFORM = "help@platform.example.com"


@pytest.fixture
def platform_url(world):
    """The platform's own sender; a test without one overrides this with None."""
    return f"smtp://localhost:{world.relay.port}?from={PLATFORM}"


@pytest.fixture
def settings(settings, world, platform_url):
    return replace(world.seen_from(settings), system_smtp_url=platform_url)
