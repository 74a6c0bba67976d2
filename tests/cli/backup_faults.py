"""What may happen to backups, as functions that answer figures: rows F31, F32 and F33 of the fault matrix.

Counts and seeds are parameters: tests take small ones, a long run takes large ones.
"""

import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from kbadmin import backups, engine, installation, starting
from kbadmin.accounts.models import Account
from kbadmin.config import Settings
from kbadmin.database import db, unit_of_work
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue
from tests.factories import inside, open_account

MakeApp = Callable[[Settings], Flask]


def let_go(app: Flask) -> None:
    """Close every connection of an application, as the end of its process would."""
    engine.of(app).stop()
    engine.of(app).close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def start(app: Flask, settings: Settings) -> None:
    """What `kbadmin work` does."""
    with app.app_context():
        starting.require_ready()
        installation.introduce(settings)
    engine.of(app).start()


def arrives(count: Callable[[], int], expected: int, seconds: float) -> int:
    """Wait until so many have arrived, or the time is over, and answer how many did."""
    limit = time.monotonic() + seconds
    while count() < expected and time.monotonic() < limit:
        time.sleep(0.02)
    return count()


def queue_messages(app: Flask, count: int) -> None:
    account = open_account(app)
    with inside(app, account), unit_of_work():
        for number in range(count):
            enqueue(
                kind=Kind.USER_INVITATION,
                recipient=f"reader{number}@example.org",
                subject="Come in",
                text="https://localhost/invitation\n",
                html="<p>https://localhost/invitation</p>",
                deduplication_key=f"invitation:{number}",
            )


@dataclass(frozen=True)
class SentAgain:
    """F31: how many e-mails went out by whom."""

    by_the_original: int
    before_resume: int
    after_resume: int


def send_again(
    settings: Settings,
    copy: Settings,
    make_app: MakeApp,
    *,
    sent: Callable[[], int],
    take: Callable[[Path], None],
    messages: int = 5,
    quiet_seconds: float = 0.6,
    seconds: float = 60.0,
) -> SentAgain:
    """The original is backed up with a full queue, then sends; a copy of yesterday wakes up and is told to go on.

    ``take`` makes the copy's database of a backup's file; it may do so as an operator clones a server.
    """
    original = make_app(settings)
    with original.app_context():
        starting.require_ready()
        installation.introduce(settings)
    queue_messages(original, messages)
    file = settings.instance_folder / "yesterday.backup"
    with original.app_context():
        backups.back_up(settings, file)
    start(original, settings)
    by_the_original = arrives(sent, messages, seconds)
    let_go(original)

    take(file)
    second = make_app(copy)
    start(second, copy)
    time.sleep(quiet_seconds)
    before = sent() - by_the_original
    resumed = second.test_cli_runner().invoke(args=["outbox", "resume"])
    assert resumed.exit_code == 0, resumed.output
    after = arrives(sent, by_the_original + messages, seconds) - by_the_original
    let_go(second)
    return SentAgain(by_the_original, before, after)


def clone_of(settings: Settings, folder: Path) -> Settings:
    """Another folder that shall hold a copy of this SQLite installation."""
    return replace(
        settings,
        instance_folder=folder,
        database_url=f"sqlite:///{folder / 'kbadmin.sqlite3'}",
        queue_url=f"sqlite:///{folder / 'queue.sqlite3'}",
    )


def clone_server(settings: Settings, copy: Settings, file: Path) -> None:
    """The instance folder as a snapshot has it, with the database of that moment."""
    shutil.copytree(settings.instance_folder, copy.instance_folder, ignore=shutil.ignore_patterns("*.sqlite3*"))
    shutil.copyfile(file, copy.database_url.removeprefix("sqlite:///"))


class Writers:
    """Threads that add accounts in pairs, each pair in one transaction, until the block ends."""

    def __init__(self, app: Flask, *, count: int, seed: int) -> None:
        self.app = app
        self.pairs = 0
        self.is_stopping = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(seed + number,)) for number in range(count)]

    def __enter__(self) -> "Writers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_stopping.set()
        for thread in self.threads:
            thread.join()

    def _write(self, seed: int) -> None:
        chance, number = random.Random(seed), 0
        while not self.is_stopping.is_set():
            with self.app.app_context(), unit_of_work():
                db.session.add(Account(name="first", slug=f"first-{seed}-{number}"))
                db.session.flush()
                time.sleep(chance.uniform(0, 0.01))  # Somebody who looks now must not see half a pair.
                db.session.add(Account(name="second", slug=f"second-{seed}-{number}"))
            number += 1
            self.pairs += 1


@dataclass(frozen=True)
class Copied:
    """F32: one backup, read back."""

    firsts: int
    seconds: int


def back_up_under_load(
    app: Flask,
    settings: Settings,
    count_in: Callable[[Path], tuple[int, int]],
    *,
    times: int = 20,
    writers: int = 2,
    seed: int = 32,
) -> list[Copied]:
    """Back up again and again while others write; every file is checked by :func:`kbadmin.backups.back_up` too."""
    copied: list[Copied] = []
    with Writers(app, count=writers, seed=seed) as writing:
        for number in range(times):
            file = settings.instance_folder / f"{number}.backup"
            with app.app_context():
                backups.back_up(settings, file)
            copied.append(Copied(*count_in(file)))
            # Each writer may have written one more than it has counted.
            arrives(lambda: writing.pairs, writing.pairs + writers + 1, 60)
    return copied


def pairs_in(app: Flask) -> tuple[int, int]:
    """How many of each kind :class:`Writers` has written."""
    with app.app_context():
        counts = dict(db.session.execute(select(Account.name, func.count()).group_by(Account.name)).all())
        db.session.remove()
    return counts.get("first", 0), counts.get("second", 0)
