"""A machine with an installation on it: a folder, an environment, and ``kbadmin`` as a process."""

import base64
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from kbadmin.config import Settings
from kbadmin.key_settings import MasterKey, new_key_line
from tests import forks
from tests.installation import KEYS, SECRET_KEY

KBADMIN = (sys.executable, "-c", "from kbadmin.cli import main; main(prog_name='kbadmin')")
CHECKOUT = Path(__file__).parents[2]


@dataclass
class Machine:
    """Run commands with ``machine.kbadmin("db", "check")``; change a setting with ``machine.set(…)``."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def set(self, **settings: str) -> None:
        """Settings by their name without ``KBADMIN_``."""
        self.environ |= {f"KBADMIN_{name}": value for name, value in settings.items()}

    def set_keys(self, *keys: MasterKey) -> None:
        """The key file, first key current."""
        self.write_keys(*(f"{key.kid}:{base64.b64encode(key.material).decode()}" for key in keys))

    def write_keys(self, *lines: str) -> None:
        file, draft = self.folder / "keys", self.folder / "keys.new"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text("\n".join(lines) + "\n")
        draft.replace(file)  # Whole at any moment: a process that starts just now may be reading it.
        self.set(KEYS_FILE=str(file))

    def kbadmin(self, *arguments: str) -> "Ended":
        return Ended(*self.forked(*arguments).end(seconds=300))

    def forked(self, *arguments: str) -> forks.Running:
        """The command while it runs."""
        return forks.kbadmin(arguments, environ=self._environ(), folder=self.folder)

    def forked_module(self, name: str, *arguments: str) -> forks.Running:
        """A module of ours while it runs."""
        return forks.module(name, arguments, environ=self._environ(), folder=self.folder)

    def flask(self, *arguments: str) -> "Ended":
        return self.run(sys.executable, "-m", "flask", "--app", str(CHECKOUT / "wsgi.py"), *arguments)

    def run(self, *command: str) -> "Ended":
        done = subprocess.run(
            command, env=self._environ(), cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, command: tuple[str, ...] = KBADMIN) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            (*command, *arguments),
            env=self._environ(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KBADMIN_")}
        return kept | {"PYTHONUNBUFFERED": "1"} | self.environ


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    output: str
    errors: str


def new_machine(folder: Path) -> Machine:
    """A development installation whose database is still empty."""
    machine = _without_keys(folder)
    machine.set(SECRET_KEY=secrets.token_hex(32), INSTANCE_FOLDER=str(folder / "instance"))
    machine.write_keys(new_key_line("first"))
    return machine


def machine_of(settings: Settings) -> Machine:
    """The machine on which an application with these settings runs.

    Made again, it changes nothing for a process that starts just now.
    """
    machine = _without_keys(settings.instance_folder)
    machine.set(
        SECRET_KEY=SECRET_KEY,
        INSTANCE_FOLDER=str(settings.instance_folder),
        DATABASE_URL=settings.database_url,
        QUEUE_URL=settings.queue_url,
        SMTP_ALLOWED_NETWORKS="127.0.0.0/8",
    )
    machine.set_keys(*KEYS)
    return machine


def _without_keys(folder: Path) -> Machine:
    machine = Machine(folder)
    machine.set(ENV="development", BASE_URL="http://localhost", LOG_FORMAT="console")
    return machine
