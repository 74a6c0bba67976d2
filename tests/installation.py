"""The settings of the installation that tests run: short limits, cheap hashing, servers on 127.0.0.1."""

import base64
import secrets
from ipaddress import ip_network
from pathlib import Path

from kbadmin.config import Limits, PortRanges, Settings
from kbadmin.key_settings import read_keys

LIMITS = Limits(
    test_email_seconds=5.0,
    provider_connect_seconds=1.0,
    provider_read_seconds=1.5,
    provider_total_seconds=2.0,
    argon2_memory_kib=8,
    argon2_rounds=1,
    sweep_seconds=0.1,
)
KEYS = read_keys("test:" + base64.b64encode(secrets.token_bytes(32)).decode(), None)
SECRET_KEY = secrets.token_hex(32)


def settings_for(folder: Path, database_url: str) -> Settings:
    """A development installation in this folder, with this database."""
    return Settings(
        env="development",
        secret_key=SECRET_KEY,
        keys=KEYS,
        base_url="http://localhost",
        instance_folder=folder,
        database_url=database_url,
        queue_url=f"sqlite:///{folder / 'queue.sqlite3'}",
        smtp_allowed_networks=(ip_network("127.0.0.0/8"),),
        smtp_allowed_ports=PortRanges.parse("*"),
        log_format="console",
        limits=LIMITS,
    )
