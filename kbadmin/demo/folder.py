"""The demo's folder: what it keeps between two starts, secrets of its own included, readable by its owner only."""

import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from kbadmin.encryption import Secret, new_token
from kbadmin.key_settings import new_key_line

MARK = "demo.json"


class NotADemoFolder(Exception):
    """The folder holds something else; it is left alone."""


@dataclass(frozen=True)
class DemoSecrets:
    """Made at random once per folder."""

    password: str = field(
        default_factory=lambda: f"{secrets.choice(_WORDS)}-{secrets.choice(_WORDS)}-{secrets.randbelow(9000) + 1000}"
    )
    mailbox_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    client_secret: str = field(default_factory=lambda: f"demo~{secrets.token_urlsafe(24)}")
    secret_key: str = field(default_factory=new_token)
    keys: str = field(default_factory=lambda: new_key_line("demo"))

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Those of the folder, made if it is new."""
        file = folder / MARK
        if file.exists():
            return cls(**json.loads(file.read_text()))
        made = cls()
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump(asdict(made), opened, indent=2)
        return made

    @property
    def provider_secret(self) -> Secret:
        """The client secret of the registration that works."""
        return Secret(self.client_secret)


def prepare(folder: Path, *, fresh: bool) -> Path:
    """The folder, made if needed; ``fresh`` empties it first. Raises :class:`NotADemoFolder` for somebody's files."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise NotADemoFolder(f"{folder} holds other files. Name an empty folder with --folder.")
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder.resolve()


_WORDS: tuple[str, ...] = (
    "amber", "birch", "candle", "delta", "ember", "falcon", "garnet", "harbor", "indigo", "juniper", "kettle",
    "lantern", "meadow", "nickel", "orchard", "pebble", "quartz", "river", "saffron", "timber", "umber", "velvet",
    "willow", "yonder", "zephyr", "anchor", "bramble", "cobalt", "dapple", "easel", "fennel", "gable",
)  # fmt: skip
