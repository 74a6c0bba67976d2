"""An operator's extra authorities: those of the demo's mail server and of the hostile servers, in one file."""

from dataclasses import replace
from pathlib import Path

from kbadmin.config import Settings
from tests.fakes import certificates
from tests.world import World


def trusting_hostile_servers(settings: Settings, world: World, folder: Path) -> Settings:
    """Settings that trust both, so that only what a test is about can make TLS fail."""
    both = folder / "authorities.pem"
    both.write_bytes(world.certificates.ca.read_bytes() + certificates.chest().ca_file.read_bytes())
    return replace(settings, smtp_ca_file=both)
