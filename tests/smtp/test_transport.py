"""What a mail server sees of us, and what a person sees of a mail server, hostile ones included."""

import base64
import time
import tracemalloc
from dataclasses import replace

import pytest

from kbadmin.config import PortRanges
from kbadmin.encryption import Secret
from kbadmin.smtp.addresses import COULD_NOT_BE_REACHED, NetworkPolicy
from kbadmin.smtp.failures import SENTENCES, exception_name
from kbadmin.smtp.replies import Answer, NotSmtp, ReplyReader, ReplyTooLong
from kbadmin.smtp.security import Security
from kbadmin.smtp.transport import (
    BearerLogin,
    Budget,
    Connection,
    MailServer,
    PasswordLogin,
    Stage,
    SubmissionFailed,
)
from tests.fakes import certificates, hostile_smtp

POLICY = NetworkPolicy((certificates.LOOPBACK,), PortRanges.parse("*"))
ROOMY = Budget(dns=20, connect=20, hello=20, sign_in=20, envelope=20, data=20, final_reply=20, session=60)
#: For servers that never come to an end. The others have all the time, so that a busy machine's pause is not theirs.
TIGHT = Budget(dns=20, connect=20, hello=0.3, sign_in=0.3, envelope=0.3, data=0.3, final_reply=0.3, session=0.7)
#: A session may take its budget, and what a busy machine adds.
SLACK = 5.0

PASSWORD = PasswordLogin("user@example.com", Secret("correct horse battery"))
TOKEN = BearerLogin("user@example.com", Secret("token-abc"))
SENDER, RECIPIENT = "support@example.com", "reader@example.org"
MESSAGE = b"Subject: Hello\r\nFrom: support@example.com\r\n\r\nHello there.\r\n"


class Attempt:
    """One submission to a fake server: the steps reported, and the reply or the failure it ended in."""

    def __init__(
        self,
        server,
        *,
        login=PASSWORD,
        security=Security.STARTTLS,
        budget=ROOMY,
        sender=SENDER,
        recipient=RECIPIENT,
        message=MESSAGE,
        trusted=True,
    ):
        self.steps, self.reply, self.failed = [], None, None
        began = time.monotonic()
        try:
            with Connection.open(
                MailServer(server.host, server.port, security, login),
                policy=POLICY,
                budget=budget,
                ca_file=server.ca_file if trusted else None,
                on_step=self.steps.append,
                resolver=server.resolver,
            ) as connection:
                self.reply = connection.send(sender, recipient, message)
        except SubmissionFailed as failed:
            self.failed = failed
        self.seconds = time.monotonic() - began

    @property
    def passed(self):
        return [step.stage for step in self.steps if step.ok]

    @property
    def ended(self):
        """(stage, kind, code) of the failure, as the last step reported it."""
        assert [step.ok for step in self.steps].count(False) == 1
        assert not self.steps[-1].ok
        assert self.steps[-1].stage == self.failed.stage
        assert self.steps[-1].text == str(self.failed)
        return (self.failed.stage, self.failed.kind, self.failed.reply.code if self.failed.reply else None)

    def facts(self, stage):
        return next(step.facts for step in self.steps if step.stage is stage)


def attempt(behaviour, changes=None, **options):
    with hostile_smtp.server(behaviour, **(changes or {})) as server:
        return Attempt(server, **options), server


# --- What goes right


def test_a_message_reaches_a_good_server_as_it_was_written():
    attempted, server = attempt("good")
    assert server.messages == [(SENDER, RECIPIENT, MESSAGE)]
    assert attempted.passed == list(Stage)
    assert str(attempted.reply) == "250 2.0.0 queued as 1"
    assert server.received.endswith(b"QUIT\r\n")


