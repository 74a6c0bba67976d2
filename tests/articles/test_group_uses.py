"""A group that something is restricted to is not deleted, and the page says what that is."""

from kbadmin.articles import categories, operations
from kbadmin.audit.operations import Actor
from kbadmin.database import unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from tests.databases import both_databases
from tests.factories import inside
from tests.readers import people


@both_databases
def test_the_page_names_what_is_for_the_group(app, account, owner_browser):
    actor, group = Actor(None, "test"), people.add_group(app, account, "Partners")
    with inside(app, account), unit_of_work():
        made = knowledge_bases.create(name="Help", time_zone="UTC", audience=Audience.READERS, actor=actor)
        shelf = categories.Wanted(name="Terms", groups=frozenset({group}))
        categories.create(made.id, shelf, actor=actor)
        written = operations.Wanted(title="Prices", groups=frozenset({group}))
        operations.create(made.id, written, actor=actor)
    page = owner_browser.open(f"/readers/groups/{group}/delete")
    assert {"The category Terms", "The article Prices"} <= set(page.links)
    assert "Delete" not in page.buttons
    assert page.click("The category Terms").title.startswith("Edit")
