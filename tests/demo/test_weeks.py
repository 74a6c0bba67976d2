"""The demo's account: what happened in its last weeks was done by the product, adds up, and ends before now."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from kbadmin import clock as house_clock
from kbadmin.accounts.models import Account
from kbadmin.database import db
from kbadmin.demo import subscribers
from kbadmin.demo.sample import LocalMailServer, fill
from kbadmin.encryption import Secret
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.smtp.models import SmtpService, State
from kbadmin.subscriptions import runs, subscriber_growth
from kbadmin.subscriptions.forecasts import forecast
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber, SubscriptionRequest, SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun, RunStage
from tests.factories import inside
from tests.smtp.conftest import _world, world
from tests.world import MAILBOX_PASSWORD

__all__ = ["_world", "world"]


@pytest.fixture
def settings(settings, world):
    return world.seen_from(settings)


@pytest.fixture
def demo(app, world):
    """The id of the demo's account, filled."""
    mail = LocalMailServer(world.mail.port, Secret(MAILBOX_PASSWORD))
    fill(app, password=Secret("amber-birch-1234"), mail=mail)
    fill(app, password=Secret("another"), mail=mail)  # A second start leaves it as it is.
    with app.app_context():
        return db.session.scalars(select(Account.id)).one()


def test_ten_weeks_were_lived_through(app, demo, world):
    with inside(app, demo):
        settings = db.session.scalars(select(SubscriptionSettings)).one()
        done = [one for one in db.session.scalars(select(DigestRun)) if one.stage == RunStage.DONE]
        tallies = runs.tallies_of([one.id for one in done])

        assert db.session.scalars(select(SmtpService)).one().state is State.READY
        assert settings.is_sending
        assert settings.next_due_at > house_clock.now()
        assert len(done) in (3, 4)  # Who hears once a week may do so in a run of their own.
        for run in done:
            tally = tallies[run.id]
            assert tally.planned == tally.sent + tally.failed + tally.skipped
            assert run.due_at + timedelta(minutes=1) > run.finished_at > run.due_at
        assert sum(tally.failed for tally in tallies.values()) >= 2
        sent = sum(tally.sent for tally in tallies.values())
        assert sent == world.mailbox.count("What is new in Product Updates")
        assert db.session.scalar(select(func.max(OutboxMessage.created_at))) <= house_clock.now()


def test_every_kind_of_subscriber_and_reader_is_there(app, demo):
    with inside(app, demo):
        here = db.session.scalars(select(KnowledgeBase).where(KnowledgeBase.slug == "product-updates")).one()
        rows = list(db.session.scalars(select(KnowledgeBaseSubscriber)))
        email = select(Subscriber.email).where(Subscriber.id == KnowledgeBaseSubscriber.subscriber_id).scalar_subquery()
        left = db.session.scalars(select(email).where(KnowledgeBaseSubscriber.unsubscribed_at.is_not(None))).all()

        assert len(rows) >= 36
        assert {row.source for row in rows} == {"portal", "public", "added", "imported"}
        assert left == [subscribers.LEAVES]
        waiting = db.session.scalars(select(SubscriptionRequest)).all()
        assert len(waiting) == 3
        assert all(house_clock.now() < asked.expires_at < house_clock.now() + timedelta(hours=48) for asked in waiting)
        statuses = set(db.session.scalars(select(Reader.status)))
        assert statuses == {ReaderStatus.ACTIVE, ReaderStatus.DISABLED, ReaderStatus.PENDING}
        assert forecast(here).with_mail > 20
        assert len([week for week in subscriber_growth.weeks(here) if week.joined]) >= 7


def test_its_pages_say_what_needs_attention(app, demo, browser):
    page = browser.open("/sign-in").form("Sign in").fill("E-mail Address", "owner@example.com")
    home = page.fill("Password", "amber-birch-1234").press()
    assert "1 welcome failed" in home.text
    assert "1 reader waits" in home.text
    page = home.click("Product Updates")
    assert page.title == "Digests of Product Updates"
    found = page.click("Subscribers").form("Filter").fill("Search", subscribers.UNKNOWN).press()
    assert "The address refuses mail: nothing is sent" in found.text
