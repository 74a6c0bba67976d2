"""The demo's account: its people, one SMTP service that works, and a knowledge base with readers."""

import uuid
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from kbadmin import clock
from kbadmin.access import Role
from kbadmin.accounts.models import Account
from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import commit, db, unit_of_work
from kbadmin.delivery import test_runs
from kbadmin.demo import content
from kbadmin.email_addresses import comparable
from kbadmin.encryption import Secret
from kbadmin.readers import email_settings
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.models import Reader
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.operations import NewSecrets
from kbadmin.smtp.security import Authentication, Security
from kbadmin.tenancy import enter
from kbadmin.users.models import Membership, User
from kbadmin.users.passwords import hasher

ACCOUNT = "Acme Docs"
MAILBOX = "support@example.com"
PEOPLE = (
    ("owner@example.com", "Olivia Owner", Role.OWNER, False),
    ("editor@example.com", "Emil Editor", Role.EDITOR, False),
    ("writer@example.com", "Wanda Writer", Role.WRITER, False),
    ("it@example.com", "Ines from IT", Role.NONE, True),
)


@dataclass(frozen=True)
class LocalMailServer:
    """The demo's mail server, as the sample service reaches it."""

    port: int
    password: Secret


def fill(app: Flask, *, password: Secret, mail: LocalMailServer) -> None:
    """Make the account if the database is still empty; a folder that was used before keeps what is in it."""
    with app.app_context():
        if db.session.scalar(select(Account.id).limit(1)) is not None:
            return
        hashed = hasher().hash(password.reveal())
        with unit_of_work():
            account = Account(name=ACCOUNT, slug="acme", time_zone="Europe/Berlin")
            db.session.add(account)
            db.session.flush()
            enter(account.id)
            for email, name, role, manages_smtp in PEOPLE:
                _add_person(email, name, role, hashed, manages_smtp=manages_smtp)
            service = _add_service(mail)
            made = content.fill(actor=COMMAND_LINE)
            _give_password(made.readers["Rita"], hashed)
            email_settings.change(
                smtp_service_id=service.id, when_stopped=WhenStopped.WAIT, welcome_hours=72, actor=COMMAND_LINE
            )
        # Its own write section comes after the throttle has counted, so it is not opened here.
        test_runs.request_test(service, recipient="owner@example.com", is_member=True, actor=COMMAND_LINE)
        commit()


def _add_person(email: str, name: str, role: Role, hashed: str, *, manages_smtp: bool) -> None:
    now = clock.now()
    user = User(email=email, email_key=comparable(email), name=name, password_hash=hashed, password_changed_at=now)
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(user_id=user.id, role=role, manages_smtp=manages_smtp, joined_at=now))


def _give_password(reader_id: uuid.UUID, hashed: str) -> None:
    reader = db.session.get_one(Reader, reader_id)
    reader.password_hash, reader.password_changed_at = hashed, clock.now()


def _add_service(mail: LocalMailServer) -> SmtpService:
    values = {
        "friendly_name": "Company mail server",
        "host": "localhost",
        "port": mail.port,
        "security": Security.STARTTLS,
        "send_from_address": MAILBOX,
        "send_from_name": "Acme Support",
        "authentication": Authentication.PASSWORD,
        "username": MAILBOX,
    }
    return smtp.create_service(values, NewSecrets(password=mail.password), actor=COMMAND_LINE)
