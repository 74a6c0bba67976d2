"""What is far too large is refused before it is read: a page says how much may be sent, and leads back to the form."""

import pytest

from kbadmin.knowledge_bases.models import Audience
from tests.knowledge_bases.conftest import knowledge_base, make_knowledge_base
from tests.portal.library import Library

__all__ = ["knowledge_base", "make_knowledge_base"]

MIB = 1024 * 1024


def sent(client, path, *, size, referrer=None):
    headers = {"Referer": referrer} if referrer else {}
    return client.post(path, data={"file": "x" * size}, headers=headers)


@pytest.mark.parametrize(
    ("path", "limit"), [("/readers/import", "5 MiB"), ("/knowledge-bases/{}/settings", "8 MiB"), ("/profile", "1 MiB")]
)
def test_the_page_says_the_limit_and_leads_back_to_the_form(owner_browser, knowledge_base, path, limit):
    path = path.format(knowledge_base)
    response = sent(owner_browser.client, path, size=10 * MIB, referrer=f"http://localhost{path}?x=1")
    assert response.status_code == 413
    page = response.get_data(as_text=True)
    assert f"At most {limit} can be sent here at once." in page
    assert f'href="{path}?x=1"' in page
    assert "Back to the Form" in page
    assert "Audit log" in page  # The menu of whoever works here.


@pytest.mark.parametrize(
    "referrer",
    [None, "https://evil.example/readers/import", "http://localhost.evil.example/", "http://localhost//evil.example/x",
     "http://localhost@evil.example/", "javascript:alert(1)", "http://[evil", "http://localhost]/"],
)  # fmt: skip
def test_it_leads_back_to_no_other_site(owner_browser, referrer):
    response = sent(owner_browser.client, "/profile", size=2 * MIB, referrer=referrer)
    assert response.status_code == 413
    page = response.get_data(as_text=True)
    assert "Go to Home" in page
    assert "Back to the Form" not in page
    assert "evil" not in page


def test_a_stranger_sees_no_menu(browser):
    page = sent(browser.client, "/sign-in", size=2 * MIB, referrer="http://localhost/sign-in").get_data(as_text=True)
    assert "Back to the Form" in page
    assert "Audit log" not in page


def test_readers_stay_in_their_portal(app, account, owner_browser):
    library = Library(app, account)
    library.knowledge_base("Help", audience=Audience.PUBLIC)
    path = f"{library.home}/sign-in"
    response = sent(owner_browser.client, path, size=2 * MIB, referrer=f"http://localhost{path}")
    page = response.get_data(as_text=True)
    assert response.status_code == 413
    assert "At most 1 MiB can be sent here at once." in page
    assert "Audit log" not in page  # The admin is another place, also for whoever works there.
    assert f'href="{path}"' in page
