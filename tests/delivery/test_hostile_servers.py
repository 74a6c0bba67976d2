"""A test e-mail against servers that misbehave: it ends in time, at the right step, and gives nothing away."""

import socket
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest

from kbadmin.config import PortRanges
from kbadmin.demo.mail_server import MailServer
from tests.delivery.steps import ask_for_test, red_steps, steps_of
from tests.factories import Worker
from tests.fakes import hostile_smtp
from tests.installation import shorter_limits
from tests.smtp.services import create_password_service, create_relay_service, send_test
from tests.world import MAILBOX, MAILBOX_PASSWORD

#: For servers that never come to an end: how long a test e-mail may take. The others have all the time, so that a busy
#: machine's pause is not taken for theirs; and so has what comes before a silence at the end.
SECONDS = {"drip": 0.6, "silence": 0.6, "silent_at_ehlo": 0.6, "silent_at_message": 4.0}
TLS, REACH, SIGN_IN = "Encryption (TLS)", "Reach the server", "Sign-in"
RED = {
    "drip": REACH, "endless_banner": REACH, "long_line": REACH, "silence": REACH, "http": REACH, "garbage": REACH,
    "mixed_codes": REACH, "permanent_at_greeting": REACH, "temporary_at_greeting": REACH, "drops_at_greeting": REACH,
    "silent_at_ehlo": REACH,
    "no_starttls": TLS, "starttls_refused": TLS, "injected_after_starttls": TLS, "wrong_name": TLS, "expired": TLS,
    "untrusted": TLS, "not_yet_valid": TLS, "tls_1_0": TLS, "plaintext_auth": TLS,
    "auth_503": SIGN_IN, "auth_temporary": SIGN_IN, "drops_at_auth": SIGN_IN,
    "permanent_at_mail": "Sender accepted", "temporary_at_rcpt": "Recipient accepted",
    "permanent_at_rcpt": "Recipient accepted", "temporary_at_message": "Message accepted",
    "drops_at_message": "Message accepted", "silent_at_message": "Message accepted",
}  # fmt: skip


@pytest.mark.parametrize("name", RED)
def test_it_ends_in_time_at_the_right_step_and_sends_no_credential_without_verified_tls(
    app, owner_browser, world, worker, name
):
    owner_browser.must_not_show(MAILBOX_PASSWORD)
    with hostile_smtp.server(name, username=MAILBOX, password=MAILBOX_PASSWORD) as server:
        page = create_password_service(owner_browser, world, Port=str(server.port))
        asked = ask_for_test(page)
        started = time.monotonic()
        with shorter_limits(app, test_email_seconds=SECONDS[name]) if name in SECONDS else nullcontext():
            worker.drain()
        took = time.monotonic() - started
        result = owner_browser.open(asked.path)

    assert took < 10
    assert red_steps(result) == [RED[name]]
    labels = list(steps_of(result))
    assert set(list(steps_of(result).values())[labels.index(RED[name]) + 1 :]) <= {"Not tried"}
    assert "The test e-mail was not sent" in result.text
    assert "Who must act:" in result.text
    assert result.soup.select("#test-explanation-title ~ ol li, section ol.explanation-do li")
    assert result.soup.select_one("details pre, details code, details textarea") or "Details for IT" in result.text
    if RED[name] in (REACH, TLS):
        assert server.credentials == []
        assert MAILBOX_PASSWORD.encode() not in bytes(server.received)
        assert b"AUTH" not in bytes(server.received).upper().replace(b"AUTHORITY", b"")


def test_a_good_server_gets_the_message_and_every_step_is_done(owner_browser, world, worker):
    with hostile_smtp.server("good", username=MAILBOX, password=MAILBOX_PASSWORD) as server:
        page = create_password_service(owner_browser, world, Port=str(server.port))
        result = send_test(owner_browser, page, worker, to="somebody@example.org")

    assert set(steps_of(result).values()) == {"Done"}
    assert list(steps_of(result)) == [
        "Reach the server", "Greeting", "Encryption (TLS)", "Sign-in", "Sender accepted", "Recipient accepted",
        "Message accepted",
    ]  # fmt: skip
    assert "TLSv1." in result.text
    assert "mail.example.com" in result.text
    [(envelope_from, recipient, message)] = server.messages
    assert (envelope_from, recipient) == (MAILBOX, "somebody@example.org")
    assert b"\r\n.\r\n" not in message


@contextmanager
def _full_port():
    """A port that neither accepts nor refuses: its queue of connections is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            waiting.append(client)
        yield port
        for client in waiting:
            client.close()


def _closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_five_ways_not_to_be_reached_read_the_same(make_app, settings, owner_browser, world, worker):
    strict = Worker(make_app(replace(settings, smtp_allowed_networks=())))
    few_ports = Worker(make_app(replace(settings, smtp_allowed_ports=PortRanges.parse("25"))))
    seen = {}
    with _full_port() as full, MailServer(world.mailbox, certificates=world.certificates, auth_required=False) as good:
        for case, host, port, works in [
            ("not found", "no-such-server.example.invalid", 2525, worker),
            ("refused", "localhost", _closed_port(), worker),
            ("timed out", "localhost", full, worker),
            ("address not allowed", "localhost", good.port, strict),
            ("port not allowed", "localhost", good.port, few_ports),
        ]:
            page = create_relay_service(owner_browser, world, name="One name", **{"SMTP Host": host, "Port": str(port)})
            asked = ask_for_test(page)
            with shorter_limits(works.app, test_email_seconds=1.0):
                works.drain()
            fragment = owner_browser.fragment(asked.path)
            assert red_steps(fragment) == [REACH], case
            text = fragment.text.replace(host, "HOST").replace(str(port), "PORT")
            seen[case] = text.replace(_time_of(text), "TIME")
            owner_browser.open(page.path).click("Delete").press("Delete")

    assert len(set(seen.values())) == 1, seen


def _time_of(text):
    found = text.partition("Time: ")[2].partition(" UTC")[0]
    assert found
    return found
