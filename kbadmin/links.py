"""One-time links: random tokens of which only the fingerprint is stored, for one purpose, used once.

A link names the account and the subject it is for, so that whoever opens it can be let into that account and no
other. Opening a link (GET) changes nothing; :func:`consume` ends it, atomically, so that of many simultaneous
attempts one succeeds.
"""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Uuid, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, db, new_id
from kbadmin.encryption import fingerprint, new_token


class Purpose(StrEnum):
    """What a link lets its holder do; a link for one purpose opens nothing else."""

    SET_PASSWORD = "set_password"
    READER_PASSWORD = "reader_password"
    READER_SIGN_UP = "reader_sign_up"
    INVITATION = "invitation"
    ADMIN_CONSENT = "admin_consent"


class OneTimeLink(Base):
    """A link that has been handed out; the token itself is stored nowhere."""

    __tablename__ = "one_time_links"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[Purpose] = mapped_column(String(32))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(Uuid, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_alive(self) -> bool:
        """Whether the link may still be used."""
        return self.used_at is None and clock.now() < self.expires_at


def hand_out(
    purpose: Purpose,
    *,
    subject_id: uuid.UUID,
    lifetime: timedelta,
    account_id: uuid.UUID | None = None,
    session: Session | None = None,
) -> str:
    """A new token for this subject. Earlier live links of the same purpose and subject stop working.

    It is kept with the commit of the session, by default the request's.
    """
    session = session or db.session()
    revoke(purpose, subject_id=subject_id, session=session)
    token = new_token()
    session.add(
        OneTimeLink(
            fingerprint=fingerprint(token),
            purpose=purpose,
            account_id=account_id,
            subject_id=subject_id,
            created_at=clock.now(),
            expires_at=clock.now() + lifetime,
        )
    )
    return token


def find(purpose: Purpose, token: str) -> OneTimeLink | None:
    """The live link this token belongs to, or nothing; the answer is the same for unknown, used and expired."""
    query = select(OneTimeLink).filter_by(fingerprint=fingerprint(token), purpose=purpose)
    link = db.session.scalar(query)
    return link if link is not None and link.is_alive else None


def consume(link_id: uuid.UUID, *, session: Session) -> bool:
    """Use the link up; False if somebody else was first. Give it the session whose commit should keep the use."""
    now = clock.now()
    used = update(OneTimeLink).where(
        OneTimeLink.id == link_id, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now
    )
    taken = session.execute(used.values(used_at=now).returning(OneTimeLink.id)).all()
    return len(taken) == 1


def prolong(token: str, *, lifetime: timedelta, session: Session) -> bool:
    """Let an unused link live from now on for so long; False if it was used or ended meanwhile."""
    unused = update(OneTimeLink).where(OneTimeLink.fingerprint == fingerprint(token), OneTimeLink.used_at.is_(None))
    changed = session.execute(unused.values(expires_at=clock.now() + lifetime).returning(OneTimeLink.id)).all()
    return bool(changed)


def revoke(purpose: Purpose, *, subject_id: uuid.UUID, session: Session | None = None) -> None:
    """End every link of this purpose for this subject."""
    ended = delete(OneTimeLink).where(OneTimeLink.purpose == purpose, OneTimeLink.subject_id == subject_id)
    (session or db.session()).execute(ended)