def test_the_steps_tell_what_a_person_wants_to_know():
    attempted, _ = attempt("good")
    greeting, tls, sign_in, message = map(attempted.facts, (Stage.GREETING, Stage.TLS, Stage.SIGN_IN, Stage.MESSAGE))
    assert greeting["greeting"] == "mail.example.com ESMTP ready"
    assert greeting["server"] == "mail.example.com"
    assert "STARTTLS" in greeting["extensions"]
    assert tls["protocol"] in ("TLSv1.3", "TLSv1.2")
    assert tls["cipher"]
    assert "mail.example.com" in tls["certificate_name"]
    assert tls["issuer"] == "Test Authority"
    assert len(tls["expires_at"]) == len("2030-01-31")
    assert tls["days_left"] in ("29", "30")
    assert sign_in == {"mechanism": "PLAIN", "reply": "235 2.7.0 Authentication successful"}
    assert message == {"reply": "250 2.0.0 queued as 1"}


def test_tls_from_the_first_byte_works():
    attempted, server = attempt("good_implicit_tls", security=Security.IMPLICIT_TLS)
    assert attempted.passed == list(Stage)
    assert len(server.messages) == 1


def test_a_relay_that_knows_us_by_our_address_needs_no_tls_and_no_sign_in():
    attempted, server = attempt("good_plain", security=Security.NONE, login=None)
    assert attempted.passed == [stage for stage in Stage if stage not in (Stage.TLS, Stage.SIGN_IN)]
    assert len(server.messages) == 1


def test_an_address_literal_in_an_allowed_network_is_verified_by_its_address():
    with hostile_smtp.server() as server:
        server.host = "127.0.0.1"
        assert Attempt(server).reply


def test_a_connection_takes_one_message_after_another_also_after_a_refusal():
    with hostile_smtp.server("good", replies={}) as server:
        mail_server = MailServer(server.host, server.port, Security.STARTTLS, PASSWORD)
        options = {"policy": POLICY, "budget": ROOMY, "ca_file": server.ca_file, "resolver": server.resolver}
        with Connection.open(mail_server, **options) as connection:
            connection.send(SENDER, "first@example.org", MESSAGE)
            server.behaviour.replies.update(RCPT="550 5.1.1 nobody here")
            with pytest.raises(SubmissionFailed) as refused:
                connection.send(SENDER, "second@example.org", MESSAGE)
            server.behaviour.replies.clear()
            assert connection.is_open
            connection.send(SENDER, "third@example.org", MESSAGE)
            connection.rset()
            connection.send("", "fourth@example.org", MESSAGE)
            assert 0 < connection.seconds_left < ROOMY.session
    assert refused.value.reply.enhanced == "5.1.1"
    assert [to for _, to, _ in server.messages] == [f"{name}@example.org" for name in ("first", "third", "fourth")]
    assert server.messages[-1][0] == ""
    assert server.received.count(b"RSET") == 2  # of its own accord after the refusal, and when it was told to
    assert server.connections == 1


def test_a_closed_connection_says_so():
    with hostile_smtp.server("good", replies={"RCPT": "421 4.3.2 shutting down"}) as server:
        mail_server = MailServer(server.host, server.port, Security.STARTTLS, PASSWORD)
        connection = Connection.open(
            mail_server, policy=POLICY, budget=ROOMY, ca_file=server.ca_file, resolver=server.resolver
        )
        with pytest.raises(SubmissionFailed):
            connection.send(SENDER, RECIPIENT, MESSAGE)
        assert not connection.is_open
        with pytest.raises(SubmissionFailed) as again:
            connection.send(SENDER, RECIPIENT, MESSAGE)
        assert again.value.kind == "connection_lost"
        connection.close()


# --- Signing in


def test_an_access_token_follows_the_servers_334_and_is_not_in_the_command():
    attempted, server = attempt("good", login=TOKEN)
    assert attempted.facts(Stage.SIGN_IN)["mechanism"] == "XOAUTH2"
    assert server.credentials == [("XOAUTH2", "user=user@example.com\x01auth=Bearer token-abc\x01\x01")]
    assert b"\r\nAUTH XOAUTH2\r\n" in server.received


def test_a_long_access_token_is_accepted_and_an_endless_one_is_not_sent():
    attempted, server = attempt("good", login=BearerLogin("user@example.com", Secret("token-abc" + "x" * 6_000)))
    assert attempted.reply
    assert max(map(len, server.received.split(b"\r\n"))) > 6_000
    attempted, server = attempt("good", login=BearerLogin("user@example.com", Secret("token-abc" + "x" * 12_000)))
    assert attempted.ended == (Stage.SIGN_IN, "credentials_too_long", None)
    assert b"x" * 100 not in server.received


