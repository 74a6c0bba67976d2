"""Whether an address is known cannot be told from what its sign-in or reset costs: the same statements, one hash."""

from dataclasses import replace

import pytest

from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.models import ReaderStatus
from kbadmin.users import passwords
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import Worker, counting
from tests.portal.library import Library
from tests.users.test_sign_in import CountingHasher

WRONG = "not the password at all"


@pytest.fixture
def app(settings, make_app):
    """An installation that can send mail, so that resets can be asked for; hashing is counted."""
    app = make_app(replace(settings, system_smtp_url="smtp://127.0.0.1:2525?from=kb@example.com"))
    app.extensions[passwords.EXTENSION] = CountingHasher()
    return app


@pytest.fixture
def addresses(app, account):
    """Where each door is, and addresses of everybody who might stand before it."""
    library = Library(app, account)
    library.knowledge_base("Help", audience=Audience.READERS)
    known = [
        library.reader().email,
        library.reader(password_hash=None).email,
        library.reader(status=ReaderStatus.DISABLED).email,
        library.reader(status=ReaderStatus.PENDING).email,
    ]
    return {library.home: [*known, "nobody@example.com"], "": [account.owner.email, "nobody@example.com"]}


def cost(app, door, button, email):
    """Statements and hashes of sending one form, what it left to do in the background, and the status of the answer."""
    hasher = app.extensions[passwords.EXTENSION] = CountingHasher()
    form = Browser(app).open(door).form(button).fill("E-mail Address", email)
    if button == "Sign in":
        form.fill("Password", WRONG)
    with counting(app) as counted:
        page = form.press(follow=False)
    worker = Worker(app)
    left = worker.engine.huey.pending_count()
    worker.drain()
    return counted.total, len(hasher.verified) + hasher.hashed, left, page.status


@both_databases
def test_known_and_unknown_addresses_cost_the_same(app, addresses):
    for home, emails in addresses.items():
        for door, button in ((f"{home}/sign-in", "Sign in"), (f"{home}/forgot-password", "Send link")):
            cost(app, door, button, "first@example.com")  # The first one also begins to count for its network.
        signing_in = {cost(app, f"{home}/sign-in", "Sign in", email) for email in emails}
        resetting = {cost(app, f"{home}/forgot-password", "Send link", email) for email in emails}
        assert len(signing_in) == len(resetting) == 1, (signing_in, resetting)
        assert signing_in.pop()[1:] == (1, 0, 422)
        assert resetting.pop()[1:] == (0, 1, 303)
