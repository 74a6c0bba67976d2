"""Signing up: an address is typed, confirmed with a link in a letter, and becomes a reader with a chosen password.

The request does the same work whether the address is known or not, and the answer is the same: what became of it
stands in the letter. Nothing is kept of whoever does not confirm within a day.
"""

import uuid
from datetime import timedelta

from sqlalchemy import delete, select

from kbadmin import clock, links, throttle
from kbadmin.audit.operations import Actor
from kbadmin.database import begin_writing, commit, db, stop_reading, unit_of_work
from kbadmin.engine import sweep, task, wake
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase, SignUp
from kbadmin.links import OneTimeLink, Purpose
from kbadmin.readers import email_settings, operations, passwords, sessions, sign_up_letters
from kbadmin.readers.models import ReaderStatus
from kbadmin.readers.operations import AddressTaken, Belongings, Details
from kbadmin.readers.sign_up_models import ReaderSignUp
from kbadmin.tenancy import current_account, enter, every_account
from kbadmin.throttle import Limit
from kbadmin.users import tries
from kbadmin.users.password_changes import DeadLink
from kbadmin.users.passwords import hasher
from kbadmin.users.sessions import Opened

LIFETIME = timedelta(hours=24)
LEFT_BEHIND = timedelta(seconds=60)
DAY = 24 * 60 * 60
SOON_AGAIN = Limit("reader sign-up soon again", 1, 10 * 60)
ADDRESS = Limit("reader sign-up", 3, DAY)
NETWORK = Limit("reader sign-up from", 10, 60 * 60)
KNOWLEDGE_BASE = Limit("reader sign-up to", 200, DAY)

__all__ = ["DeadLink", "ask", "domains_of", "find_link", "finish", "is_open_to"]


def domains_of(knowledge_base: KnowledgeBase) -> list[str]:
    """The domains whose addresses may sign up; none where every address may."""
    return knowledge_base.sign_up_domains.split()


def is_open_to(knowledge_base: KnowledgeBase, email: str) -> bool:
    """Whether this canonical address may sign up here."""
    if knowledge_base.is_archived or knowledge_base.sign_up == SignUp.CLOSED:
        return False
    domains = domains_of(knowledge_base)
    return not domains or email.rpartition("@")[2] in domains


def ask(knowledge_base_id: uuid.UUID, details: Details, *, network_address: str) -> None:
    """Keep what was typed and have a letter mailed to the address, unless it got enough of them lately.

    Raises :class:`kbadmin.users.tries.TooManyTries` where the network or the knowledge base has had its share.
    """
    key, account_id = passwords.person_key(details.email), current_account()
    stop_reading()
    tries.take(NETWORK, throttle.network_of(network_address))
    tries.require_left(KNOWLEDGE_BASE, str(knowledge_base_id))
    stop_reading()
    try:
        tries.take(SOON_AGAIN, key)
        tries.take(ADDRESS, key)
    except tries.TooManyTries:
        return  # Said to nobody: whoever owns the address has a letter, and others learn nothing.
    throttle.count(KNOWLEDGE_BASE, str(knowledge_base_id))
    begin_writing()
    row = ReaderSignUp(
        knowledge_base_id=knowledge_base_id,
        email=details.email,
        email_key=details.email.casefold(),
        first_name=details.first_name,
        last_name=details.last_name,
        expires_at=clock.now() + LIFETIME,
    )
    db.session.add(row)
    db.session.flush()
    wake(mail_sign_up_letter, str(account_id), str(row.id))


@task
def mail_sign_up_letter(account_id: str, sign_up_id: str) -> None:
    """Mail a link to confirm the address, or word that it is a reader's already. A second wake-up mails nothing."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        query = select(ReaderSignUp).where(ReaderSignUp.id == uuid.UUID(sign_up_id)).with_for_update()
        row = db.session.scalar(query)
        knowledge_base = knowledge_bases.find(row.knowledge_base_id) if row else None
        if row is None or knowledge_base is None or row.mailed_at or email_settings.way(knowledge_base.id) is None:
            return
        row.mailed_at = clock.now()
        reader = operations.find_by_address(row.email)
        if reader is not None:
            sign_up_letters.say_known(reader, knowledge_base, sign_up_id=row.id)
            db.session.delete(row)
            return
        token = links.hand_out(
            Purpose.READER_SIGN_UP,
            subject_id=row.id,
            lifetime=row.expires_at - clock.now(),
            account_id=current_account(),
        )
        sign_up_letters.send_link(row, knowledge_base, token)


@sweep
def sign_ups_left_behind() -> None:
    """Wake those whose wake-up was lost; forget those whose day is over."""
    now = clock.now()
    with every_account() as session:
        waiting = select(ReaderSignUp.account_id, ReaderSignUp.id).where(
            ReaderSignUp.mailed_at.is_(None), ReaderSignUp.created_at < now - LEFT_BEHIND, ReaderSignUp.expires_at > now
        )
        found = [(str(account_id), str(one)) for account_id, one in session.execute(waiting)]
        old = delete(ReaderSignUp).where(ReaderSignUp.expires_at <= now)
        session.execute(old.execution_options(synchronize_session=False))
    for account_id, sign_up_id in found:
        wake(mail_sign_up_letter, account_id, sign_up_id)
    if found:
        begin_writing()
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def find_link(token: str, knowledge_base: KnowledgeBase) -> tuple[OneTimeLink, ReaderSignUp] | None:
    """A live link and what was typed; nothing where the address may not sign up here any more, or is a reader's."""
    link = links.find(Purpose.READER_SIGN_UP, token)
    row = db.session.get(ReaderSignUp, link.subject_id) if link else None  # The fence: of this account only.
    if link is None or row is None or row.knowledge_base_id != knowledge_base.id:
        return None
    if not is_open_to(knowledge_base, row.email) or operations.find_by_address(row.email) is not None:
        return None
    return link, row


def finish(token: str, knowledge_base: KnowledgeBase, new_password: str, *, network_address: str) -> Opened | None:
    """Use the link up and make a reader of whoever holds it; a session, or nothing if they must be let in first.

    Raises :class:`DeadLink`.
    """
    knowledge_base_id = knowledge_base.id
    if find_link(token, knowledge_base) is None:
        raise DeadLink
    stop_reading()
    hashed = hasher().hash(new_password)
    begin_writing()
    here = knowledge_bases.find(knowledge_base_id)
    found = find_link(token, here) if here else None
    if here is None or found is None or not links.consume(found[0].id, session=db.session()):
        raise DeadLink
    row, is_open = found[1], here.sign_up == SignUp.OPEN
    try:
        reader = operations.create(
            Details(row.email, row.first_name, row.last_name, {}),
            Belongings(reads_everything=False, knowledge_bases=frozenset([knowledge_base_id])),
            status=ReaderStatus.ACTIVE if is_open else ReaderStatus.PENDING,
            how="reader signed up",
            actor=Actor(None, "Sign-up", network_address),
        )
    except AddressTaken:
        raise DeadLink from None
    reader.password_hash, reader.password_changed_at = hashed, clock.now()
    db.session.execute(delete(ReaderSignUp).where(ReaderSignUp.email_key == reader.email_key))
    if not is_open:
        return None
    reader.signed_in_at = clock.now()
    return sessions.begin(reader.id)