def test_a_refused_access_token_is_explained_by_the_provider():
    attempted, server = attempt("good", login=BearerLogin("user@example.com", Secret("stale")))
    assert attempted.ended == (Stage.SIGN_IN, "refused", 535)
    assert str(attempted.failed.reply) == "535 5.7.3 Authentication unsuccessful [fake]"
    assert attempted.failed.challenge == '{"status": "401", "schemes": "bearer", "scope": "SMTP.Send"}'
    assert attempted.facts(Stage.SIGN_IN)["challenge"] == attempted.failed.challenge
    assert b"\r\n\r\n" in server.received


def test_an_explanation_without_end_is_cut():
    attempted, _ = attempt(
        "good",
        {"challenge": {"status": "4é\x07" * 90}},
        login=BearerLogin("user@example.com", Secret("stale")),
    )
    assert len(attempted.failed.challenge) <= 500
    assert attempted.failed.challenge.isascii()
    assert attempted.failed.challenge.isprintable()


def test_login_is_used_where_the_server_has_nothing_else():
    attempted, server = attempt("good", {"mechanisms": ("LOGIN", "XOAUTH2")})
    assert attempted.facts(Stage.SIGN_IN)["mechanism"] == "LOGIN"
    assert server.credentials == [("LOGIN", "user@example.com"), ("LOGIN", "correct horse battery")]


def test_a_long_password_follows_the_334_as_a_command_has_512_bytes():
    long = "é" * 400
    attempted, server = attempt("good", {"password": long}, login=PasswordLogin("user@example.com", Secret(long)))
    assert attempted.reply
    assert b"\r\nAUTH PLAIN\r\n" in server.received


def test_a_wrong_password_is_refused_with_the_servers_words():
    attempted, _ = attempt("good", login=PasswordLogin("user@example.com", Secret("wrong")))
    assert attempted.ended == (Stage.SIGN_IN, "refused", 535)
    assert attempted.failed.reply.enhanced == "5.7.3"
    assert Stage.TLS in attempted.passed


@pytest.mark.parametrize(("login", "offered"), [(TOKEN, ("PLAIN", "LOGIN")), (PASSWORD, ("XOAUTH2",)), (PASSWORD, ())])
def test_a_way_to_sign_in_that_is_not_offered_is_not_tried(login, offered):
    attempted, server = attempt("good", {"mechanisms": offered}, login=login)
    assert attempted.ended == (Stage.SIGN_IN, "auth_not_offered", None)
    assert b"AUTH" not in server.received


@pytest.mark.parametrize("login", [PASSWORD, TOKEN])
@pytest.mark.parametrize(("behaviour", "code"), [("auth_503", 503), ("auth_temporary", 454)])
def test_nothing_but_235_is_a_success(behaviour, code, login):
    attempted, server = attempt(behaviour, login=login)
    assert attempted.ended == (Stage.SIGN_IN, "refused", code)
    assert not server.messages


@pytest.mark.parametrize("login", [PASSWORD, TOKEN])
def test_we_do_not_sign_in_without_tls_even_where_the_server_offers_it(login):
    attempted, server = attempt("plaintext_auth", security=Security.NONE, login=login)
    assert attempted.ended == (Stage.SIGN_IN, "tls_required", None)
    assert b"AUTH" not in server.received
    assert not server.credentials


@pytest.mark.parametrize("login", [PASSWORD, TOKEN])
def test_a_server_that_repeats_our_credentials_does_not_bring_them_into_our_texts(login):
    attempted, server = attempt("echo_credentials", login=login, security=Security.IMPLICIT_TLS)
    assert attempted.ended == (Stage.SIGN_IN, "refused", 535)
    shown = repr(attempted.steps) + repr(attempted.failed.reply) + repr(attempted.failed) + attempted.failed.detail
    assert "I know" in shown
    secret = login.password if isinstance(login, PasswordLogin) else login.access_token
    assert secret.reveal() not in shown
    sent = server.received.removesuffix(b"QUIT\r\n").split(b"\r\n")[-2].split()[-1]
    assert sent.decode() not in shown
    assert base64.b64encode(secret.reveal().encode()).decode() not in shown


