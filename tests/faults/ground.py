"""An installation to break: a database, an account, services, queued messages, and workers as processes."""

import itertools
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from kbadmin import clock, engine
from kbadmin.app import create_app
from kbadmin.config import Settings
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import Lane
from kbadmin.delivery.models import Worker as WorkerRow
from kbadmin.outbox.fan_out import Addressed, Run, enqueue_many
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import MESSAGES, Kind
from kbadmin.outbox.operations import compile_body, enqueue
from kbadmin.outbox.skeletons import slot
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication, Security
from kbadmin.tenancy import every_account
from tests import factories
from tests.cli.machine import CHECKOUT, machine_of
from tests.faults import worker
from tests.faults.rows import Site
from tests.faults.sinks import wait_until
from tests.faults.workers import Worker, started
from tests.installation import settings_for

SENDER = Sender("support@example.com", "Knowledge")
_numbers = itertools.count(1)


@dataclass
class Ground:
    """One installation. ``another_host()`` is a second one on the same database, with a folder of its own."""

    settings: Settings
    app: Flask
    account: factories.OpenedAccount
    workers: list[Worker] = field(default_factory=list)

    def service(self, port: int, *, account: factories.OpenedAccount | None = None, **columns: Any) -> uuid.UUID:
        """A relay without limits, tested; ``columns`` say what is different."""
        name = f"Relay {next(_numbers)}"
        values = {
            "friendly_name": name, "friendly_name_key": name.casefold(), "host": "127.0.0.1", "port": port,
            "security": Security.NONE, "authentication": Authentication.UNAUTHENTICATED,
            "send_from_address": SENDER.address, "send_from_name": SENDER.name, "max_connections": 1,
            "messages_per_minute": None, "recipients_per_day": None, "tested_at": clock.now(),
        }  # fmt: skip
        with factories.inside(self.app, account or self.account), unit_of_work():
            made = SmtpService(**(values | columns))
            db.session.add(made)
            db.session.flush()
            return made.id

    def change(self, service_id: uuid.UUID, **columns: Any) -> None:
        """Other columns of a service, as its pages would write them."""
        with self.app.app_context(), every_account() as session:
            service = session.get(SmtpService, service_id)
            assert service is not None
            for name, value in columns.items():
                setattr(service, name, value)

    def look_at(self, service_id: uuid.UUID) -> SmtpService:
        """A service as it is now."""
        with self.app.app_context(), every_account() as session:
            service = session.get(SmtpService, service_id)
            assert service is not None
            session.expunge(service)
            return service

    def digests(self, service_id: uuid.UUID, count: int, *, name: str = "reader", account: Any = None) -> list[str]:
        """Queue that many messages of one run; answers their recipients."""
        recipients = [f"{name}-{number}@example.org" for number in range(count)]
        with factories.inside(self.app, account or self.account):
            with unit_of_work():
                body = f"Good morning, this is for {slot('who')};\n"
                body_id = compile_body(
                    SENDER, subject="Digest", text=body, html=f"<p>{body}</p>", headers={"X-For": slot("who")}
                )
            run = Run(Kind.DIGEST, body_id, "Digest", "kb.example.com", smtp_service_id=service_id)
            sum(enqueue_many(run, (Addressed(one, f"digest {one}", {"who": one}) for one in recipients)))
        return recipients

    def single(
        self, service_id: uuid.UUID, recipient: str, *, kind: Kind = Kind.READER_RESET, account: Any = None,
        expires_at: datetime | None = None,
    ) -> str:  # fmt: skip
        """Queue one message as a request does; answers its Message-ID."""
        text = f"This is for {recipient};\n"
        with factories.inside(self.app, account or self.account), unit_of_work():
            return enqueue(
                kind=kind, recipient=recipient, subject="Reset your password", text=text, html=f"<p>{text}</p>",
                deduplication_key=uuid.uuid4().hex, smtp_service_id=service_id, sender=SENDER, expires_at=expires_at,
            ).message_id  # fmt: skip

    def statuses(self, service_id: uuid.UUID | None = None) -> Counter[str]:
        """How many messages stand where."""
        query = select(MESSAGES.c.status, func.count()).group_by(MESSAGES.c.status)
        if service_id is not None:
            query = query.where(MESSAGES.c.lane_id == service_id)
        with self.app.app_context(), every_account() as session:
            return Counter({str(status): count for status, count in session.execute(query)})

    def message_ids(self) -> set[str]:
        """Every Message-ID of the outbox."""
        with self.app.app_context(), every_account() as session:
            return set(session.scalars(select(MESSAGES.c.message_id)))

    def accepted_total(self, service_id: uuid.UUID) -> int:
        """How many acceptances were recorded for a service, however often each message came."""
        with self.app.app_context(), every_account() as session:
            return int(session.scalars(select(Lane.accepted_total).where(Lane.id == service_id)).one())

    def buried(self) -> int:
        """How many workers were declared dead, as their successors say in the log."""
        return (self.settings.instance_folder / "worker.log").read_text().count("took over from a worker that died")

    def contents_kept(self) -> int:
        """Messages whose text is still in the database."""
        with self.app.app_context(), every_account() as session:
            kept = MESSAGES.c.content_sealed.is_not(None) | MESSAGES.c.parts_sealed.is_not(None)
            return int(session.scalars(select(func.count()).select_from(MESSAGES).where(kept)).one())

    def lane_workers(self) -> list[str]:
        """The hosts of the workers that ever worked."""
        with self.app.app_context(), every_account() as session:
            return list(session.scalars(select(WorkerRow.host)))

    def wait_until_settled(self, seconds: float) -> float:
        """Wait until nothing is queued or under way."""
        return wait_until(
            lambda: not {"queued", "sending"} & self.statuses().keys(),
            seconds, every=0.1, what=f"settled: {self.statuses()}",
        )  # fmt: skip

    def work(self, **limits: Any) -> Worker:
        """Start a worker; it takes a moment until it works."""
        log = self.settings.instance_folder / "worker.log"
        self.workers.append(started(self.environ(), limits, log))
        return self.workers[-1]

    def environ(self) -> dict[str, str]:
        """What a process of this installation finds in its environment."""
        machine = machine_of(self.settings)
        machine.set(
            SMTP_ALLOWED_PORTS="*",
            INSTANCE=self.settings.instance or "",
            MICROSOFT_AUTHORITY=self.settings.microsoft_authority,
        )
        machine.set(TRUSTED_PROXIES=str(self.settings.trusted_proxies))
        machine.set(SMTP_ALLOWED_NETWORKS=",".join(map(str, self.settings.smtp_allowed_networks)))
        if self.settings.system_smtp_url:
            machine.set(SYSTEM_SMTP_URL=self.settings.system_smtp_url)
        if self.settings.smtp_ca_file:
            machine.set(SMTP_CA_FILE=str(self.settings.smtp_ca_file))
        return machine.environ

    def popen(self, *command: str, through: tuple[str, ...] = (), **options: Any) -> "subprocess.Popen[bytes]":
        """A program of this installation as a process of its own, its output in the log."""
        kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("KBADMIN_")}
        with (self.settings.instance_folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                (*through, sys.executable, *command), env=dict(kept) | self.environ(), cwd=CHECKOUT,
                stdout=log, stderr=log, **options,
            )  # fmt: skip

    def another_host(self, folder: Path) -> "Ground":
        """The same database seen from a host that has none of our files."""
        folder.mkdir(parents=True, exist_ok=True)
        return Ground(replace(self.settings, instance_folder=folder), self.app, self.account, self.workers)

    def shift_clock(self, seconds: float) -> None:
        """Move the clock of every process of this installation."""
        draft = self.settings.instance_folder / "clock.new"
        draft.write_text(str(seconds))
        draft.rename(self.settings.instance_folder / worker.CLOCK_FILE)


@contextmanager
def ground(site: Site, kind: str = "sqlite", **settings: Any) -> Iterator[Ground]:
    """An installation on a fresh database; its workers are killed at the end."""
    with site.another() as here:
        url = here.databases.fresh(kind, here.folder)
        settings = {"instance": "faults", "queue_url": _queue_url(here.folder, url)} | settings
        made = replace(settings_for(here.folder, url), **settings)
        app = create_app(made)
        found = Ground(made, app, factories.open_account(app))
        try:
            yield found
        except BaseException:
            for one in found.workers:
                one.tell_where_it_stands()
            log = made.instance_folder / "worker.log"
            print(log.read_text()[-20000:] if log.exists() else "no log", file=sys.stderr)
            raise
        finally:
            for one in found.workers:
                one.send(signal.SIGCONT)
                one.kill()
            engine.of(app).close()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
            here.databases.drop(url)


def _queue_url(folder: Path, database_url: str) -> str:
    if database_url.startswith("sqlite"):
        return f"sqlite:///{folder / 'queue.sqlite3'}"
    return database_url.replace("postgresql+psycopg://", "postgresql://", 1)
