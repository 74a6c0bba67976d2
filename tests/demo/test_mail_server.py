"""The demo's mail server, spoken to by the standard library's client."""

import base64
import json
import smtplib
import socket
import ssl
import stat
from datetime import timedelta

import pytest

from kbadmin import clock
from kbadmin.demo.certificates import ensure_certificates
from kbadmin.demo.mail_server import MailServer
from kbadmin.demo.mailbox import MailboxStore
from kbadmin.demo.troubles import Trouble
from kbadmin.encryption import Secret

USER = "support@example.com"
MESSAGE = f"From: {USER}\r\nTo: reader@example.com\r\nSubject: Hello\r\n\r\nHello\r\n"
LONG_TOKEN = "T" * 2_400


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return ensure_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def store():
    store = MailboxStore()
    yield store
    store.close()


@pytest.fixture
def server(store, certificates):
    with MailServer(
        store,
        certificates=certificates,
        passwords={USER: Secret("correct horse")},
        validate={LONG_TOKEN: USER}.get,
    ) as server:
        yield server


def connect(server, certificates):
    client = smtplib.SMTP("localhost", server.port, timeout=30)
    client.starttls(context=ssl.create_default_context(cafile=str(certificates.ca)))
    client.ehlo()
    return client


def xoauth2(user, token):
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def test_sign_in_is_offered_only_after_tls(server, certificates):
    with smtplib.SMTP("localhost", server.port, timeout=30) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
        client.starttls(context=ssl.create_default_context(cafile=str(certificates.ca)))
        client.ehlo()
        assert set(client.esmtp_features["auth"].split()) == {"LOGIN", "PLAIN", "XOAUTH2"}


def test_the_certificate_is_trusted_by_those_who_know_its_authority_and_nobody_else(server, certificates):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(certificates.ca)))
    client = smtplib.SMTP("localhost", server.port, timeout=30)
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())
    client.close()


def test_the_certificate_is_kept_and_renewed_near_its_end(tmp_path):
    files = ensure_certificates(tmp_path)
    first = files.certificate.read_bytes()
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert ensure_certificates(tmp_path).certificate.read_bytes() == first
    with clock.at(clock.now() + timedelta(days=700)):
        assert ensure_certificates(tmp_path).certificate.read_bytes() != first
    files.ca.write_text("damaged")
    assert "BEGIN CERTIFICATE" in ensure_certificates(tmp_path).ca.read_text()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [True, False])
def test_the_right_password_sends_a_message(server, store, certificates, mechanism, initial):
    with connect(server, certificates) as client:
        client.user, client.password = USER, "correct horse"
        client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"), initial_response_ok=initial)
        client.sendmail(USER, ["reader@example.com"], MESSAGE)
    (message,) = store.messages()
    assert (message.subject, message.recipients) == ("Hello", ("reader@example.com",))
    assert message.via.startswith("STARTTLS (TLSv1.")
    assert message.via.endswith(f"AUTH {mechanism} as {USER}")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_wrong_password_is_refused_as_exchange_does(server, certificates, mechanism):
    with connect(server, certificates) as client:
        client.user, client.password = USER, "wrong"
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
    assert refused.value.smtp_code == 535
    assert refused.value.smtp_error == b"5.7.3 Authentication unsuccessful"


def test_a_cancelled_sign_in_gets_one_answer(server, certificates):
    with connect(server, certificates) as client:
        assert client.docmd("AUTH", "LOGIN")[0] == 334
        assert client.docmd("*")[0] == 501
        assert client.noop()[0] == 250


@pytest.mark.parametrize("initial", [True, False])
def test_a_long_token_signs_in_in_one_step_or_two(server, certificates, initial):
    with connect(server, certificates) as client:
        code, text = client.auth(
            "XOAUTH2", lambda _challenge=None: xoauth2(USER, LONG_TOKEN), initial_response_ok=initial
        )
    assert (code, text) == (235, b"2.7.0 Authentication successful")