def test_logins_and_servers_do_not_print_their_secrets():
    server = MailServer("mail.example.com", 587, Security.STARTTLS, PASSWORD)
    assert "correct horse" not in repr(server)
    assert "token-abc" not in repr(TOKEN)


@pytest.mark.parametrize("login", [PasswordLogin("a", Secret("b\0c")), BearerLogin("a\x01", Secret("b"))])
def test_credentials_that_would_break_out_of_their_field_are_a_mistake_of_ours(login):
    with hostile_smtp.server() as server, pytest.raises(ValueError, match="reached the transport"):
        Attempt(server, login=login)
    assert b"AUTH" not in server.received


# --- TLS

CERTIFICATES = {
    "wrong_name": "certificate_wrong_name",
    "expired": "certificate_expired",
    "untrusted": "certificate_untrusted",
    "not_yet_valid": "certificate_not_yet_valid",
}


@pytest.mark.parametrize("login", [PASSWORD, TOKEN, None])
@pytest.mark.parametrize(("behaviour", "kind"), CERTIFICATES.items())
def test_a_bad_certificate_ends_the_session_before_anything_is_said(behaviour, kind, login):
    attempted, server = attempt(behaviour, login=login)
    assert attempted.ended == (Stage.TLS, kind, None)
    assert attempted.passed == [Stage.REACH, Stage.GREETING]
    assert_nothing_was_given_away(server)


@pytest.mark.parametrize(("behaviour", "kind"), CERTIFICATES.items())
def test_a_bad_certificate_ends_a_session_that_is_tls_from_the_first_byte(behaviour, kind):
    attempted, server = attempt(f"{behaviour}_implicit_tls", security=Security.IMPLICIT_TLS)
    assert attempted.ended == (Stage.TLS, kind, None)
    assert server.received == b""


def test_the_extra_authority_is_trusted_only_if_the_operator_gave_it():
    attempted, server = attempt("good", trusted=False)
    assert attempted.ended == (Stage.TLS, "certificate_untrusted", None)
    assert_nothing_was_given_away(server)


def test_a_server_without_starttls_gets_no_credentials():
    for login in (PASSWORD, TOKEN, None):
        attempted, server = attempt("no_starttls", login=login)
        assert attempted.ended == (Stage.TLS, "no_starttls", None)
        assert_nothing_was_given_away(server)


def test_a_server_that_refuses_starttls_gets_no_credentials():
    attempted, server = attempt("starttls_refused")
    assert attempted.ended == (Stage.TLS, "refused", 454)
    assert_nothing_was_given_away(server)


def test_bytes_that_came_in_the_clear_after_starttls_are_not_taken_for_the_servers():
    attempted, server = attempt("injected_after_starttls")
    assert attempted.ended == (Stage.TLS, "injected_after_starttls", None)
    assert_nothing_was_given_away(server)


@pytest.mark.parametrize("behaviour", ["tls_1_0", "tls_1_1"])
def test_old_tls_is_refused(behaviour):
    attempted, server = attempt(behaviour)
    assert attempted.ended[:2] == (Stage.TLS, "tls_failed")
    assert_nothing_was_given_away(server)


def test_what_was_offered_in_the_clear_is_forgotten():
    """Before TLS this server offers nothing to sign in with; what counts is what it says after."""
    attempted, server = attempt("good")
    assert server.received.count(b"EHLO") == 2
    assert "AUTH" not in attempted.facts(Stage.GREETING)["extensions"]
    assert attempted.reply


def assert_nothing_was_given_away(server):
    assert b"AUTH" not in server.received
    assert b"MAIL" not in server.received
    assert not server.credentials


# --- Reaching a server

