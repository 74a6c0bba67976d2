"""The statement before the fence finds what belongs to the account of the address, and nothing of another."""

import pytest

from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.portal import doorsteps
from tests.databases import both_databases
from tests.portal.kept import ask, token_of
from tests.portal.library import Library

pytestmark = both_databases


@pytest.fixture
def both(app, two_accounts):
    """Two accounts with the same names for everything."""
    return [Library(app, account) for account in two_accounts]


def test_each_account_has_its_own_knowledge_base_under_the_same_slug(app, both):
    made = [library.knowledge_base("Help", audience=Audience.PUBLIC) for library in both]
    with app.app_context():
        found = [doorsteps.find(library.account.slug, "help") for library in both]
    assert [one.id for one in found] == made
    assert [one.account_id for one in found] == [library.account.id for library in both]


def test_nobody_finds_the_knowledge_base_of_another_account(app, both):
    both[0].knowledge_base("Help")
    with app.app_context():
        assert doorsteps.find(both[1].account.slug, "help") is None
        assert doorsteps.find("nobody", "help") is None


def test_a_reader_of_one_account_is_a_stranger_in_the_other(app, both):
    for library in both:
        library.article(library.knowledge_base("Help", audience=Audience.PUBLIC), "Welcome")
    token = token_of(both[0].signed_in(both[0].reader(first_name="Ada")))
    with app.app_context():
        here, there = (doorsteps.find(library.account.slug, "help", token) for library in both)
        assert here.caller.name == "Ada"
        assert there.caller is None
    for _ in range(2):
        assert "Ada" in ask(app, f"{both[0].home}/help", token).text
        assert "Ada" not in ask(app, f"{both[1].home}/help", token).text


def test_a_caller_has_the_groups_and_the_access_of_their_row(app, both):
    library, other = both
    groups = [library.group(name) for name in ("Partners", "Staff")]
    named, elsewhere = library.knowledge_base("Help"), library.knowledge_base("Elsewhere")
    other.group("Partners")
    token = token_of(library.signed_in(library.reader(groups=groups, access=[named])))
    with app.app_context():
        inside = doorsteps.find(library.account.slug, "help", token).caller
        outside = doorsteps.find(library.account.slug, "elsewhere", token).caller
    assert inside.viewer.groups == frozenset(groups)
    assert (inside.viewer.knowledge_bases, outside.viewer.knowledge_bases) == (frozenset([named]), frozenset())
    assert not outside.viewer.reads_everything
    assert elsewhere != named


@pytest.mark.parametrize("by_hand", ["status = 'disabled'", "status = 'pending'", "deleted_at = created_at"])
def test_a_reader_who_was_shut_out_by_hand_is_nobody(app, both, by_hand):
    """Past all our operations, which end the session as well."""
    library = both[0]
    library.knowledge_base("Help")
    browser = library.signed_in(library.reader())
    assert browser.open(f"{library.home}/help").title == "Help"
    with app.app_context(), unit_of_work():
        db.session.connection().exec_driver_sql(f"UPDATE readers SET {by_hand}")
    with app.app_context():
        assert doorsteps.find(library.account.slug, "help", token_of(browser)).caller is None
    for page in ("help", "help/search?q=x", "profile"):
        assert browser.open(f"{library.home}/{page}").title == "Sign in"


def test_an_old_slug_is_no_doorstep_as_it_leads_on(app, both):
    library = both[0]
    kb = library.knowledge_base("Help")
    library.change(KnowledgeBase, kb, slug="other")
    with app.app_context():
        assert doorsteps.find(library.account.slug, "help") is None
