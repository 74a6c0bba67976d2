"""Pages of kbadmin over HTTP, as ``kbadmin run`` serves them, on a log of a given length."""

import atexit
import contextlib
import functools
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from benchmarks.browsing import browse
from benchmarks.figures import Figures
from benchmarks.own.history import fill
from benchmarks.own.installation import Sending, environment, installed, sending
from benchmarks.rivals.ground import Ground
from benchmarks.rounds import Scale
from benchmarks.servers import ROOT, running
from kbadmin import clock
from kbadmin.access import Role
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import fingerprint, new_token
from kbadmin.outbox.models import OutboxMessage
from kbadmin.users.models import Membership, User, UserSession

kept = contextlib.ExitStack()  # Servers and folders of this process; filling a log takes longer than reading it.
atexit.register(kept.close)


@dataclass(frozen=True)
class Site:
    """A running kbadmin: its port, an owner's cookie, and a message in the middle of the log."""

    port: int
    cookie: str = field(repr=False)
    middle: str


@dataclass(frozen=True)
class Page:
    """A subject: one page of a log with so many rows. ``{middle}`` in the path is a message's id."""

    path: str
    rows: int

    def __call__(self, _: Scale) -> Figures:
        """Ask for the page for three seconds."""
        found = site(self.rows)
        headers = {"Host": "kb.example.com", "Cookie": f"__Host-kbadmin-user={found.cookie}"}
        browse(found.port, self.path.format(middle=found.middle), headers, seconds=0.5)
        return browse(found.port, self.path.format(middle=found.middle), headers)


def hello(_: Scale) -> Figures:
    """A Flask page without anything, under the same server."""
    port = _hello_port()
    browse(port, "/", {"Host": "localhost"}, seconds=0.5)
    return browse(port, "/", {"Host": "localhost"})


@functools.cache
def _hello_port() -> int:
    return served([sys.executable, "-m", "benchmarks.own.hello"], {})


@functools.cache
def site(rows: int) -> Site:
    """kbadmin with a log of this length; made once per run."""
    folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="kbadmin-bench-"))
    ground = Ground(folder, port=25, messages=0)
    with installed(ground):
        found = sending(ground)
        fill(found, rows)
        cookie = owner_session(found)
        middle = db.session.scalar(
            select(OutboxMessage.public_id).order_by(OutboxMessage.id).offset(rows // 2).limit(1)
        )
    return Site(kbadmin_run(folder), cookie, str(middle))


def kbadmin_run(folder: str, **settings: str) -> int:
    """Start the product on an installation; answers its port."""
    command = [sys.executable, "-c", "from kbadmin.cli import main; main()", "run", "--port", "0"]
    return served(command, environment(folder) | settings)


def served(command: list[str], settings: dict[str, str]) -> int:
    """Start a server that prints its address, until this process ends; answers its port."""
    options = {"cwd": ROOT, "env": os.environ | settings, "stderr": subprocess.DEVNULL}
    process = kept.enter_context(running(command, stdout=subprocess.PIPE, **options))
    told = process.stdout.readline().decode() if process.stdout else ""
    found = re.search(r"http://127\.0\.0\.1:(\d+)", told)
    if found is None:
        raise RuntimeError(f"the server did not start: {told!r}")
    return int(found[1])


def owner_session(found: Sending) -> str:
    """An owner of the account and a session of theirs; answers its token."""
    token = new_token()
    with unit_of_work():
        user = User(email="owner@bench.example.com", email_key="owner@bench.example.com", name="Olive Owner")
        db.session.add(user)
        db.session.flush()
        db.session.add(Membership(user_id=user.id, role=Role.OWNER, joined_at=clock.now()))
        expires = clock.now() + timedelta(hours=12)
        session = {"fingerprint": fingerprint(token), "user_id": user.id, "account_id": found.account_id}
        db.session.add(UserSession(expires_at=expires, **session))
    return token
