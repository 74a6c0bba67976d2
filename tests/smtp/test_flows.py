"""What an authorization under way leaves in the database: nothing to read, and nothing for long."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from kbadmin import clock as house_clock
from tests.databases import both_databases
from tests.smtp.rows import flows
from tests.smtp.services import create_oauth_service
from tests.world import MAILBOX


@pytest.fixture
def page(owner_browser, world):
    return create_oauth_service(owner_browser, world)


def test_authorize_is_not_started_by_a_link_or_without_a_token(owner_browser, page, app):
    owner_browser.open(f"{page.path}/authorize", status=405)
    owner_browser.post(f"{page.path}/authorize", {}, status=400)

    with app.app_context():
        assert flows() == []


@both_databases
def test_nothing_of_a_flow_can_be_read_and_old_ones_go(app, owner_browser, world, page, worker, clock):
    back = world.provider.sign_in(page.press("Authorize").location, MAILBOX)
    state = dict(parse_qsl(urlsplit(back).query))["state"]
    with app.app_context():
        [flow] = flows()
        assert state not in repr(vars(flow))
        assert flow.nonce_sealed
        assert flow.code_verifier.reveal() not in repr(vars(flow))
    owner_browser.open(back)
    with app.app_context():
        [flow] = flows()
        assert (flow.nonce_sealed, flow.code_verifier_sealed) == (None, None)

    clock.set_to(house_clock.now())
    clock.advance(days=2)
    worker.sweep()

    with app.app_context():
        assert flows() == []
