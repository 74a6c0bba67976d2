"""What tests of the editor's pages share: an installation with a mail server, a service, the settings' row."""

import pytest

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.subscriptions.models import SubscriptionSettings
from tests.delivery.outbox import make_service
from tests.factories import inside


@pytest.fixture
def settings(settings, world):
    """With the world's mail server in reach."""
    return world.seen_from(settings)


@pytest.fixture
def service(app, account, world):
    """A service that works."""
    return make_service(app, account, port=world.relay.port, name="Company relay", tested_at=house_clock.now())


@pytest.fixture
def path(knowledge_base):
    """The settings page."""
    return f"/knowledge-bases/{knowledge_base}/settings/subscriptions"


def progress(page):
    """How far each step is."""
    return {found["data-step"]: found["data-progress"] for found in page.soup.select("[data-step]")}


def stored(app, account):
    """The settings of the account's only knowledge base, as plain values."""
    with inside(app, account):
        found = db.session.query(SubscriptionSettings).one()
        db.session.expunge(found)
        return found


def change_stored(app, account, **values):
    """Set columns of that row."""
    with inside(app, account), unit_of_work():
        found = db.session.query(SubscriptionSettings).one()
        for name, value in values.items():
            setattr(found, name, value)


def as_if_tested(app, account, service_id):
    """As an accepted test leaves the settings."""
    change_stored(app, account, tested_at=house_clock.now(), tested_service_id=service_id)


def token(browser, path):
    """The token of a form on this page."""
    return browser.open(path).soup.select_one("input[name=csrf_token]")["value"]
