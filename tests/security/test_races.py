"""Many at the same moment: limits and one-time things hold, on PostgreSQL as well, where nobody waits by himself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from kbadmin import links, throttle
from kbadmin.database import ledger, unit_of_work
from kbadmin.links import Purpose
from kbadmin.smtp import flows
from kbadmin.throttle import Limit
from tests.databases import both_databases
from tests.security.whole import STATE, fill

MANY = 12
LIMIT = Limit("race", 5, 900)

pytestmark = both_databases


def _at_once(app, function):
    barrier = Barrier(MANY)

    def one(_):
        with app.app_context():
            barrier.wait(60)
            return function()

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(MANY)))


def test_tries_at_the_same_moment_are_counted_one_by_one(app):
    for attempt in range(3):
        counted = _at_once(app, lambda key=f"somebody {attempt}": throttle.count(LIMIT, key))
        assert sorted(counted) == list(range(1, MANY + 1))


def test_a_link_is_used_once(app, account):
    with app.app_context(), unit_of_work():
        token = links.hand_out(Purpose.SET_PASSWORD, subject_id=account.owner.id, lifetime=timedelta(hours=1))

    def use():
        link = links.find(Purpose.SET_PASSWORD, token)
        if link is None:
            return False
        link_id = link.id
        with ledger() as session:
            return links.consume(link_id, session=session)

    assert sum(_at_once(app, use)) == 1


def test_a_state_is_good_once(app, account):
    fill(app, account)
    consumed = _at_once(app, lambda: flows.consume(STATE))
    assert sorted(str(flow.trouble) for flow in consumed) == ["None"] + ["state_used"] * (MANY - 1)
    assert [flow.code_verifier.reveal() for flow in consumed if flow.trouble is None] == ["verifier-of-acme"]
    assert not any(flow.code_verifier for flow in consumed if flow.trouble)
