"""Logs: one line per event, and never a credential, in whatever form it travels."""

import base64
import io
import json
import logging
from dataclasses import replace

import pytest

from kbadmin import logs
from kbadmin.encryption import Secret

SECRET = "Zu9-geheim-hunter2"


@pytest.fixture
def lines(settings):
    """What the logs say after a test has spoken."""
    logs.attach(replace(settings, log_format="json"))
    (handler,) = logging.getLogger().handlers
    written = io.StringIO()
    handler.setStream(written)
    yield lambda: written.getvalue().splitlines()
    logging.getLogger().handlers.clear()


def test_an_event_is_one_line_of_json(lines):
    logs.get("kbadmin.test").info("service\ncreated", service="Docs\r\nforged line")
    (line,) = lines()
    found = json.loads(line)
    assert found["event"] == "service\ncreated"
    assert found["level"] == "info"
    assert found["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"password is {SECRET}",
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_that_was_revealed_is_masked(lines, form):
    Secret(SECRET).reveal()
    logs.get("kbadmin.test").warning("server said", reply=form, deep={"list": [form]})
    logging.getLogger("a.library").warning("it said %s", form)
    text = "\n".join(lines())
    assert form not in text
    assert text.count("•••") + text.count("\\u2022\\u2022\\u2022") >= 3


def test_a_secret_in_a_traceback_is_masked(lines):
    Secret(SECRET).reveal()
    try:
        raise RuntimeError(f"could not sign in with {SECRET}")
    except RuntimeError as error:
        logs.get("kbadmin.test").error("failed", exc_info=error)
    text = "\n".join(lines())
    assert "RuntimeError" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer eyJ0eXAiOiJKV1Qi.abc.def",
        "AUTH XOAUTH2 dXNlcj1zdXBwb3J0",
        "AUTH PLAIN AHVzZXIAcGFzcw==",
        "grant_type=refresh_token&refresh_token=0.AXoAabcdef&client_secret=abc~Defgh",
        '{"access_token": "eyJ0eXAiOiJKV1Qi", "code_verifier": "abcdefghijkl"}',
    ],
)
def test_what_looks_like_a_credential_is_masked(text):
    masked = logs.mask_text(text)
    assert "•••" in masked
    for part in ("eyJ0", "dXNl", "AHVz", "0.AXo", "abc~D", "abcdefghijkl"):
        assert part not in masked


def test_ordinary_words_stay(lines):
    logs.get("kbadmin.test").info("accepted", reply="250 2.0.0 OK queued as 4F2c", port=587, ok=True, nothing=None)
    found = json.loads(lines()[0])
    assert found["reply"] == "250 2.0.0 OK queued as 4F2c"
    assert (found["port"], found["ok"], found["nothing"]) == (587, True, None)


def test_authlib_never_says_its_debugging_lines(lines):
    logging.getLogger("authlib.oauth2").debug("code_verifier is abc")
    assert lines() == []
