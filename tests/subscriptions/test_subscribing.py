"""Subscribing and unsubscribing: one row per person, a «no» that holds, and what waits is withdrawn."""

import pytest
from sqlalchemy import func, select

from kbadmin.audit.models import AuditEntry
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.portal import profiles
from kbadmin.readers import bulk, operations
from kbadmin.readers.listing import Wanted
from kbadmin.readers.operations import Belongings, Details
from kbadmin.subscriptions import subscribing, unsubscribing
from kbadmin.subscriptions.models import (
    Frequency,
    KnowledgeBaseSubscriber,
    Source,
    Subscriber,
    SubscriptionRequest,
    SubscriptionSettings,
    Target,
)
from kbadmin.subscriptions.subscribing import NotOffered, Unsubscribed
from tests.databases import both_databases
from tests.delivery.log_rows import put, suppress
from tests.factories import inside
from tests.house.rows import make_row
from tests.portal.library import Library
from tests.subscriptions.helpers import (
    SOMEBODY,
    chosen,
    has_unsubscribed,
    queue,
    subscribe,
    token_of,
    turn_on,
    waiting,
)


@pytest.fixture
def library(app, account):
    return Library(app, account)


@pytest.fixture
def help_base(library):
    return library.knowledge_base("Help")


def unsubscribe(library, subscriber):
    with inside(library.app, library.account), unit_of_work():
        unsubscribing.unsubscribe_all(db.session.get_one(KnowledgeBaseSubscriber, subscriber), by=SOMEBODY)


def details(email):
    return Details(email, "", "", {})


@both_databases
def test_an_address_and_the_reader_with_it_are_one_subscriber(library, help_base):
    category = library.category(help_base, "Lamps")
    bare = subscribe(library, help_base, email="Ann@example.com", source=Source.PUBLIC)
    with inside(library.app, library.account), unit_of_work():
        made = operations.create(details("ann@EXAMPLE.com"), Belongings(), actor=SOMEBODY).id
    assert subscribe(library, help_base, reader=made, target=Target.CATEGORY, category_id=category) == bare
    assert subscribe(library, help_base, email="ANN@example.com", source=Source.ADDED) == bare
    assert chosen(library) == {"ann@EXAMPLE.com": ["category", "knowledge_base"]}  # As the reader writes it.
    with inside(library.app, library.account):
        assert db.session.scalar(select(Subscriber)).reader_id == made
        assert db.session.get(KnowledgeBaseSubscriber, bare).source == Source.PUBLIC  # Consent stays what it was.


@both_databases
def test_who_unsubscribes_gets_no_digest_that_waits_and_everything_else(library, help_base):
    other = library.knowledge_base("Handbook")
    ann, bob = (subscribe(library, help_base, email=f"{name}@example.com") for name in ("ann", "bob"))
    queue(library, help_base, "ann@example.com", "bob@example.com")
    queue(library, other, "ann@example.com")
    queue(library, help_base, "ann@example.com", kind=Kind.SUBSCRIPTION_CONFIRMATION)
    unsubscribe(library, ann)
    unsubscribe(library, ann)
    assert waiting(library, help_base) == [
        ("digest", "bob@example.com"),
        ("subscription_confirmation", "ann@example.com"),
    ]
    assert waiting(library, other) == [("digest", "ann@example.com")]
    assert (has_unsubscribed(library, ann), has_unsubscribed(library, bob)) == (True, False)
    with inside(library.app, library.account):  # Nobody can send it again by hand.
        query = select(OutboxMessage).filter_by(status="cancelled")
        assert [one.parts_sealed for one in db.session.scalars(query)] == [None]


def test_only_they_themselves_come_back_and_to_what_they_had_chosen(library, help_base, clock):
    article = library.article(help_base, "Bulbs")
    ann = subscribe(library, help_base, email="ann@example.com", target=Target.ARTICLE, article_id=article)
    unsubscribe(library, ann)
    for source in (Source.ADDED, Source.IMPORTED):
        with pytest.raises(Unsubscribed):
            subscribe(library, help_base, email="ann@example.com", source=source)
    assert chosen(library) == {"ann@example.com": []}

    clock.advance(days=1)
    with inside(library.app, library.account), unit_of_work():
        found = db.session.get_one(KnowledgeBaseSubscriber, ann)
        subscribing.subscribe_again(found, by=SOMEBODY)
        assert found.told_until_at == found.consented_at  # What came meanwhile is not told.
    assert chosen(library) == {"ann@example.com": ["article"]}

    unsubscribe(library, ann)
    subscribe(library, help_base, email="ann@example.com", source=Source.PORTAL)
    assert chosen(library) == {"ann@example.com": ["knowledge_base"]}  # A new beginning.


def test_who_ends_their_last_subscription_has_unsubscribed_with_a_way_back(library, help_base):
    ann = subscribe(library, help_base, email="ann@example.com")
    article = library.article(help_base, "Bulbs")
    subscribe(library, help_base, email="ann@example.com", target=Target.ARTICLE, article_id=article)
    for expected in (["article"], []):
        with inside(library.app, library.account), unit_of_work():
            first = subscribing.subscriptions_of(ann)[0]
            row = db.session.get_one(KnowledgeBaseSubscriber, ann)
            subscribing.unsubscribe_from(row, first.id, by=SOMEBODY)
        assert chosen(library) == {"ann@example.com": expected}
    assert has_unsubscribed(library, ann)
    with inside(library.app, library.account):
        assert len(subscribing.subscriptions_of(ann)) == 1


