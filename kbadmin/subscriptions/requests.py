"""Public subscriptions: somebody types an address, its owner gets a link, and only who uses it is subscribed.

Whoever asks gets one answer and the same work is done, whatever is known of the address. What is sent is decided
afterwards, in the background. Nobody's mailbox can be filled from here: see the limits.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from kbadmin import clock, throttle
from kbadmin.articles.visibility import STRANGER
from kbadmin.audit.operations import Actor
from kbadmin.database import begin_writing, db, stop_reading, unit_of_work
from kbadmin.email_addresses import comparable
from kbadmin.encryption import fingerprint, new_token
from kbadmin.engine import sweep, task, wake
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import OutboxMessage
from kbadmin.subscriptions import emails, offers, subscribing, targets
from kbadmin.subscriptions.models import (
    ALL,
    Frequency,
    KnowledgeBaseSubscriber,
    Source,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Target,
)
from kbadmin.tenancy import current_account, enter, every_account
from kbadmin.throttle import Limit
from kbadmin.users import tries

LIFETIME = timedelta(hours=48)
#: For one address, whichever knowledge base of whichever account is asked.
FOR_ADDRESS = (Limit("subscription asked for, soon", 1, 10 * 60), Limit("subscription asked for", 3, 24 * 60 * 60))
FROM_NETWORK = Limit("subscription asked for from", 10, 60 * 60)
BY_ALL = Limit("subscriptions asked for by all", 1_000, 60 * 60)  # over the installation
MOST_UNCONFIRMED = 200  # a day and knowledge base
TRY_AGAIN_SECONDS = 60 * 60


class DeadLink(RuntimeError):
    """The link was used, has expired, or the knowledge base takes no subscriptions any more."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to hear of, and how often."""

    target: Target
    category_id: uuid.UUID | None = None
    article_id: uuid.UUID | None = None
    with_subcategories: bool = True
    frequency: Frequency = Frequency.SCHEDULED


def ask(knowledge_base_id: uuid.UUID, wanted: Wanted, *, email: str, network_address: str) -> None:
    """Note the wish, and have its owner asked. ``email`` is a canonical address.

    Raises :class:`kbadmin.users.tries.TooManyTries` for a network, or while too many ask; never because of the address.
    """
    network = throttle.network_of(network_address)
    stop_reading()  # Before each connection beside the session's own.
    tries.require_left(FROM_NETWORK, network)
    tries.require_left(BY_ALL, "")
    _require_room(knowledge_base_id)
    stop_reading()
    tries.take(FROM_NETWORK, network)
    if any(throttle.count(limit, comparable(email)) > limit.count for limit in FOR_ADDRESS):
        return
    tries.take(BY_ALL, "")
    begin_writing()
    _require_room(knowledge_base_id)  # Again, where writers queue up: many at once must not slip through.
    asked = SubscriptionRequest(
        knowledge_base_id=knowledge_base_id,
        email=email,
        email_key=comparable(email),
        frequency=wanted.frequency,
        target=wanted.target,
        category_id=wanted.category_id,
        article_id=wanted.article_id,
        with_subcategories=wanted.with_subcategories,
        token_fingerprint=fingerprint(new_token()),  # Of a link that nobody has: the letter brings its own.
        expires_at=clock.now() + LIFETIME,
    )
    db.session.add(asked)
    wake(mail_confirmation_link, str(current_account()), str(asked.id))


@task
def mail_confirmation_link(account_id: str, request_id: str) -> None:
    """Ask the owner of the address, unless they hear of it already, or nobody can send."""
    enter(uuid.UUID(account_id))
    with unit_of_work():
        asked = db.session.get(SubscriptionRequest, uuid.UUID(request_id))
        if asked is None or _was_mailed(asked) or _is_told_already(asked):
            return
        knowledge_base, settings = _open_one(asked.knowledge_base_id), offers.settings_if_on(asked.knowledge_base_id)
        chosen = emails.way(settings) if settings else None
        if knowledge_base is None or chosen is None:
            return
        to = targets.named(knowledge_base, STRANGER, [asked])[asked.id]
        token = new_token()
        asked.token_fingerprint = fingerprint(token)
        emails.ask_to_confirm(asked, token, knowledge_base, to=to, chosen=chosen)


