"""sign_in(): an address and a password in, a session out. Somebody unknown costs as much as a wrong password."""

import uuid
from dataclasses import dataclass

from kbadmin import logs, throttle
from kbadmin.audit.operations import Subject, record
from kbadmin.database import begin_writing, db, ledger, stop_reading
from kbadmin.tenancy import enter
from kbadmin.users import sessions, tries
from kbadmin.users.models import Person, User
from kbadmin.users.passwords import hasher
from kbadmin.users.principal import SignedIn, actor_of
from kbadmin.users.queries import AccountChoice, accounts_of, find_user
from kbadmin.users.sessions import Opened, Visitor

log = logs.get(__name__)


class NotSignedIn(Exception):
    """No such person, or not their password: which of the two is not said."""


class NoSuchAccount(LookupError):
    """The person may not work in that account."""


@dataclass(frozen=True)
class Welcome:
    """A session that has begun, and the accounts to choose from; with exactly one it has been chosen."""

    opened: Opened
    choices: tuple[AccountChoice, ...]

    @property
    def must_choose(self) -> bool:
        """Whether the person has to say which account they want to work in."""
        return len(self.choices) != 1


def sign_in(*, email: str, password: str, is_kept: bool, visitor: Visitor, old_token: str | None) -> Welcome:
    """Begin a session. Raises :class:`NotSignedIn` and :class:`kbadmin.users.tries.TooManyTries`."""
    network = throttle.network_of(visitor.network_address)
    tries.require_left(tries.SIGN_IN_FROM, network)
    stop_reading()  # Before each wait, and before each connection beside the session's own.
    tries.take(tries.SIGN_IN, tries.person_key(email))
    user = find_user(email)
    user_id, stored = (user.id, user.password_hash) if user else (None, None)
    stop_reading()
    if not hasher().verify(stored, password) or user_id is None or stored is None:
        throttle.count(tries.SIGN_IN_FROM, network)
        log.warning("sign-in refused", user=str(user_id or "unknown"), network_address=visitor.network_address)
        raise NotSignedIn
    renewed = hasher().hash(password) if hasher().is_outdated(stored) else None
    throttle.forget(tries.SIGN_IN, tries.person_key(email))
    choices = tuple(accounts_of(user_id))
    begin_writing()
    person = db.session.get(User, user_id)
    if person is None or person.password_hash != stored:
        raise NotSignedIn  # Changed while we were comparing.
    person.password_hash = renewed or stored
    if old_token:
        sessions.end_token(old_token)
    return welcome(person, choices, is_kept=is_kept, visitor=visitor)


def welcome(
    person: User, choices: tuple[AccountChoice, ...], *, visitor: Visitor, is_kept: bool = False, how: str = "signed in"
) -> Welcome:
    """Begin a session in the caller's write section; with one account to choose from, in that account."""
    only = choices[0].account_id if len(choices) == 1 else None
    opened = sessions.begin(person.id, account_id=only, is_kept=is_kept, visitor=visitor, session=db.session())
    if only is not None:
        enter(only)
        record(how, actor=actor_of(person, visitor.network_address), subject=_subject(person), browser=visitor.browser)
    return Welcome(opened, choices)


def choose_account(principal: SignedIn, account_id: uuid.UUID) -> Opened:
    """Go on in another account, with a new token. Raises :class:`NoSuchAccount`."""
    if account_id not in {choice.account_id for choice in accounts_of(principal.user.id)}:
        raise NoSuchAccount(account_id)
    with ledger(account_id) as session:  # The request's own session belongs to the account that is left.
        opened = sessions.renew(principal.session_id, session=session, account_id=account_id)
        record("signed in", actor=principal.actor, subject=_subject(principal.user), session=session)
    return opened


def sign_out(token: str, principal: SignedIn | None) -> None:
    """End the session of this token, if it is still one."""
    begin_writing()
    sessions.end_token(token)
    if principal is not None and principal.account_id is not None:
        record("signed out", actor=principal.actor, subject=_subject(principal.user))


def _subject(user: User | Person) -> Subject:
    return Subject("user", user.id, user.email)
