"""The way from the admin to what readers see."""

from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from tests.portal.library import in_future


def test_the_overview_leads_to_the_portal_and_shows_its_address(library, owner_browser):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    page = owner_browser.open(f"/knowledge-bases/{kb}")
    assert f"http://localhost{library.home}/help" in page.text
    page = page.click("Open the Portal")
    assert (page.path, page.title) == (f"{library.home}/help", "Help")
    assert "Sign in" in page.links


def test_the_settings_say_where_the_address_stands(library, owner_browser):
    kb = library.knowledge_base("Help")
    assert f"http://localhost{library.home}/help" in owner_browser.open(f"/knowledge-bases/{kb}/settings").text


def test_an_archived_one_has_no_portal(library, owner_browser):
    kb = library.knowledge_base("Help")
    library.change(KnowledgeBase, kb, archived_at=in_future(days=-1))
    assert "Open the Portal" not in owner_browser.open(f"/knowledge-bases/{kb}").links