@pytest.mark.parametrize(("user", "token"), [(USER, "unknown"), ("owner@example.com", LONG_TOKEN), (USER, "")])
def test_a_bad_token_or_another_mailbox_gets_the_explanation_then_the_refusal(server, certificates, user, token):
    with connect(server, certificates) as client:
        sent = base64.b64encode(xoauth2(user, token).encode()).decode()
        code, challenge = client.docmd("AUTH", f"XOAUTH2 {sent}")
        assert code == 334
        assert json.loads(base64.b64decode(challenge))["status"] == "401"
        assert client.docmd("") == (535, b"5.7.3 Authentication unsuccessful")
        assert client.noop()[0] == 250


def test_nobody_sends_without_signing_in(server, certificates):
    with connect(server, certificates) as client:
        assert client.docmd("MAIL", f"FROM:<{USER}>") == (530, b"5.7.57 Client not authenticated to send mail.")


def test_a_local_relay_asks_for_nothing(store):
    with MailServer(store, auth_required=False) as relay, smtplib.SMTP("localhost", relay.port, timeout=30) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        client.sendmail(USER, ["reader@example.com"], MESSAGE)
    assert store.messages()[0].via == "no encryption, no sign-in"


@pytest.mark.parametrize(
    ("trouble", "fragment"),
    [
        (Trouble.SMTP_AUTH_OFF_MAILBOX, b"SmtpClientAuthentication is disabled for the Mailbox"),
        (Trouble.SMTP_AUTH_OFF_TENANT, b"SmtpClientAuthentication is disabled for the Tenant"),
        (Trouble.SECURITY_DEFAULTS, b"user is locked"),
    ],
)
def test_a_mailbox_may_be_kept_from_signing_in(server, certificates, trouble, fragment):
    server.troubles.give(USER, trouble)
    with connect(server, certificates) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.auth("XOAUTH2", lambda _challenge=None: xoauth2(USER, LONG_TOKEN))
        assert refused.value.smtp_code == 535
        assert refused.value.smtp_error.startswith(b"5.7.139 ")
        assert fragment in refused.value.smtp_error
        server.troubles.end(USER)
        client.auth("XOAUTH2", lambda _challenge=None: xoauth2(USER, LONG_TOKEN))


@pytest.mark.parametrize(
    ("trouble", "code", "fragment"),
    [
        (Trouble.NO_SEND_AS, 554, f"5.2.252 SendAsDenied; {USER} not allowed to send as other@example.com"),
        (Trouble.MAILBOX_FULL, 554, "5.2.2 mailbox full"),
        (Trouble.TOO_MANY_CONNECTIONS, 432, "4.3.2 STOREDRV.ClientSubmit"),
    ],
)
def test_a_message_may_be_refused_after_it_was_sent(server, store, certificates, trouble, code, fragment):
    server.troubles.give(USER, trouble)
    with connect(server, certificates) as client:
        client.login(USER, "correct horse")
        client.mail(USER)
        client.rcpt("reader@example.com")
        answer = client.data(MESSAGE.replace(f"From: {USER}", "From: other@example.com"))
    assert answer[0] == code
    assert fragment in answer[1].decode()
    assert store.count() == 0


def test_a_mailbox_that_sends_too_fast_is_hung_up_on(server, certificates):
    server.troubles.give(USER, Trouble.TOO_FAST)
    client = connect(server, certificates)
    client.login(USER, "correct horse")
    code, text = client.mail(USER)
    assert (code, text.startswith(b"4.4.2 Message submission rate")) == (421, True)
    with pytest.raises((smtplib.SMTPServerDisconnected, ssl.SSLError, ConnectionError)):
        client.noop()
    client.close()


def test_a_recipient_nobody_knows_is_refused(server, certificates):
    with connect(server, certificates) as client:
        client.login(USER, "correct horse")
        client.mail(USER)
        code, text = client.rcpt("nobody@example.com")
    assert (code, text.startswith(b"5.1.10 ")) == (550, True)


def test_sign_ins_are_remembered_without_showing_what_was_sent(server, certificates):
    with connect(server, certificates) as client:
        client.login(USER, "correct horse")
    (attempt,) = server.sign_ins
    assert (attempt.user, attempt.is_accepted, attempt.credential.reveal()) == (USER, True, "correct horse")
    assert "correct horse" not in repr(attempt)


def test_stopping_hangs_up_on_whoever_is_connected(store, certificates):
    server = MailServer(store, certificates=certificates).start()
    client = connect(server, certificates)
    port = server.port
    server.stop()
    with pytest.raises(OSError):
        client.noop()
    client.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=30)