def test_only_what_is_in_the_knowledge_base_and_only_as_often_as_it_allows(library, help_base):
    foreign = library.article(library.knowledge_base("Handbook"), "Holidays")
    for wrong in (
        {"target": Target.ARTICLE, "article_id": foreign},
        {"target": Target.ARTICLE},
        {"target": Target.KNOWLEDGE_BASE, "article_id": foreign},
    ):
        with pytest.raises(LookupError):
            subscribe(library, help_base, email="ann@example.com", **wrong)
    ann = subscribe(library, help_base, email="ann@example.com")
    turn_on(library, help_base, allows_weekly=True)
    with inside(library.app, library.account), unit_of_work():
        settings, found = (
            db.session.scalar(select(SubscriptionSettings)),
            subscribing.find_by_token(token_of(library, ann)),
        )
        subscribing.choose_frequency(found, Frequency.WEEKLY, settings=settings)
        with pytest.raises(NotOffered):
            subscribing.choose_frequency(found, Frequency.IMMEDIATE, settings=settings)
        assert found.frequency == Frequency.WEEKLY


@both_databases
def test_a_reader_who_moves_takes_their_subscriptions_along_and_a_no_of_either_address_holds(library, help_base):
    other = library.knowledge_base("Handbook")
    reader = library.reader("ann@example.com")
    mine = subscribe(library, help_base, reader=reader.id)
    subscribe(library, other, reader=reader.id)
    token = token_of(library, mine)
    unsubscribe(library, subscribe(library, help_base, email="new@example.com"))
    queue(library, other, "ann@example.com")

    with inside(library.app, library.account), unit_of_work():
        operations.change(reader.id, details("new@example.com"), Belongings(), actor=SOMEBODY)

    assert chosen(library) == {"new@example.com": ["knowledge_base"]}
    assert has_unsubscribed(library, mine)
    assert waiting(library) == []
    with inside(library.app, library.account):
        assert subscribing.find_by_token(token) is None  # The old mailbox holds no key.
        assert db.session.scalar(select(func.count()).select_from(Subscriber)) == 1


@both_databases
def test_a_disabled_reader_gets_nothing_that_waits_and_a_deleted_one_leaves_no_trace(library, help_base):
    ann, bob = library.reader("ann@example.com"), library.reader("bob@example.com")
    for reader in (ann, bob):
        subscribe(library, help_base, reader=reader.id)
    queue(library, help_base, ann.email, bob.email)
    ordered = bulk.Order(bulk.Deed.DISABLE, Wanted(), max(ann.id, bob.id), (ann.id,))
    with inside(library.app, library.account), unit_of_work():
        bulk.do(ordered, actor=SOMEBODY, facts={})
    assert waiting(library) == [("digest", "bob@example.com")]
    assert chosen(library)[ann.email] == ["knowledge_base"]

    with inside(library.app, library.account), unit_of_work():
        make_row(SubscriptionRequest).email_key = "ann@example.com"
        operations.remove(ann.id, actor=Actor(None, "somebody"))
    assert list(chosen(library)) == ["bob@example.com"]
    with inside(library.app, library.account):
        assert db.session.scalar(select(func.count()).select_from(SubscriptionRequest)) == 0


def test_a_thousand_guessed_tokens_find_nobody(library, help_base):
    token = token_of(library, subscribe(library, help_base, email="ann@example.com"))
    with inside(library.app, library.account):
        assert subscribing.find_by_token(token) is not None
        guesses = (f"{token[:-6]}{guess:06}" for guess in range(1_000))
        assert [guess for guess in guesses if guess != token and subscribing.find_by_token(guess)] == []


@both_databases
def test_the_audit_log_keeps_what_was_done_and_forgets_whom_it_named(library, help_base, owner_browser):
    account = library.account
    with inside(library.app, account), unit_of_work():
        rita = operations.create(details("Rita@example.org"), Belongings(), actor=SOMEBODY).id
    public = Actor(None, "Rita@example.org", "192.0.2.7")
    subscribe(library, help_base, email="rita@example.org", source=Source.PUBLIC, by=public)
    subscribe(library, help_base, email="other@example.org", source=Source.ADDED)
    with inside(library.app, account), unit_of_work():
        profiles.rename(rita, first_name="Rita", last_name="Reader", network_address="192.0.2.7")
    [message] = put(library.app, account, recipient="Rita@example.org", status=Status.FAILED)
    [refused] = suppress(library.app, account, "rita@example.org")
    owner_browser.open(f"/deliveries/{message}").press("Send again")
    owner_browser.open(f"/deliveries/suppressed/{refused}/clear").press("Clear")
    before = entries(library)
    assert sum("rita" in line.casefold() for line in before) == 5
    with inside(library.app, account), unit_of_work():
        operations.remove(rita, actor=SOMEBODY)
    after = entries(library)
    assert len(after) == len(before) + 1
    assert not [line for line in after if "rita" in line.casefold() or "192.0.2.7" in line]
    assert sum("other@example.org" in line for line in after) == 1
    assert "Olive" in " ".join(after)


def entries(library):
    with inside(library.app, library.account):
        rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [f"{row.actor} {row.network_address} {row.action} {row.subject} {row.facts}" for row in rows]
