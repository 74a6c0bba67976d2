"""Who is who: one subscriber per account, whether they are known as a reader or by their address alone."""

from sqlalchemy import or_, select

from kbadmin.adding import added
from kbadmin.database import db
from kbadmin.email_addresses import canonical_address, comparable
from kbadmin.encryption import Secret, fingerprint, new_token
from kbadmin.readers.models import Reader
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber


def subscriber_for(reader: Reader) -> Subscriber:
    """A reader's row in the account, found, taken over from their bare address, or made. In a write section."""
    known = or_(Subscriber.reader_id == reader.id, Subscriber.email_key == reader.email_key)
    found = db.session.scalar(select(Subscriber).where(known).order_by(Subscriber.reader_id.is_(None)))
    if found is None:
        made = Subscriber(email=reader.email, email_key=reader.email_key, reader_id=reader.id)
        return added(made, lambda: db.session.scalar(select(Subscriber).where(known)))
    take_over(found, reader)
    return found


def take_over(found: Subscriber, reader: Reader) -> None:
    """The row is this reader's now, and the address is written as theirs: what is sent goes to that."""
    found.reader_id, found.email = reader.id, reader.email


def subscriber_at(email: str) -> Subscriber:
    """The row of an address: its reader's, if there is one. In a write section; raises :class:`NotOneAddress`."""
    address, key = canonical_address(email), comparable(email)
    reader = db.session.scalar(select(Reader).filter_by(email_key=key))
    if reader is not None:
        return subscriber_for(reader)
    query = select(Subscriber).filter_by(email_key=key)
    return db.session.scalar(query) or added(Subscriber(email=address, email_key=key), lambda: db.session.scalar(query))


def renew_token(row: KnowledgeBaseSubscriber) -> None:
    """Another link than any that was sent before."""
    token = new_token()
    row.token_fingerprint, row.token = fingerprint(token), Secret(token)


def token_of(row: KnowledgeBaseSubscriber) -> str:
    """What stands in the links of their e-mails, in plain text."""
    token: Secret = row.token
    return token.reveal()
