"""The demo's account: its people, one SMTP service that works, two knowledge bases, and what happened in them."""

import uuid
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from kbadmin import clock
from kbadmin.access import Role
from kbadmin.accounts.models import Account
from kbadmin.articles import callouts
from kbadmin.audit.operations import COMMAND_LINE, Actor
from kbadmin.database import db, unit_of_work
from kbadmin.delivery import test_runs
from kbadmin.demo import content, weeks
from kbadmin.demo.past import Event, Past
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
    """Make the account if the database is still empty; a folder that was used before keeps what is in it.

    Call it before anything else works: the account is made in the past, with the clock of the process set to it.
    """
    now = clock.now()
    with app.app_context(), clock.at(now - weeks.BEGAN):
        if db.session.scalar(select(Account.id).limit(1)) is not None:
            return
        hashed = hasher().hash(password.reveal())
        with unit_of_work():
            account_id, people = _open_account(hashed)
            service_id = _add_service(mail).id
            email_settings.change(
                smtp_service_id=service_id, when_stopped=WhenStopped.WAIT, welcome_hours=72, actor=COMMAND_LINE
            )
            made = content.fill(actor=COMMAND_LINE, callouts_until=now + callouts.LASTS)
            _give_password(made.readers["Rita"], hashed)
            events = weeks.events(
                made,
                service_id,
                now=now,
                editor=people[Role.EDITOR],
                writer=people[Role.WRITER],
                password_hash=hashed,
            )
    Past(app, account_id).live([*events, Event(now, lambda: _request_test(service_id), wakes=True)])


def _open_account(hashed: str) -> tuple[uuid.UUID, dict[Role, Actor]]:
    account = Account(name=ACCOUNT, slug="acme", time_zone="Europe/Berlin")
    db.session.add(account)
    db.session.flush()
    enter(account.id)
    people = {
        role: _add_person(email, name, role, hashed, manages_smtp=manages_smtp)
        for email, name, role, manages_smtp in PEOPLE
    }
    return account.id, people


def _add_person(email: str, name: str, role: Role, hashed: str, *, manages_smtp: bool) -> Actor:
    now = clock.now()
    user = User(email=email, email_key=comparable(email), name=name, password_hash=hashed, password_changed_at=now)
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(user_id=user.id, role=role, manages_smtp=manages_smtp, joined_at=now))
    return Actor(user.id, f"{name} ({email})")


def _request_test(service_id: uuid.UUID) -> None:
    service = db.session.get_one(SmtpService, service_id)
    test_runs.request_test(service, recipient="owner@example.com", is_member=True, actor=COMMAND_LINE)


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
        "messages_per_minute": None,
    }
    return smtp.create_service(values, NewSecrets(password=mail.password), actor=COMMAND_LINE)
