"""What is written down about strangers' texts and about failures holds no secret, however it was wrapped or cut."""

import base64
import io
import logging
from dataclasses import replace
from urllib.parse import quote

import pytest
from sqlalchemy.exc import IntegrityError

from kbadmin import logs
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import Secret, new_token
from kbadmin.smtp.replies import MAX_TEXT, Answer
from kbadmin.users.models import User

SECRET = "Zu9~geheim/hunter2+ä"


@pytest.fixture
def written(app, settings):
    """What the log holds at DEBUG, in either format."""
    stream = io.StringIO()

    def attach(log_format: str):
        logs.attach(replace(settings, log_format=log_format), level=logging.DEBUG)
        (handler,) = logging.getLogger().handlers
        handler.setStream(stream)
        return stream

    yield attach
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("before", ["", "u", "us", "\0user@example.com\0", "user=me@example.com\x01auth=Bearer "])
@pytest.mark.parametrize("after", ["", "x", "xy", "\x01\x01"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_wherever_it_stands_inside_base64(before, after, encode):
    Secret(SECRET).reveal()
    wrapped = encode(f"{before}{SECRET}{after}".encode()).decode()
    masked = logs.mask_text(f"535 I know {wrapped}")
    found = [part for part in masked.removeprefix("535 I know ").split("•••") if len(part) >= 4]
    decoded = "".join(base64.b64decode(part[: len(part) // 4 * 4], altchars=b"-_").decode("latin-1") for part in found)
    assert "•••" in masked
    assert SECRET[2:6] not in decoded


def test_a_secret_is_masked_in_an_address():
    Secret(SECRET).reveal()
    assert quote(SECRET, safe="") not in logs.mask_text(f"GET /?password_was={quote(SECRET, safe='')}")


def test_a_reply_that_is_cut_short_does_not_keep_half_a_secret():
    Secret(SECRET).reveal()
    for shift in range(len(SECRET)):
        said = "x" * (MAX_TEXT - shift) + SECRET
        assert SECRET[:6] not in Answer(550, (said,)).reply().text


@pytest.mark.parametrize("page", ["invite", "set-password"])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_token_in_an_address_is_not_in_the_log(app, browser, written, page, log_format):
    stream, token = written(log_format), new_token()
    with app.app_context(), unit_of_work():
        db.session.connection().exec_driver_sql("DROP TABLE one_time_links")
    browser.open(f"/{page}/{token}", status=503 if page == "set-password" else 200, follow=False)
    logs.get("kbadmin.test").info("somebody opened a link", path=f"/{page}/{token}?again")
    assert token not in stream.getvalue()


@pytest.mark.parametrize("page", ["set-password", "confirm", "subscriptions", "unsubscribe", "help/sign-up/confirm"])
def test_the_token_in_an_address_of_the_portal_is_not_in_the_log(app, account, browser, written, page):
    stream, token = written("json"), new_token()
    with app.app_context(), unit_of_work():
        db.session.connection().exec_driver_sql("ALTER TABLE accounts RENAME TO accounts_elsewhere")
    browser.open(f"/kb/{account.slug}/{page}/{token}", status=503)
    assert f"/kb/{account.slug}/{page}/" in stream.getvalue()
    assert token not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_break_from_outside_does_not_begin_a_line_of_the_log(browser, written, log_format):
    stream = written(log_format)
    logs.get("kbadmin.test").info(
        "said", server="250 ok\r\n2026-03-02 [info] forged", path="/a\nb", odd="\x1b[2J\u2028c"
    )
    logging.getLogger("a.library").warning("a name: %s", "x\nforged")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2, lines
    assert "\x1b" not in stream.getvalue()


def test_a_database_error_does_not_tell_the_values(app, written):
    stream = written("json")
    with app.app_context():
        try:
            with unit_of_work():
                for _ in range(2):
                    db.session.add(User(email="a@example.com", email_key="a", password_hash="$argon2id$hash-canary"))
                db.session.flush()
        except IntegrityError as error:
            logs.get("kbadmin.test").error("failed", exc_info=error)
    assert "failed" in stream.getvalue()
    assert "hash-canary" not in stream.getvalue()
