"""The doors: where a person is sent on to, and that an unstamped view stops the application."""

import pytest
from flask import Flask

from kbadmin import access
from kbadmin.access import Permission, Role, safe_next
from tests.factories import add_person, signed_in


@pytest.mark.parametrize("target", ["/", "/smtp", "/smtp/new?provider=microsoft", "/a%20b#c", "/smtp//x"])
def test_a_path_of_ours_is_gone_on_to(target):
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "", None, "smtp", " /smtp", "//evil.example.net", "/\\evil.example.net", "\\/evil.example.net",
        "https://evil.example.net", "javascript:alert(1)", "/\tevil", "/%09/evil.example.net",
        "/%5Cevil.example.net", "/a\r\nSet-Cookie: x=1",
    ],
)  # fmt: skip
def test_anything_else_is_not(target):
    assert safe_next(target) is None


def test_a_view_without_a_stamp_stops_the_application():
    app = Flask("example")
    app.add_url_rule("/open-to-all", "forgotten", lambda: "hello")
    with pytest.raises(RuntimeError, match="forgotten"):
        access.seal(app)


@pytest.mark.parametrize(
    ("role", "grants", "opens"),
    [
        (Role.OWNER, {}, {Permission.MANAGE_ACCOUNT, Permission.MANAGE_SMTP, Permission.MANAGE_READERS}),
        (Role.EDITOR, {}, set()),
        (Role.WRITER, {}, set()),
        (Role.NONE, {}, set()),
        (Role.EDITOR, {"manages_smtp": True}, {Permission.MANAGE_SMTP}),
        (Role.WRITER, {"manages_readers": True}, {Permission.MANAGE_READERS}),
        (
            Role.NONE,
            {"manages_smtp": True, "manages_readers": True},
            {Permission.MANAGE_SMTP, Permission.MANAGE_READERS},
        ),
    ],
)
def test_a_role_and_its_grants_open_these_doors(app, account, role, grants, opens):
    browser = signed_in(app, add_person(app, account, role, **grants))
    doors = {Permission.MANAGE_SMTP: "/smtp", Permission.MANAGE_ACCOUNT: "/team"}
    for permission, path in doors.items():
        page = browser.open(path, status=200 if permission in opens else 403)
        assert (page.title == "You may not open this page") == (permission not in opens)
