"""What a rival is told: where the mail server and its database are, how many messages, and whether to fill or send."""

import json
import os
import smtplib
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.messages import Letter, letter

VARIABLE = "KBADMIN_BENCH_GROUND"


@dataclass(frozen=True)
class Ground:
    """Everything about one run."""

    folder: str
    port: int
    messages: int
    connections: int = 1
    database_url: str = ""  # PostgreSQL; empty means SQLite in the folder
    redis_url: str = ""
    ca_file: str = ""  # not empty: STARTTLS and AUTH
    is_rendered_per_reader: bool = False  # kbadmin only: each message whole, instead of a body that all share
    old_messages: int = 0  # kbadmin only: rows of mail sent long ago
    workers: int = 1  # kbadmin only: processes that send

    def environment(self) -> dict[str, str]:
        """The variable that carries it to a program."""
        return {VARIABLE: json.dumps(asdict(self))}

    @property
    def sqlite_file(self) -> Path:
        """Where the rival's SQLite database is."""
        return Path(self.folder) / "rival.sqlite3"

    def letters(self) -> Iterator[Letter]:
        """All that is to be sent."""
        return map(letter, range(self.messages))


def given() -> Ground:
    """The ground of this program."""
    return Ground(**json.loads(os.environ[VARIABLE]))


def play(prepare: Callable[[Ground], None], deliver: Callable[[Ground], None]) -> None:
    """Do what the command line says: ``prepare`` or ``deliver``."""
    {"prepare": prepare, "deliver": deliver}[sys.argv[1]](given())


def smtp_session(ground: Ground) -> smtplib.SMTP:
    """An open connection of the standard library, signed in if the server asks for it."""
    session = smtplib.SMTP("127.0.0.1", ground.port, local_hostname="bench.example.com")
    if ground.ca_file:
        session.starttls(context=ssl.create_default_context(cafile=ground.ca_file))
        session.login("digest@kb.example.com", "secret")
    return session