UNREACHABLE = {
    "drip": "timed_out",
    "silence": "timed_out",
    "endless_banner": "reply_too_long",
    "long_line": "reply_too_long",
    "http": "not_smtp",
    "garbage": "not_smtp",
    "mixed_codes": "not_smtp",
    "temporary_at_greeting": "greeting_refused",
    "permanent_at_greeting": "greeting_refused",
    "temporary_at_ehlo": "ehlo_refused",
    "permanent_at_ehlo": "ehlo_refused",
    "drops_at_greeting": "connection_lost",
    "drops_at_ehlo": "connection_lost",
    "silent_at_greeting": "timed_out",
    "silent_at_ehlo": "timed_out",
}


@pytest.mark.parametrize(("behaviour", "reason"), UNREACHABLE.items())
def test_until_a_server_has_greeted_us_every_failure_reads_the_same(behaviour, reason):
    attempted, server = attempt(behaviour, budget=TIGHT if reason == "timed_out" else ROOMY)
    assert attempted.ended == (Stage.REACH, "unreachable", None)
    assert attempted.steps[0].text == COULD_NOT_BE_REACHED
    assert attempted.steps[0].facts == {"kind": "unreachable"}
    assert attempted.failed.reason == reason
    assert attempted.seconds < TIGHT.session + SLACK
    assert_nothing_was_given_away(server)


@pytest.mark.parametrize("behaviour", ["drip", "silence", "endless_banner", "long_line", "http", "good"])
def test_a_port_without_tls_is_unreachable_where_tls_comes_first(behaviour):
    attempted, server = attempt(behaviour, budget=TIGHT, security=Security.IMPLICIT_TLS)
    assert attempted.ended == (Stage.REACH, "unreachable", None)
    assert attempted.failed.reason in ("tls_failed", "timed_out", "connection_lost")
    assert attempted.seconds < TIGHT.session + SLACK
    assert_nothing_was_given_away(server)


def test_a_closed_port_and_a_forbidden_address_read_the_same_too():
    with hostile_smtp.server() as server:
        pass
    closed = Attempt(server)
    server.resolver = lambda host, port: ["10.0.0.1"]
    forbidden = Attempt(server)
    assert closed.steps == forbidden.steps
    assert (closed.failed.reason, forbidden.failed.reason) == ("refused", "not_allowed")


# --- Every stage

STAGES = {"mail": Stage.SENDER, "rcpt": Stage.RECIPIENT, "data": Stage.MESSAGE, "message": Stage.MESSAGE}


@pytest.mark.parametrize(("where", "stage"), STAGES.items())
@pytest.mark.parametrize(("when", "code"), [("temporary", 451), ("permanent", 554)])
def test_a_refusal_names_its_stage_and_keeps_the_servers_words(when, code, where, stage):
    attempted, server = attempt(f"{when}_at_{where}")
    assert attempted.ended == (stage, "refused", code)
    assert attempted.failed.reply.enhanced in ("4.3.0", "5.7.1")
    assert attempted.failed.reply.text in ("try later", "go away")
    assert not attempted.failed.is_uncertain
    assert not server.messages


#: What is allowed to take how long where, for a silence to come to an end.
SILENCES = {
    "starttls": {"hello": 0.4},
    "auth": {"sign_in": 0.4},
    "mail": {"envelope": 0.4},
    "rcpt": {"envelope": 0.4},
    "data": {"data": 0.4},
    "message": {"final_reply": 0.4},
}


@pytest.mark.parametrize(("where", "stage"), {"starttls": Stage.TLS, "auth": Stage.SIGN_IN, **STAGES}.items())
@pytest.mark.parametrize(("how", "kind"), [("drops", "connection_lost"), ("silent", "timed_out")])
def test_a_server_that_goes_away_or_falls_silent_ends_in_time(how, kind, where, stage):
    attempted, _ = attempt(f"{how}_at_{where}", budget=replace(ROOMY, **SILENCES[where]) if how == "silent" else ROOMY)
    assert attempted.ended == (stage, kind, None)
    assert attempted.failed.is_uncertain == (where == "message")
    assert attempted.seconds < SLACK


