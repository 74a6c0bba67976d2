"""sign_in(): a reader's address and password in, a session out. Somebody unknown costs as much as a wrong password."""

from kbadmin import clock, logs, throttle
from kbadmin.database import begin_writing, db, stop_reading
from kbadmin.readers import passwords, sessions
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.throttle import Limit
from kbadmin.users import tries
from kbadmin.users.passwords import hasher
from kbadmin.users.sessions import Opened

SIGN_IN_FROM = Limit("reader sign-in from", 20, 15 * 60)

log = logs.get(__name__)


class NotSignedIn(Exception):
    """No such reader, not their password, or not let in: which of these is not said."""


class StillWaits(NotSignedIn):
    """The right password of somebody who signed up and has not been let in yet: they may know."""


def sign_in(*, email: str, password: str, remember_days: int, network_address: str, old_token: str | None) -> Opened:
    """Begin a session. Raises :class:`NotSignedIn` (or its :class:`StillWaits`) and :class:`tries.TooManyTries`."""
    key, network = passwords.person_key(email), throttle.network_of(network_address)
    tries.require_left(SIGN_IN_FROM, network)
    stop_reading()  # Before each wait, and before each connection beside the session's own.
    tries.take(passwords.SIGN_IN, key)
    reader = passwords.find_reader(email)
    reader_id, stored = (reader.id, reader.password_hash) if reader else (None, None)
    stop_reading()
    if not hasher().verify(stored, password) or reader_id is None or stored is None:
        throttle.count(SIGN_IN_FROM, network)
        log.warning("reader sign-in refused", reader=str(reader_id or "unknown"), network_address=network_address)
        raise NotSignedIn
    renewed = hasher().hash(password) if hasher().is_outdated(stored) else None
    throttle.forget(passwords.SIGN_IN, key)
    begin_writing()
    person = db.session.get(Reader, reader_id)
    if person is None or person.password_hash != stored or not passwords.may_sign_in(person):
        waits = person is not None and person.password_hash == stored and person.status == ReaderStatus.PENDING
        raise StillWaits if waits else NotSignedIn
    person.password_hash, person.signed_in_at = renewed or stored, clock.now()
    if old_token:
        sessions.end_token(old_token)
    return sessions.begin(reader_id, remember_days=remember_days)


def sign_out(token: str) -> None:
    """End the session of this token, if it is still one."""
    begin_writing()
    sessions.end_token(token)
