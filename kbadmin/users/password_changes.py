"""Changing a password: by whoever knows the old one, or by whoever holds a one-time link.

Either way every other session of the person ends, links to set a password stop working, and the person is told by
e-mail where the platform can send one. Hashing comes before the write section.
"""

from datetime import timedelta

from kbadmin import clock, links, throttle
from kbadmin.audit.operations import COMMAND_LINE, Subject, record
from kbadmin.database import begin_writing, db, ledger, stop_reading, unit_of_work
from kbadmin.engine import task, wake
from kbadmin.links import OneTimeLink, Purpose
from kbadmin.tenancy import enter
from kbadmin.users import emails, sessions, tries
from kbadmin.users.models import User
from kbadmin.users.passwords import hasher
from kbadmin.users.principal import SignedIn
from kbadmin.users.queries import accounts_of, find_user
from kbadmin.users.sessions import Opened, Visitor
from kbadmin.users.sign_in import Welcome, welcome

MAILED_LINK_LIFETIME = timedelta(minutes=60)
PRINTED_LINK_LIFETIME = timedelta(hours=24)


class WrongPassword(Exception):
    """The password that was typed is not the person's."""


class DeadLink(Exception):
    """The link was used, has expired, was replaced, or never existed: which of these is not said."""


def confirm_own_password(principal: SignedIn, password: str) -> None:
    """Check that it is still this person. Raises :class:`WrongPassword` and TooManyTries."""
    key = str(principal.user.id)
    stored = db.session.get_one(User, principal.user.id).password_hash
    stop_reading()
    tries.take(tries.OWN_PASSWORD, key)
    if not hasher().verify(stored, password):
        raise WrongPassword
    throttle.forget(tries.OWN_PASSWORD, key)
    principal.password_was_given()


def change_password(principal: SignedIn, new_password: str) -> Opened:
    """Store another password and end the person's other sessions; this one goes on with a new token."""
    stop_reading()
    hashed = hasher().hash(new_password)
    begin_writing()
    user = db.session.get_one(User, principal.user.id)
    _store(user, hashed)
    sessions.end_others(user.id, but=principal.session_id)
    record("password changed", actor=principal.actor, subject=_subject(user))
    emails.tell_password_changed(user)
    return sessions.renew(principal.session_id, session=db.session())


def find_link(token: str) -> tuple[OneTimeLink, User] | None:
    """A live link to set a password and the person it is for."""
    link = links.find(Purpose.SET_PASSWORD, token)
    user = db.session.get(User, link.subject_id) if link else None
    return (link, user) if link and user else None


def set_password_with_link(token: str, new_password: str, *, visitor: Visitor) -> Welcome:
    """Use the link up, store the password, end all sessions and begin one. Raises :class:`DeadLink`."""
    found = find_link(token)
    if found is None:
        raise DeadLink
    link_id, user_id, key = found[0].id, found[1].id, tries.person_key(found[1].email)
    stop_reading()  # From here on one connection at a time: the pool is smaller than a crowd.
    choices = tuple(accounts_of(user_id))
    hashed = hasher().hash(new_password)
    throttle.forget(tries.SIGN_IN, key)
    begin_writing()
    if not links.consume(link_id, session=db.session()):
        raise DeadLink
    user = db.session.get_one(User, user_id)
    _store(user, hashed)
    sessions.end_others(user.id)
    opened = welcome(user, choices, visitor=visitor, how="password set with a link")
    if len(choices) == 1:
        emails.tell_password_changed(user)
    return opened


def ask_for_reset(email: str, *, network_address: str) -> None:
    """Have a link mailed if there is such a person. The request does the same work whether there is or not."""
    try:
        tries.take(tries.RESET_FROM, throttle.network_of(network_address))
        tries.take(tries.RESET, tries.person_key(email))
    except tries.TooManyTries:
        return
    begin_writing()
    wake(mail_reset_link, email)


@task
def mail_reset_link(email: str) -> None:
    """Mail a one-time link to the stored address of this person, if there is one and an account to sign in to."""
    user = find_user(email)
    choices = accounts_of(user.id) if user else []
    if user is None or not choices:
        return
    enter(choices[0].account_id)
    with unit_of_work():
        token = links.hand_out(Purpose.SET_PASSWORD, subject_id=user.id, lifetime=MAILED_LINK_LIFETIME)
        emails.send_reset_link(user, token, expires_at=clock.now() + MAILED_LINK_LIFETIME)


def print_reset_link(email: str) -> str:
    """A link for the operator to pass on. Raises LookupError if there is no such person."""
    user = find_user(email)
    if user is None:
        raise LookupError(email)
    for choice in accounts_of(user.id):
        with ledger(choice.account_id) as session:
            record("reset link printed", actor=COMMAND_LINE, subject=_subject(user), session=session)
    with unit_of_work():
        token = links.hand_out(Purpose.SET_PASSWORD, subject_id=user.id, lifetime=PRINTED_LINK_LIFETIME)
    return emails.set_password_address(token)


def _store(user: User, hashed: str) -> None:
    user.password_hash = hashed
    user.password_changed_at = clock.now()
    links.revoke(Purpose.SET_PASSWORD, subject_id=user.id)


def _subject(user: User) -> Subject:
    return Subject("user", user.id, user.email)