def find(token: str) -> tuple[SubscriptionRequest, KnowledgeBase] | None:
    """A request whose link may be used still, and where it is to."""
    query = select(SubscriptionRequest).filter_by(token_fingerprint=fingerprint(token), used_at=None)
    asked = db.session.scalar(query.where(SubscriptionRequest.expires_at > clock.now()))
    there = _open_one(asked.knowledge_base_id) if asked else None
    return (asked, there) if asked and there else None


def confirm(request_id: uuid.UUID, *, network_address: str) -> KnowledgeBaseSubscriber:
    """The owner of the address says yes: use the link up, and subscribe. Raises :class:`DeadLink`."""
    begin_writing()
    alive = (SubscriptionRequest.used_at.is_(None), SubscriptionRequest.expires_at > clock.now())
    use = update(SubscriptionRequest).where(SubscriptionRequest.id == request_id, *alive).values(used_at=clock.now())
    if not db.session.execute(use.returning(SubscriptionRequest.id)).all():
        raise DeadLink
    asked = db.session.get_one(SubscriptionRequest, request_id)
    knowledge_base = _open_one(asked.knowledge_base_id)
    if knowledge_base is None:
        raise DeadLink
    return subscribing.subscribe(
        knowledge_base,
        email=asked.email,
        target=Target(asked.target),
        category_id=asked.category_id,
        article_id=asked.article_id,
        with_subcategories=asked.with_subcategories,
        frequency=Frequency(asked.frequency),
        source=Source.PUBLIC,
        by=Actor(None, asked.email, network_address),
    )


@sweep
def forget_expired_requests() -> None:
    """Addresses whose owners did not answer are not kept, nor are used links."""
    with every_account() as session:
        over = SubscriptionRequest.expires_at < clock.now()
        if session.scalar(select(SubscriptionRequest.id).where(over).limit(1)) is not None:
            session.execute(delete(SubscriptionRequest).where(over).execution_options(synchronize_session=False))


def _open_one(knowledge_base_id: uuid.UUID) -> KnowledgeBase | None:
    """The knowledge base, as long as strangers may subscribe to it."""
    found = knowledge_bases.find(knowledge_base_id)
    return found if found and offers.is_open_to_all(found, offers.settings_if_on(found.id)) else None


def _require_room(knowledge_base_id: uuid.UUID) -> None:
    query = select(func.count()).select_from(SubscriptionRequest).filter_by(knowledge_base_id=knowledge_base_id)
    young = SubscriptionRequest.created_at > clock.now() - timedelta(days=1)
    unconfirmed = db.session.scalar(query.where(young, SubscriptionRequest.used_at.is_(None))) or 0
    if unconfirmed >= MOST_UNCONFIRMED:
        raise tries.TooManyTries(TRY_AGAIN_SECONDS)


def _was_mailed(asked: SubscriptionRequest) -> bool:
    query = select(OutboxMessage.id).filter_by(deduplication_key=emails.deduplication_key(asked))
    return db.session.scalar(query) is not None


def _is_told_already(asked: SubscriptionRequest) -> bool:
    """Whether the address is subscribed to this, or to all of the knowledge base, and has not unsubscribed."""
    here = KnowledgeBaseSubscriber.id == Subscription.knowledge_base_subscriber_id
    wanted = [ALL, subscribing.target_key(asked.category_id, asked.article_id)]
    query = (
        select(Subscription.id)
        .join(KnowledgeBaseSubscriber, here)
        .join(Subscriber, Subscriber.id == KnowledgeBaseSubscriber.subscriber_id)
        .where(Subscriber.email_key == asked.email_key, Subscription.target_key.in_(wanted))
        .where(KnowledgeBaseSubscriber.knowledge_base_id == asked.knowledge_base_id)
        .where(KnowledgeBaseSubscriber.unsubscribed_at.is_(None))
    )
    return db.session.scalar(query.limit(1)) is not None
