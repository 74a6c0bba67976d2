"""What the link in a digest does when it is pressed, by a person or by their mail program (RFC 8058).

The token is all that is asked for. Whether it is one is not told: guessing finds nothing out, and is noted.
"""

from kbadmin import logs, throttle
from kbadmin.audit.operations import Actor
from kbadmin.database import db, stop_reading
from kbadmin.subscriptions import subscribing, unsubscribing
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber
from kbadmin.throttle import Limit

UNKNOWN_FROM = Limit("unknown subscriber link from", 50, 60 * 60)

log = logs.get(__name__)


def unsubscribe(token: str, *, network_address: str) -> None:
    """End all that the link's owner hears of the knowledge base it came from. Mail programs are never refused."""
    found = subscribing.find_by_token(token)
    if found is None:
        _note_unknown(network_address)
    else:
        unsubscribing.unsubscribe_all(found, by=_owner_of(found, network_address))


def subscribe_again(token: str, *, network_address: str) -> None:
    """Take that back."""
    found = subscribing.find_by_token(token)
    if found is None:
        _note_unknown(network_address)
    else:
        subscribing.subscribe_again(found, by=_owner_of(found, network_address))


def _owner_of(found: KnowledgeBaseSubscriber, network_address: str) -> Actor:
    email = db.session.get_one(Subscriber, found.subscriber_id).email
    return Actor(None, f"{email} (by link)"[:254], network_address)


def _note_unknown(network_address: str) -> None:
    """Counted up to a limit and then no more, so that guessing costs us next to nothing; the operator is told once."""
    network = throttle.network_of(network_address)
    stop_reading()
    if throttle.spent(UNKNOWN_FROM, network):
        return
    stop_reading()
    if throttle.count(UNKNOWN_FROM, network) == UNKNOWN_FROM.count:
        log.warning("many unknown subscriber links", network_address=network_address)
