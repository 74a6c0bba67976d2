"""Who sends: anything that can fill a queue and then work it off in a process whose time can be measured."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks import equipment, servers
from benchmarks.rivals.ground import Ground

MESSAGE_BYTES = 6600


class Participant(Protocol):
    """One way to send the messages of a ground."""

    def prepare(self, ground: Ground) -> None:
        """Queue them; not part of the measured time."""
        ...

    def delivering(self, ground: Ground) -> contextlib.AbstractContextManager[int]:
        """Send them for as long as the block lasts; answers the id of the process whose CPU time counts."""
        ...


@dataclass(frozen=True)
class Program:
    """A program that fills its queue and sends; with requirements it runs in an environment of its own."""

    module: str
    requirements: tuple[str, ...] = ()

    def prepare(self, ground: Ground) -> None:
        """Fill its queue."""
        done = subprocess.run(self._command("prepare"), **_surroundings(ground), capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.module} could not prepare: {done.stderr.decode()[-2000:]}")

    @contextlib.contextmanager
    def delivering(self, ground: Ground) -> Iterator[int]:
        """Start it; end it if it does not end by itself."""
        log = Path(ground.folder) / "deliver.log"
        with (
            log.open("wb") as file,
            servers.running(self._command("deliver"), stdout=file, stderr=file, **_surroundings(ground)) as process,
        ):
            try:
                yield process.pid
            except Exception as error:
                error.add_note(f"{self.module} said: {log.read_text()[-2000:]}")
                raise

    def _command(self, what: str) -> list[str]:
        python = equipment.python_with(self.requirements) if self.requirements else Path(sys.executable)
        return [str(python), "-m", f"benchmarks.{self.module}", what]


@dataclass(frozen=True)
class SmtpSource:
    """Postfix's ``smtp-source``: a program in C that sends one text from memory, and needs no queue."""

    keeps_connections: bool = True

    def prepare(self, ground: Ground) -> None:
        """There is no queue."""

    @contextlib.contextmanager
    def delivering(self, ground: Ground) -> Iterator[int]:
        """Start it."""
        options = ["-4", "-N", "-s", str(ground.connections), "-l", str(MESSAGE_BYTES), "-m", str(ground.messages)]
        options += ["-d"] * self.keeps_connections
        with servers.running([*equipment.program("smtp-source"), *options, f"127.0.0.1:{ground.port}"]) as process:
            yield process.pid


DJANGO = ("django==5.2.*", "psycopg[binary]==3.3.*")
KBADMIN = Program("own.outbox")
SMTPLIB = Program("rivals.smtplib_kept")
DJANGO_MAILER = Program("rivals.django_mailer", (*DJANGO, "django-mailer==2.3.*"))
DJANGO_POST_OFFICE = Program("rivals.django_post_office", (*DJANGO, "django-post_office==3.12.*"))
FLASK_MAILMAN = Program("rivals.flask_mailman", ("flask==3.1.*", "flask-mailman==1.1.*", "sqlalchemy==2.1.*"))
CELERY_FLASK_MAIL = Program("rivals.celery_flask_mail", ("flask==3.1.*", "flask-mail==0.10.*", "celery[redis]==5.7.*"))
HUEY = Program("rivals.huey_tasks", ("huey==3.5.*",))


def _surroundings(ground: Ground) -> dict[str, object]:
    return {"cwd": servers.ROOT, "env": os.environ | ground.environment()}
