"""Where one goes on to after signing in or choosing an account: a page of ours, whatever the address asks for."""

import pytest

from kbadmin.access import safe_next
from tests.factories import signed_in
from tests.security.actors import Actor

BAD_NEXT = [
    "//evil.example.com",
    "///evil.example.com",
    "/\\evil.example.com",
    "\\\\\\evil.example.com",
    "https:evil.example.com",
    "https://evil.example.com",
    "javascript:alert(1)",
    "/%09/evil.example.com",
    "/\t/evil.example.com",
    "/\n/evil.example.com",
    "evil.example.com",
    "http:///evil.example.com",
    "/\r\n/evil",
    "\x00//evil",
    " //evil.example.com",
    "/%5cevil.example.com",
    "/%5Cevil.example.com",
    "/\u2028/evil",
    "?next=//evil",
    "data:text/html,x",
    "//evil.example.com/%2f..",
    "/\x0b/evil",
    "mailto:x@example.com",
    "//",
    "/\\/evil.example.com",
    "",
    "#//evil",
    "/%0d%0aLocation:%20//evil",
]


@pytest.mark.parametrize("target", BAD_NEXT)
def test_nobody_is_sent_to_another_site(app, account, target):
    client = signed_in(app, account.owner).client
    token = Actor(client).csrf_token()
    for response in (
        client.get("/sign-in", query_string={"next": target}),
        client.post(
            "/switch-account",
            data={
                "csrf_token": token,
                "account": str(account.id),
                "next": target,
            },
        ),
    ):
        assert response.status_code == 303
        where = response.headers["Location"]
        assert where.startswith("/"), where
        assert not where.startswith(("//", "/\\")), where
        assert "\n" not in where


def test_a_page_of_ours_is_gone_on_to():
    assert safe_next("/smtp?x=1#y") == "/smtp?x=1#y"
