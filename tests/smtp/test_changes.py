"""What a change of settings drops: the table, row by row."""

from types import SimpleNamespace

import pytest

from kbadmin.smtp.changes import dropped_by


def stored(**changes):
    """A service that has everything stored, so that whatever can go shows."""
    values = {
        "host": "smtp.example.com", "port": 587, "security": "starttls", "username": "u", "authentication": "oauth2",
        "provider": "microsoft", "cloud": "global", "tenant_id": None, "client_id": "c", "audience": "work",
        "login_email": "a@example.com", "friendly_name": "Mail", "send_from_address": "a@example.com",
        "reply_to_address": None, "send_from_name": None,
        "password_sealed": "p", "client_secret_sealed": "s", "refresh_token_sealed": "r",
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


@pytest.mark.parametrize(
    ("change", "password", "secret", "tokens"),
    [
        ({"host": "evil.example.com"}, True, False, True),
        ({"port": 465}, True, False, True),
        ({"security": "implicit_tls"}, True, False, True),
        ({"username": "other"}, True, False, False),
        ({"login_email": "b@example.com"}, False, False, True),
        ({"audience": "work_and_personal"}, False, False, True),
        ({"provider": "other"}, False, True, True),
        ({"cloud": "china"}, False, True, True),
        ({"tenant_id": "example.com"}, False, True, True),
        ({"client_id": "d"}, False, True, True),
        ({"authentication": "password"}, True, True, True),
        ({"friendly_name": "Other"}, False, False, False),
        ({"send_from_address": "b@example.com", "reply_to_address": "c@example.com"}, False, False, False),
    ],
)
def test_a_change_drops_exactly_what_belongs_to_the_old_destination(change, password, secret, tokens):
    dropped = dropped_by(stored(), change)

    assert (dropped.password, dropped.client_secret, dropped.tokens) == (password, secret, tokens)


def test_a_new_client_secret_alone_keeps_the_authorization():
    assert not dropped_by(stored(), {"client_id": "c"}, new_client_secret=True)


def test_what_is_typed_again_in_the_same_form_is_replaced_and_not_dropped():
    dropped = dropped_by(stored(), {"client_id": "d"}, new_client_secret=True)

    assert dropped.things == ("the authorization",)


def test_what_is_not_stored_cannot_be_dropped():
    empty = stored(password_sealed=None, client_secret_sealed=None, refresh_token_sealed=None)

    assert not dropped_by(empty, {"host": "other.example.com", "client_id": "d"})


def test_a_blank_and_a_missing_optional_value_are_the_same():
    assert not dropped_by(stored(), {"tenant_id": ""})


def test_the_reasons_are_named_by_the_labels_of_the_form():
    assert dropped_by(stored(), {"host": "x.example.com", "port": 465}).because == ("SMTP Host", "Port")