@pytest.mark.parametrize("behaviour", sorted(hostile_smtp.BEHAVIOURS))
@pytest.mark.parametrize("login", [PASSWORD, TOKEN])
def test_every_server_ends_within_its_budget_and_gets_credentials_over_verified_tls_only(behaviour, login):
    security = hostile_smtp.BEHAVIOURS[behaviour].implicit_tls or behaviour == "echo_credentials"
    attempted, server = attempt(
        behaviour,
        budget=TIGHT,
        login=login,
        security=Security.IMPLICIT_TLS if security else Security.STARTTLS,
    )
    assert attempted.seconds < TIGHT.session + SLACK
    assert attempted.reply or attempted.failed
    if Stage.TLS not in attempted.passed:
        assert_nothing_was_given_away(server)
    assert "correct horse" not in repr(attempted.steps)
    assert "token-abc" not in repr(attempted.steps)


@pytest.mark.parametrize("behaviour", ["endless_banner", "long_line", "drip", "http"])
def test_hostile_servers_cost_little_memory(behaviour):
    tracemalloc.start()
    try:
        attempt(behaviour, budget=TIGHT)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_server_that_stops_reading_ends_in_time():
    attempted, _ = attempt("stops_reading", budget=TIGHT, message=(b"x" * 900 + b"\r\n") * 7_000)
    assert attempted.ended == (Stage.MESSAGE, "timed_out", None)
    assert not attempted.failed.is_uncertain
    assert attempted.seconds < TIGHT.session + SLACK


def test_answers_that_nobody_asked_for_are_not_taken_for_answers():
    """A server that answers ahead would have us believe that a message was accepted before it was sent."""
    ahead = "250 ok\r\n250 ok\r\n354 go on\r\n250 accepted"
    attempted, server = attempt("good", {"replies": {"MAIL": ahead}})
    assert attempted.ended == (Stage.RECIPIENT, "not_smtp", None)
    assert not server.messages


# --- What a server can take


def test_an_international_address_needs_a_server_that_takes_it():
    attempted, server = attempt("good", recipient="jürgen@example.org")
    assert attempted.reply
    assert "SMTPUTF8" in server.received.decode()
    attempted, server = attempt("good", {"extensions": ("SIZE 1000000",)}, recipient="jürgen@example.org")
    assert attempted.ended == (Stage.RECIPIENT, "smtputf8_not_offered", None)
    assert b"MAIL" not in server.received
    attempted, _ = attempt("good", {"extensions": ()}, sender="jürgen@example.org")
    assert attempted.ended == (Stage.SENDER, "smtputf8_not_offered", None)


def test_an_eight_bit_message_needs_a_server_that_takes_it():
    attempted, server = attempt("good", message="Subject: a\r\n\r\nGrüße\r\n".encode())
    assert attempted.reply
    assert b"BODY=8BITMIME" in server.received
    attempted, _ = attempt("good", {"extensions": ()}, message="Subject: a\r\n\r\nGrüße\r\n".encode())
    assert attempted.ended == (Stage.MESSAGE, "8bitmime_not_offered", None)


def test_a_message_larger_than_the_server_takes_is_not_sent():
    attempted, server = attempt("good", {"extensions": ("SIZE 40",)})
    assert attempted.ended == (Stage.MESSAGE, "too_large", None)
    assert b"MAIL" not in server.received
    attempted, server = attempt("good", {"extensions": ("SIZE 0",)})
    assert f"SIZE={len(MESSAGE)}".encode() in server.received


def test_lines_that_begin_with_a_dot_arrive_as_they_were():
    dotted = b".first\r\n\r\n.\r\n..\r\nend .\r\n.last\r\n"
    _, server = attempt("good", message=dotted)
    assert server.messages == [(SENDER, RECIPIENT, dotted)]


@pytest.mark.parametrize(
    "message",
    [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nMAIL FROM:<x@y>\r\n", b"a\r.\r\n", b"\na\r\n", b"a", b"", b"a\r\n\n",
     b"a\r\r\n", b"x" * 999 + b"\r\n", b"a\0b\r\n"],
)  # fmt: skip
def test_a_message_that_could_smuggle_another_is_a_mistake_of_ours(message):
    with hostile_smtp.server() as server, pytest.raises(ValueError, match="reached the transport"):
        Attempt(server, message=message)
    assert b"MAIL" not in server.received


