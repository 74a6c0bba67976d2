"""What may be kept: pages for strangers, for a minute, and nothing of anybody who is signed in."""

import pytest

from kbadmin.knowledge_bases.models import Audience

PAGES = ("", "/articles/welcome", "/categories/lamps", "/search?q=welcome")


@pytest.fixture
def public(library):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "Welcome", category=library.category(kb, "Lamps"))
    return kb


@pytest.mark.parametrize("path", PAGES)
def test_a_strangers_page_may_be_kept_for_a_minute(library, browser, public, path):
    for _ in range(2):  # The second time it is a page that is kept here.
        response = browser.open(f"{library.home}/help{path}").response
        assert response.headers["Cache-Control"] == "public, max-age=60"
        assert "Cookie" in response.headers["Vary"]
        assert "Set-Cookie" not in response.headers
    again = browser.client.get(
        f"{library.home}/help{path}", base_url="http://localhost", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert "Cookie" in again.headers["Vary"]


@pytest.mark.parametrize("path", PAGES)
def test_a_readers_page_is_never_kept(library, public, path):
    response = library.signed_in(library.reader()).open(f"{library.home}/help{path}").response
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers


def test_the_message_of_signing_out_is_not_kept_for_others(library, browser, public):
    reader = library.signed_in(library.reader())
    reader.open(f"{library.home}/help").press("Sign out", follow=False)
    page = reader.open(f"{library.home}/help")
    assert page.response.headers["Cache-Control"] == "public, max-age=60"
    assert page.messages == []
    page = page.click("Sign in")
    assert page.messages == ["You are signed out."]
    assert page.click("Read without signing in").title == "Help"


@pytest.mark.parametrize("path", ["/help/articles/none", "/none"])
def test_what_is_not_there_is_not_kept(library, browser, public, path):
    assert browser.open(f"{library.home}{path}", status=404).response.headers["Cache-Control"] == "no-store"


def test_pages_about_oneself_are_not_kept(library, browser, public):
    for path in ("/sign-in", "/forgot-password", "/set-password"):
        page = browser.open(f"{library.home}{path}", status=410 if path == "/set-password" else 200)
        assert page.response.headers["Cache-Control"] == "no-store"
