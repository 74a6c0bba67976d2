"""Databases and disks: F28 to F30."""

import os
import random
import signal
import sqlite3
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from kbadmin.app import create_app
from kbadmin.audit.models import AuditEntry
from kbadmin.config import read_environment
from kbadmin.database import unit_of_work
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue
from kbadmin.smtp.models import SmtpService
from kbadmin.tenancy import every_account
from tests import factories
from tests.faults.balance import compare
from tests.faults.ground import SENDER, Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import sink, wait_until
from tests.faults.web import limit_file_size, web
from tests.faults.workers import forks

EX_CONFIG = 78


@row("F28", "the disk is full for a while", "503 and no half state; the worker resumes; integrity ok; lost 0")
def full_disk(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, times = scale.pick((300, 1), (5_000, 10))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server, web(here) as site_of_it:
        server.script(delay=0.005)
        service = here.service(server.port, max_connections=2)
        worker = here.work()
        refused = 0
        for number in range(times):
            already = server.count()
            here.digests(service, messages // times, name=f"full-{number}")
            wait_until(lambda enough=already + messages // times // 4: server.count() >= enough, 60)
            limit_file_size(worker.pid, 4096)
            site_of_it.limit_file_size(4096)
            said = site_of_it.create_service(f"Never {number}")
            assert said == 503, said
            refused += 1
            time.sleep(2.0)
            limit_file_size(worker.pid, None)
            site_of_it.limit_file_size(None)
            assert site_of_it.create_service(f"Later {number}") == 303
            here.wait_until_settled(90)
        assert worker.is_alive
        services, audited = _services_and_audit(here)
        assert services - 1 == audited == times, (services, audited)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        assert quick_check(file_of(here)) == "ok"
        return balance.figures | {"times full": times, "503": refused, "half states": 0, "integrity": "ok"}


@row("F29", "«database is locked»: 8 processes write at once", "no error reaches anybody")
def locked_storm(site: Site, *, seed: int, scale: Scale) -> Figures:
    processes, writes = 8, scale.pick(20, 1_250)
    with ground(site) as here:
        service = here.service(25)
        errors = forks.Queue()
        arguments = (here.environ(), here.account.id, service, writes, errors)
        running = [forks.Process(target=write, args=(number, *arguments), daemon=True) for number in range(processes)]
        for one in running:
            one.start()
        said = [errors.get(timeout=600) for _ in running]
        for one in running:
            one.join()
        assert not any(said), said
        assert here.statuses() == {"queued": processes * writes}
        return {"processes": processes, "writes": processes * writes, "errors": sum(map(len, said))}


@row("F30", "kill -9 of the web process while it writes", "each write wholly or not at all")
def web_killed(site: Site, *, seed: int, scale: Scale) -> Figures:
    kills = scale.pick(4, 50)
    chance = random.Random(seed)
    answered = 0
    with ground(site) as here, web(here) as running:
        for number in range(kills):
            killer = forks.Process(target=_kill_after, args=(running.process.pid, chance.uniform(0.02, 0.15)))
            killer.start()
            answered += running.create_service(f"Service {number}") == 303
            killer.join()
            running.start_again()
        services, audited = _services_and_audit(here)
        assert services == audited >= answered, (services, audited, answered)
        assert quick_check(file_of(here)) == "ok"
        return {"kills": kills, "answered": answered, "written whole": services, "half states": 0}


def write(
    number: int, environ: Mapping[str, str], account: uuid.UUID, service: uuid.UUID, count: int, errors: Any
) -> None:
    """A process that writes two rows a transaction, or one where only the count matters; tells its errors."""
    app = create_app(read_environment(environ, dotenv=False))
    said = []
    pairs = 2 if count >= 1_000_000 else 1
    for turn in range(count):
        try:
            with factories.inside(app, account), unit_of_work():
                for half in range(pairs):
                    enqueue(
                        kind=Kind.DIGEST, recipient="reader@example.org", subject="s", text="t", html="<p>t</p>",
                        deduplication_key=f"{number} {turn} {half}", smtp_service_id=service, sender=SENDER,
                    )  # fmt: skip
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}"[:200])
    errors.put(said)


def _kill_after(pid: int, seconds: float) -> None:
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)


def _services_and_audit(here: Ground) -> tuple[int, int]:
    with here.app.app_context(), every_account() as session:
        services = session.scalars(select(func.count()).select_from(SmtpService)).one()
        audited = session.scalars(
            select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "smtp service created")
        ).one()
        return services, audited


def file_of(here: Ground) -> Path:
    """The database of a ground on SQLite."""
    return Path(here.settings.database_url.removeprefix("sqlite:///"))


def quick_check(file: Path) -> str:
    """What SQLite says about a file."""
    with sqlite3.connect(file) as connection:
        return str(connection.execute("PRAGMA quick_check").fetchone()[0])