@pytest.mark.parametrize(
    "address",
    ["a@b.com\r\nRCPT TO:<x@y.com>", "a@b.com>", "<a@b.com>", "a b@c.com", "a@b.com, c@d.com", "a@b@c.com", "a", "@b",
     "a@", "a@b.com\n", "a@b.com\0", "a@b.com SIZE=1", "x" * 250 + "@b.com"],
)  # fmt: skip
def test_an_envelope_address_that_could_smuggle_a_command_is_a_mistake_of_ours(address):
    for where in ("sender", "recipient"):
        with hostile_smtp.server() as server, pytest.raises(ValueError, match="reached the transport"):
            Attempt(server, **{where: address})
        assert b"MAIL" not in server.received


# --- Replies


def read(data: bytes, chunk: int = 7) -> Answer:
    pieces = iter([data[start : start + chunk] for start in range(0, len(data), chunk)] + [b""])
    return ReplyReader(lambda: next(pieces)).read()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"250 2.1.0 Sender OK\r\n", "250 2.1.0 Sender OK"),
        (b"250\r\n", "250"),
        (b"250 \r\n", "250"),
        (b"250 ok\n", "250 ok"),
        (b"550-5.7.26 This mail has been blocked\r\n550-5.7.26 because\r\n550 5.7.26 of it.\r\n",
         "550 5.7.26 This mail has been blocked because of it."),
        (b"250 5.1.1 odd\r\n", "250 5.1.1 odd"),
        (b"554 5.2.252 SendAsDenied; a not allowed to send as b\r\n",
         "554 5.2.252 SendAsDenied; a not allowed to send as b"),
        ("550 5.7.1 n\u00e9\u202e<script>\x07\r\n".encode(), "550 5.7.1 n?<script>?"),
    ],
)  # fmt: skip
def test_a_reply_is_kept_as_printable_text(said, kept):
    assert str(read(said).reply()) == kept


def test_an_enhanced_code_of_another_class_is_only_text():
    assert read(b"250 5.1.1 odd\r\n").reply().enhanced is None
    assert read(b"450 4.2.1 busy\r\n").reply().enhanced == "4.2.1"


def test_a_long_reply_is_cut():
    reply = read(b"".join(b"550-" + b"y" * 150 + b"\r\n" for _ in range(50)) + b"550 end\r\n").reply()
    assert len(reply.text) == 300


@pytest.mark.parametrize(
    "said",
    [
        b"250-a\r\n" * 101,
        b"250 " + b"x" * 2_001 + b"\r\n",
        b"x" * 10_000,
        (b"250-" + b"x" * 1_900 + b"\r\n") * 40,
    ],
)
def test_a_reply_without_end_is_not_read_to_its_end(said):
    with pytest.raises(ReplyTooLong):
        read(said, 4_096)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 200 OK\r\n", b"hello\r\n", b"\r\n", b"99 x\r\n", b"650 x\r\n", b"250_x\r\n", b"2500 x\r\n",
             "٢٥٠ x\r\n".encode(), b"250-a\r\n251 b\r\n"],
)  # fmt: skip
def test_what_is_no_reply_is_not_taken_for_one(said):
    with pytest.raises(NotSmtp):
        read(said)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SendAsDenied; a@x.com not allowed to send as b@x.com", "SendAsDenied"),
        ("STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed", "SendAsDenied"),
        ("STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
         "SubmissionQuotaExceededException"),
        ("STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed",
         "QuotaExceededException"),
        ("STOREDRV.ClientSubmit; sender thread limit exceeded", "STOREDRV.ClientSubmit"),
        ("Authentication unsuccessful [AM0PR.prod.outlook.com]", None),
    ],
)  # fmt: skip
def test_the_exception_that_exchange_names_is_read_out_of_its_text(text, name):
    assert exception_name(text) == name


def test_every_kind_of_failure_has_a_sentence_that_says_what_to_do():
    for sentence in SENTENCES.values():
        assert sentence.endswith(".")
        assert "!" not in sentence
