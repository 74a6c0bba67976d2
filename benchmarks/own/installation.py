"""A production installation in a folder: environment, migrated database, one account and one SMTP service."""

import base64
import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import select

from benchmarks.messages import SENDER
from benchmarks.rivals.ground import Ground
from kbadmin import clock, engine, starting
from kbadmin.accounts.models import Account
from kbadmin.accounts.operations import create_account
from kbadmin.app import create_app
from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.config import read_environment
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import Secret
from kbadmin.paths import shipped
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication, Security
from kbadmin.tenancy import enter, every_account


@dataclass(frozen=True)
class Sending:
    """The account and the service that sends."""

    account_id: uuid.UUID
    service_id: uuid.UUID


def environment(folder: str | Path, database_url: str = "", ca_file: str = "") -> dict[str, str]:
    """Settings as an operator would give them; a key of our own, and this machine as an allowed mail server."""
    return {
        "KBADMIN_SECRET_KEY": hashlib.sha256(b"kbadmin benchmarks").hexdigest(),
        "KBADMIN_KEYS": "bench:" + base64.b64encode(bytes(range(100, 132))).decode(),
        "KBADMIN_BASE_URL": "https://kb.example.com",
        "KBADMIN_INSTANCE_FOLDER": str(folder),
        "KBADMIN_DATABASE_URL": database_url or f"sqlite:///{Path(folder) / 'kbadmin.sqlite3'}",
        "KBADMIN_SMTP_ALLOWED_NETWORKS": "127.0.0.0/8",
        "KBADMIN_SMTP_ALLOWED_PORTS": "1-65535",
    } | ({"KBADMIN_SMTP_CA_FILE": ca_file} if ca_file else {})


@contextlib.contextmanager
def installed(ground: Ground) -> Iterator[Flask]:
    """The application of a ground, its database at the current migration; its context is entered."""
    app = create_app(read_environment(environment(ground.folder, ground.database_url, ground.ca_file), dotenv=False))
    with app.app_context():
        flask_migrate.upgrade(directory=os.fspath(shipped("migrations")))
        starting.require_ready()
    try:
        with app.app_context():
            yield app
    finally:
        engine.of(app).close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def sending(ground: Ground) -> Sending:
    """The account and its service, made at the first call; the session enters the account."""
    with every_account() as session:
        account_id = session.scalar(select(Account.id))
        service_id = session.scalar(select(SmtpService.id))
    if account_id is None or service_id is None:
        return _open(ground)
    enter(account_id)
    return Sending(account_id, service_id)


def _open(ground: Ground) -> Sending:
    with unit_of_work():
        account_id = create_account("Bench", actor=COMMAND_LINE).id
        service = _service(ground)
        db.session.add(service)
        db.session.flush()
        # Only now: an insert would take None for "not given", and put the cautious default there.
        service.messages_per_minute = service.recipients_per_day = None
        return Sending(account_id, service.id)


def _service(ground: Ground) -> SmtpService:
    """A relay without limits per minute or day, as one's own mail server is; tested, so that it is ready."""
    service = SmtpService(
        friendly_name="Sink",
        friendly_name_key="sink",
        host="127.0.0.1",
        port=ground.port,
        security=Security.STARTTLS if ground.ca_file else Security.NONE,
        authentication=Authentication.PASSWORD if ground.ca_file else Authentication.UNAUTHENTICATED,
        send_from_address=SENDER,
        send_from_name="Knowledge",
        max_connections=ground.connections,
        tested_at=clock.now(),
    )
    if ground.ca_file:
        service.username = SENDER
        service.password = Secret("secret")
        service.password_set_at = clock.now()
    return service
