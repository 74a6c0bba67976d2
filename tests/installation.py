"""The settings of the installation that tests run: cheap hashing, servers on 127.0.0.1, and time enough.

No limit is so short that a pause of a busy machine could be taken for somebody's silence. A test of what happens when
a limit is reached shortens that one, for as long as it needs: :func:`shorter_limits`.
"""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

from flask import Flask

from kbadmin.config import EXTENSION, Limits, PortRanges, Settings
from kbadmin.key_settings import read_keys

LIMITS = Limits(
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


@contextmanager
def shorter_limits(app: Flask, **limits: float) -> Iterator[None]:
    """An application with other limits for the length of a block."""
    usual: Settings = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, limits=replace(usual.limits, **limits))
    try:
        yield
    finally:
        app.extensions[EXTENSION] = usual
