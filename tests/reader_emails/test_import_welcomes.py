"""Welcomes of an import: the report says to how many they were queued, and to how many nobody can write."""

import pytest
from sqlalchemy import func, select

from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import OutboxMessage
from kbadmin.readers import email_settings
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.portal.library import Library
from tests.readers.test_import import HEADER, facts, run, upload

__all__ = ["upload"]

UNREACHED = "Not welcomed, as nobody can write to them"
WELCOMED = "Send a welcome e-mail to each new reader"


@pytest.fixture
def platform_url(world):
    return None


@pytest.fixture
def library(app, account):
    """Only Help chose a service."""
    made = Library(app, account)
    here = made.knowledge_base("Help")
    made.knowledge_base("Other")
    relay = make_service(app, account, port=2525, name="Own relay")
    with inside(app, account), unit_of_work():
        email_settings.choose_for(db.session.get_one(KnowledgeBase, here), relay, actor=Actor(None, "Olive"))
    made.reader("known@example.org", access=[here])
    return made


@both_databases
@pytest.mark.parametrize(("opens", "welcomed", "unreached"), [("Help", "2", "0"), ("Other", "0", "2")])
def test_the_report_says_how_many_were_welcomed_and_whom_nobody_can_write_to(
    app, account, library, upload, worker, opens, welcomed, unreached
):
    content = HEADER + "anna@example.org,Anna,\nbert@example.org,Bert,\nknown@example.org,Known,\n"
    page = upload(content, fill=lambda form: form.choose("These only").tick(opens).tick(WELCOMED))
    page = run(page, worker)
    found = facts(page)
    assert (found["Created"], found["Welcomes queued"], found[UNREACHED]) == ("2", welcomed, unreached)
    assert ("Nobody can write to readers for whom no service is chosen." in page.text) == (unreached == "2")
    with inside(app, account):
        assert db.session.scalar(select(func.count(OutboxMessage.id))) == int(welcomed)


def test_where_no_welcome_was_wanted_nothing_is_said_of_any(library, upload, worker):
    page = upload(HEADER + "anna@example.org,Anna,\n", fill=lambda form: form.choose("These only").tick("Help"))
    assert "elcome" not in run(page, worker).soup.select_one("#import").get_text()
