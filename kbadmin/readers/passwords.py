"""A reader's password: changed by whoever knows it, set by whoever holds a one-time link, asked for when forgotten.

Setting one ends all other sessions and all links, and the reader is told by e-mail. Nobody but the reader ever
chooses it. Hashing comes before the write section.
"""

import uuid
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from kbadmin import clock, links, throttle
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db, stop_reading, unit_of_work
from kbadmin.email_addresses import NotOneAddress, comparable
from kbadmin.engine import task, wake
from kbadmin.links import OneTimeLink, Purpose
from kbadmin.readers import emails, sessions
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.signing_out import forget_links
from kbadmin.readers.template_models import TemplateKind
from kbadmin.tenancy import current_account, enter
from kbadmin.throttle import Limit
from kbadmin.users import tries
from kbadmin.users.password_changes import DeadLink, WrongPassword
from kbadmin.users.passwords import hasher
from kbadmin.users.sessions import Opened

RESET_LIFETIME = timedelta(minutes=60)
HANDED_OUT_LIFETIME = timedelta(hours=24)
SIGN_IN = Limit("reader sign-in", 5, 15 * 60)
RESET = Limit("reader reset", 3, 60 * 60)
RESET_FROM = Limit("reader reset from", 20, 60 * 60)

__all__ = ["DeadLink", "WrongPassword"]


class Known(Protocol):
    """A reader, or the columns of their row that say whether they are let in."""

    @property
    def status(self) -> str:
        """Whether they may sign in."""

    @property
    def deleted_at(self) -> datetime | None:
        """Since when they are gone."""


def may_sign_in(reader: Known) -> bool:
    """Whether this reader is let in at all."""
    return reader.status == ReaderStatus.ACTIVE and reader.deleted_at is None


def find_reader(email: str) -> Reader | None:
    """The reader with this address, in whatever letters it was typed."""
    try:
        key = comparable(email)
    except NotOneAddress:
        return None
    return db.session.scalar(select(Reader).filter_by(email_key=key))


def person_key(email: str) -> str:
    """The throttles' key of whatever was typed as an address: the same address elsewhere is somebody else."""
    return f"{current_account()} {tries.person_key(email)}"


def hand_out_link(reader_id: uuid.UUID, *, lifetime: timedelta) -> str:
    """A token with which the reader sets a password once. An earlier one stops working."""
    return links.hand_out(
        Purpose.READER_PASSWORD, subject_id=reader_id, lifetime=lifetime, account_id=current_account()
    )


def find_link(token: str) -> tuple[OneTimeLink, Reader] | None:
    """A live link to set a password and the reader it is for; nothing if they may not sign in."""
    link = links.find(Purpose.READER_PASSWORD, token)
    reader = db.session.get(Reader, link.subject_id) if link else None  # The fence: of this account only.
    return (link, reader) if link and reader and may_sign_in(reader) else None


def set_with_link(token: str, new_password: str, *, network_address: str) -> Opened:
    """Use the link up, store the password, end all sessions and begin one. Raises :class:`DeadLink`."""
    found = find_link(token)
    if found is None:
        raise DeadLink
    link_id, reader_id, key = found[0].id, found[1].id, person_key(found[1].email)
    stop_reading()
    hashed = hasher().hash(new_password)
    throttle.forget(SIGN_IN, key)
    begin_writing()
    reader = db.session.get_one(Reader, reader_id)
    if not may_sign_in(reader) or not links.consume(link_id, session=db.session()):
        raise DeadLink
    _store(reader, hashed, how="reader password set with a link", network_address=network_address)
    sessions.end_all(reader_id)
    return sessions.begin(reader_id)


def change(
    reader: Reader, session_id: uuid.UUID, *, current_password: str, new_password: str, network_address: str
) -> Opened:
    """Store another password; this session goes on with a new token, the others end.

    Raises :class:`WrongPassword` and :class:`kbadmin.users.tries.TooManyTries`.
    """
    reader_id, stored = reader.id, reader.password_hash
    stop_reading()
    tries.take(tries.OWN_PASSWORD, str(reader_id))
    if not hasher().verify(stored, current_password):
        raise WrongPassword
    throttle.forget(tries.OWN_PASSWORD, str(reader_id))
    hashed = hasher().hash(new_password)
    begin_writing()
    _store(
        db.session.get_one(Reader, reader_id), hashed, how="reader password changed", network_address=network_address
    )
    sessions.end_all(reader_id, but=session_id)
    return sessions.renew(session_id)


def ask_for_reset(email: str, *, knowledge_base_id: uuid.UUID | None = None, network_address: str) -> None:
    """Have a link mailed if there is such a reader. The request does the same work whether there is or not.

    The knowledge base is the one from whose pages they asked: in its words and its way the letter leaves.
    """
    key, account_id = person_key(email), current_account()
    stop_reading()
    try:
        tries.take(RESET_FROM, throttle.network_of(network_address))
        tries.take(RESET, key)
    except tries.TooManyTries:
        return
    begin_writing()
    wake(mail_reader_reset_link, str(account_id), email, str(knowledge_base_id or ""))


@task
def mail_reader_reset_link(account_id: str, email: str, knowledge_base_id: str = "") -> None:
    """Mail a one-time link to the stored address of this reader, if there is one who may sign in."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        reader = find_reader(email)
        if reader is not None and may_sign_in(reader):
            _send_reset(reader, uuid.UUID(knowledge_base_id) if knowledge_base_id else None)


def mail_reset(reader_id: uuid.UUID, *, actor: Actor) -> None:
    """Somebody else asks for the reader. Raises LookupError if they may not sign in, or nobody can send."""
    begin_writing()
    reader = db.session.get(Reader, reader_id)
    if reader is None or not may_sign_in(reader) or not _send_reset(reader):
        raise LookupError(reader_id)
    record("reader reset sent", actor=actor, subject=Subject("reader", reader.id, reader.label))


def _send_reset(reader: Reader, knowledge_base_id: uuid.UUID | None = None) -> bool:
    """Queue a reset. False if nobody can send it."""
    message = emails.send_link(
        TemplateKind.RESET,
        reader,
        lifetime=RESET_LIFETIME,
        expires_at=clock.now() + RESET_LIFETIME,
        knowledge_base_id=knowledge_base_id,
    )
    return message is not None


def make_link(reader_id: uuid.UUID, *, actor: Actor) -> str:
    """A token that somebody passes on by hand, with which the reader chooses a password. Raises LookupError."""
    begin_writing()
    reader = db.session.get(Reader, reader_id)
    if reader is None or not may_sign_in(reader):
        raise LookupError(reader_id)
    record("reader link handed out", actor=actor, subject=Subject("reader", reader.id, reader.label))
    return hand_out_link(reader.id, lifetime=HANDED_OUT_LIFETIME)


def actor_of(reader: Reader, network_address: str) -> Actor:
    """A reader as the audit log knows them."""
    return Actor(reader.id, f"{reader.label} (reader)"[:254], network_address)


def _store(reader: Reader, hashed: str, *, how: str, network_address: str) -> None:
    reader.password_hash = hashed
    reader.password_changed_at = clock.now()
    forget_links([reader.id])
    record(how, actor=actor_of(reader, network_address), subject=Subject("reader", reader.id, reader.label))
    emails.tell_password_changed(reader)
