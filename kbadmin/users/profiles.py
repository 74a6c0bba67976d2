"""The verbs of one's own profile: another name, fewer sessions."""

import uuid

from kbadmin.audit.operations import Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.users import sessions
from kbadmin.users.models import Person, User
from kbadmin.users.principal import SignedIn


def rename(principal: SignedIn, name: str) -> None:
    """Give oneself another name."""
    begin_writing()
    user = db.session.get_one(User, principal.user.id)
    before, actor = user.label, principal.actor
    user.name = name
    if before != name:
        record("profile changed", actor=actor, subject=_subject(user), name=f"{before} → {name}")


def end_session(principal: SignedIn, session_id: uuid.UUID) -> bool:
    """Sign one browser out; False if it was no longer signed in."""
    begin_writing()
    ended = sessions.end(session_id, user_id=principal.user.id)
    if ended:
        record("session ended", actor=principal.actor, subject=_subject(principal.user))
    return ended


def end_other_sessions(principal: SignedIn) -> int:
    """Sign every other browser out; answers how many."""
    begin_writing()
    count = sessions.end_others(principal.user.id, but=principal.session_id)
    if count:
        record("other sessions ended", actor=principal.actor, subject=_subject(principal.user), count=count)
    return count


def _subject(user: User | Person) -> Subject:
    return Subject("user", user.id, user.email)
