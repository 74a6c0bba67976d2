"""What follows from each failure that we know, and what can never follow from one that we do not."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbadmin.delivery.decisions import SLOW_FOR, Action, Decision, Failure, breaker_wait, decide, decide_for_service
from kbadmin.delivery.schedules import schedule_of
from kbadmin.outbox.models import Kind
from kbadmin.smtp.explanation_rows import ACTIONS
from kbadmin.smtp.failures import SENTENCES, Stage, SubmissionFailed, exception_name
from kbadmin.smtp.replies import Answer, Reply

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STOREDRV = "STOREDRV.Submission.Exception:"

# What is decided, short: "retry service" closes the lane for a moment, "slow" for longer and with one connection
# afterwards; "retry message" follows the schedule; "suppress" counts against the address; "24 h" ends by itself.
WORDS = {
    "retry service": {"action": Action.RETRY, "is_for_service": True, "wait": timedelta(seconds=2)},
    "slow": {"action": Action.RETRY, "is_for_service": True, "wait": timedelta(minutes=1), "slow_down": True},
    "retry message": {"action": Action.RETRY, "wait": timedelta(minutes=5)},
    "fail": {"action": Action.FAIL},
    "fail recipient": {"action": Action.FAIL_RECIPIENT},
    "suppress": {"action": Action.FAIL_RECIPIENT, "suppresses": True},
    "pause": {"action": Action.PAUSE, "is_for_service": True},
    "pause 24 h": {"action": Action.PAUSE, "is_for_service": True, "resumes_after": timedelta(hours=24)},
    "refresh": {"action": Action.REFRESH, "is_for_service": True},
}

# Step, the server's line, and what follows with OAuth.
REPLIES = [
    # signing in
    ("sign_in", "535 5.7.3 Authentication unsuccessful", "refresh"),
    ("sign_in", "535 5.7.8 Username and Password not accepted", "refresh"),
    ("sign_in", "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant", "pause"),
    ("sign_in", "535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox", "pause"),
    ("sign_in", "535 5.7.139 user is locked by your organization's security defaults policy", "pause"),
    ("sign_in", "535 5.7.139 basic authentication is disabled", "pause"),
    ("sign_in", "535 5.7.139 the request did not meet the criteria to be authenticated", "pause"),
    ("sign_in", "550 5.7.30 Basic authentication is not supported for Client Submission", "pause"),
    ("sign_in", "530 5.7.0 Must issue a STARTTLS command first", "refresh"),
    ("sign_in", "534 5.7.9 Application-specific password required", "refresh"),
    ("sign_in", "538 5.7.11 Encryption required", "refresh"),
    ("sign_in", "504 5.7.4 Unrecognized authentication type", "pause"),
    ("sign_in", "552 5.0.0 Something nobody has seen", "pause"),
    ("sign_in", "454 4.7.0 Temporary authentication failure", "retry service"),
    ("sign_in", "451 4.3.0 Try again later", "retry service"),
    ("sign_in", "421 4.7.66 Too many sessions", "slow"),
    ("sender", "530 5.7.57 Client not authenticated to send mail", "pause"),
    # TLS
    ("tls", "454 4.7.0 TLS not available", "retry service"),
    ("tls", "501 5.5.4 Syntax error", "pause"),
    ("tls", "502 5.5.1 Not implemented", "pause"),
    # the sender
    ("message", "554 5.2.252 SendAsDenied; a@x.example not allowed to send as b@x.example", "pause"),
    ("message", "550 5.2.252 SendAsDenied; a@x.example not allowed to send as b@x.example", "pause"),
    ("sender", "550 5.7.60 Client does not have permissions to send as this sender", "pause"),
    ("message", f"554 5.2.0 {STOREDRV}SendAsDeniedException.MapiExceptionSendAsDenied", "pause"),
    ("message", f"554 5.2.0 {STOREDRV}SomethingNewException", "pause"),
    ("message", f"554 5.2.2 mailbox full; {STOREDRV}QuotaExceededException", "pause"),
    ("message", "550 5.2.251 Sender throttled due to continuous mailbox full errors", "pause"),
    ("message", "550 5.2.255 Sender throttled due to continuous invalid recipients errors", "pause"),
    ("message", "550 5.1.8 Access denied, bad outbound sender", "pause"),
    ("message", "550 5.7.501 Access denied, spam abuse detected", "pause"),
    ("message", "550 5.7.705 Access denied, tenant has exceeded threshold", "pause"),
    ("message", "550 5.7.708 Access denied, traffic not accepted from this IP", "pause"),
    ("message", "550 5.7.750 Client blocked from sending from unregistered domain", "pause"),
    ("sender", "553 5.7.1 Sender address rejected: not owned by user", "pause"),
    ("sender", "550 5.1.0 Sender rejected", "pause"),
    ("recipient", "554 5.7.1 Relay access denied", "pause"),
    # limits that ease by themselves: nobody has failed
    ("message", f"554 5.2.0 {STOREDRV}SubmissionQuotaExceededException; rate exceeded", "pause 24 h"),
    ("message", "550 5.4.5 Daily user sending limit exceeded", "pause 24 h"),
    ("recipient", "550 5.7.232 Your trial tenant has exceeded its daily limit", "pause 24 h"),
    ("message", "550 5.7.233 Your tenant has exceeded its daily limit", "pause 24 h"),
    # slower
    ("message", "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", "slow"),
    ("sender", "432 Too many", "slow"),
    ("message", "421 4.4.2 Message submission rate for this client has exceeded the configured limit", "slow"),
    ("sender", "421 4.7.28 Gmail has detected an unusual rate", "slow"),
    ("recipient", "421 4.7.0 Try again later, closing connection", "slow"),
    ("recipient", "421 Service shutting down", "slow"),
    ("sender", "421 Service shutting down", "slow"),
    ("sender", "451 4.7.500 Server busy (AS77713)", "slow"),
    ("recipient", "451 4.7.699 Access denied (AS4)", "slow"),
    ("recipient", "451 4.7.0 Temporary server error. Please try again later. PRX4", "slow"),
    ("message", "452 4.3.2 System not accepting network messages", "slow"),
    ("message", "451 4.4.2 Timeout", "slow"),
    ("recipient", "450 4.7.1 Rate limit exceeded", "slow"),
    ("recipient", "450 Too many connections from your address", "slow"),
    # the server's trouble, whatever the message
    ("message", "452 4.3.1 Insufficient system storage", "retry service"),
    ("sender", "451 4.3.0 Temporary lookup failure", "retry service"),
    ("sender", "452 Try again", "retry service"),
    # put off for this message or recipient
    ("recipient", "450 4.2.0 Greylisted", "retry message"),
    ("recipient", "450 4.7.1 Greylisting in action, please come back later", "retry message"),
    ("recipient", "451 4.7.0 Greylisted, rate limit for new senders", "retry message"),
    ("recipient", "451 4.7.1 Try again later", "retry message"),
    ("recipient", "450 Mailbox busy", "retry message"),
    ("recipient", "451 Local error", "retry message"),
    ("recipient", "452 4.2.2 Mailbox full", "retry message"),
    ("recipient", "499 Something nobody has seen", "retry message"),
    ("message", "451 4.7.1 Try again later", "retry message"),
    ("message", "451 4.3.0 Error while processing", "retry message"),
    ("message", "450 5.1.1 Codes that contradict each other", "retry message"),
    ("recipient", "450 User unknown in local table, not 5.1.1 yet", "retry message"),
    ("message", "455 Something nobody has seen", "retry message"),
    ("message", "460 Something nobody has seen", "retry message"),
    # the recipient
    ("recipient", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", "suppress"),
    ("recipient", "550 5.1.1 No such user", "suppress"),
    ("message", "550 5.1.1 No such user", "suppress"),
    ("recipient", "550 5.4.1 Recipient address rejected: Access denied", "suppress"),
    ("recipient", "551 5.1.6 Mailbox has moved", "suppress"),
    ("recipient", "553 5.1.3 Bad address syntax", "suppress"),
    ("recipient", "501 5.1.3 Bad address syntax", "suppress"),
    ("recipient", "550 No such user here", "suppress"),
    ("recipient", "553 User unknown", "suppress"),
    ("recipient", "550 Not today", "fail recipient"),
    ("recipient", "551 User not local", "fail recipient"),
    ("recipient", "553 Mailbox name not allowed", "fail recipient"),
    ("recipient", "550 5.2.2 Over quota", "fail recipient"),
    ("recipient", "550 5.7.1 Not authorized", "fail recipient"),
    ("recipient", "550 5.7.12 Sender was not authenticated by organization", "fail recipient"),
    ("recipient", "550 5.7.124 Sender not in allowed-senders list", "fail recipient"),
    ("recipient", "550 5.7.133 Sender not authenticated for group", "fail recipient"),
    ("recipient", "550 5.7.136 Sender not authenticated", "fail recipient"),
    # the message
    ("message", "550 5.7.509 Access denied, sending domain does not pass DMARC verification", "fail"),
    ("message", "550 5.7.515 Access denied, sending domain does not meet the required level", "fail"),
    ("message", "550 5.7.26 This mail is blocked because the sender is unauthenticated", "fail"),
    ("message", "421 4.7.32 Your email has been rate limited because DMARC", "fail"),
    ("message", "550 5.7.1 Message rejected as spam", "fail"),
    ("message", "554 5.6.0 Message content not accepted", "fail"),
    ("message", "552 5.3.4 Message size exceeds fixed maximum", "fail"),
    ("message", "554 Transaction failed", "fail"),
    ("message", "599 Something nobody has seen", "fail"),
    # our fault
    ("sender", "500 Syntax error", "fail"),
    ("recipient", "501 Syntax error", "fail"),
    ("message", "502 Not implemented", "fail"),
    ("sender", "503 Bad sequence", "fail"),
    ("message", "504 Parameter not implemented", "fail"),
    ("sender", "555 Parameters not recognized", "fail"),
    ("message", "555 Parameters not recognized", "fail"),
]  # fmt: skip

# The same with a username and a password.
REPLIES_TO_PASSWORDS = [
    ("sign_in", "535 5.7.3 Authentication unsuccessful", "pause"),
    ("sign_in", "535 5.7.8 Username and Password not accepted", "pause"),
    ("sign_in", "535 5.7.139 basic authentication is disabled", "pause"),
    ("sign_in", "534 Application-specific password required", "pause"),
    ("sign_in", "454 4.7.0 Temporary authentication failure", "retry service"),
    ("sign_in", "504 Unrecognized authentication type", "pause"),
]

# Where the connection itself failed.
CONNECTIONS = [
    ("reach", "unreachable", "retry service"),
    ("greeting", "timed_out", "retry service"),
    ("greeting", "connection_lost", "retry service"),
    ("greeting", "not_smtp", "retry service"),
    ("greeting", "reply_too_long", "retry service"),
    ("tls", "timed_out", "retry service"),
    ("tls", "connection_lost", "retry service"),
    ("sign_in", "timed_out", "retry service"),
    ("sign_in", "connection_lost", "retry service"),
    ("sender", "timed_out", "retry service"),
    ("sender", "connection_lost", "retry service"),
    ("recipient", "timed_out", "retry service"),
    ("recipient", "connection_lost", "retry service"),
    ("recipient", "not_smtp", "retry service"),
    # The message itself may be what breaks it.
    ("message", "timed_out", "retry message"),
    ("message", "connection_lost", "retry message"),
    ("tls", "no_starttls", "pause"),
    ("tls", "injected_after_starttls", "pause"),
    ("tls", "tls_failed", "pause"),
    ("tls", "certificate_wrong_name", "pause"),
    ("tls", "certificate_expired", "pause"),
    ("tls", "certificate_not_yet_valid", "pause"),
    ("tls", "certificate_untrusted", "pause"),
    ("sign_in", "tls_required", "pause"),
    ("sign_in", "auth_not_offered", "pause"),
    ("sign_in", "credentials_too_long", "pause"),
    ("sign_in", "no_token", "retry service"),
    ("sign_in", "something_new", "pause"),
    ("sender", "smtputf8_not_offered", "pause"),
    ("recipient", "smtputf8_not_offered", "fail recipient"),
    ("message", "8bitmime_not_offered", "fail"),
    ("message", "too_large", "fail"),
    ("message", "something_new", "fail"),
]


def said(stage: str, line: str) -> Failure:
    """The failure that a line of a server makes, read as the transport reads it."""
    reply = Answer(int(line[:3]), (line[4:],)).reply()
    return Failure.of(SubmissionFailed(Stage(stage), "refused", reply=reply))


def decided(failure: Failure, **given_: object) -> Decision:
    usual = {
        "kind": Kind.DIGEST,
        "attempts": 1,
        "queued_at": NOON,
        "now": NOON,
        "expires_at": None,
        "is_oauth": True,
        "has_refreshed": False,
        "uncertain": "resend",
        "chance": lambda: 0.5,
    }
    return decide(failure, **{**usual, **given_})


def same(decision: Decision, words: str) -> bool:
    return replace(decision, reason="") == Decision(**WORDS[words])


GREYLISTED = said("recipient", "450 4.2.0 Greylisted")
UNANSWERED = Failure("message", "timed_out", is_uncertain=True)


@pytest.mark.parametrize(("stage", "line", "words"), REPLIES)
def test_a_reply_decides(stage, line, words):
    assert same(decided(said(stage, line)), words)


@pytest.mark.parametrize(("stage", "line", "words"), REPLIES_TO_PASSWORDS)
def test_a_reply_to_a_password_decides(stage, line, words):
    assert same(decided(said(stage, line), is_oauth=False), words)


@pytest.mark.parametrize(("stage", "kind", "words"), CONNECTIONS)
def test_a_broken_connection_decides(stage, kind, words):
    assert same(decided(Failure(stage, kind)), words)


def test_every_kind_that_the_transport_knows_is_decided_above():
    assert {kind for _, kind, _ in CONNECTIONS} >= set(SENTENCES) - {"refused"}


def test_every_action_of_the_table_of_replies_can_be_taken():
    assert set(ACTIONS) <= set(Action)


@pytest.mark.parametrize("line", [line for _, line, words in REPLIES if words == "refresh"])
def test_a_token_is_renewed_once_and_then_the_service_pauses(line):
    assert same(decided(said("sign_in", line), has_refreshed=True), "pause")


@pytest.mark.parametrize("status", ["400", "401"])
def test_a_token_that_the_provider_explains_away_is_renewed_once(status):
    refused = Failure("sign_in", "refused", 535, challenge=json.dumps({"status": status}))
    assert same(decided(refused), "refresh")
    assert same(decided(refused, has_refreshed=True), "pause")
    assert same(decided(refused, is_oauth=False), "pause")


SIGNING_IN = [
    *[(said(stage, line), words) for stage, line, words in REPLIES if stage in ("tls", "sign_in")],
    *[(Failure(stage, kind), words) for stage, kind, words in CONNECTIONS if stage in ("reach", "tls", "sign_in")],
]


@pytest.mark.parametrize(("failure", "words"), SIGNING_IN)
def test_before_there_is_a_message_the_same_is_decided(failure, words):
    decision = decide_for_service(failure, is_oauth=True, has_refreshed=False)
    assert same(decision, words)
    assert decision == decided(failure)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (said("sign_in", "535 5.7.139 disabled for the Tenant"), "535 5.7.139"),
        (said("recipient", "550 Unknown"), "550"),
        (said("sign_in", "535 Authentication unsuccessful (5.7.3)"), "535 5.7.3"),
        (said("message", "554 5.2.0 Exception:QuotaExceededException"), "554 5.2.0 QuotaExceededException"),
        (Failure("tls", "certificate_expired"), "certificate_expired"),
        (UNANSWERED, "no_final_reply"),
        (GREYLISTED, "450 4.2.0"),
    ],
)
def test_a_decision_gives_its_reason_in_a_word(failure, reason):
    assert decided(failure).reason == reason
    assert decided(failure, attempts=99, uncertain="hold").reason == reason


@pytest.mark.parametrize("kind", Kind)
def test_a_message_put_off_follows_the_schedule_of_its_kind(kind):
    plan = schedule_of(kind).waits
    found = [decided(GREYLISTED, kind=kind, attempts=attempts) for attempts in range(1, len(plan) + 2)]
    assert [one.wait for one in found] == [*plan, None]
    assert {one.action for one in found[:-1]} <= {Action.RETRY}
    assert found[-1].action is Action.FAIL


@pytest.mark.parametrize(
    ("kind", "wait"),
    [
        (Kind.READER_RESET, timedelta(seconds=5)),
        (Kind.WELCOME, timedelta(minutes=10)),
        (Kind.DIGEST, timedelta(minutes=30)),
    ],
)
def test_what_got_no_answer_after_the_final_dot_is_sent_again_or_held(kind, wait):
    again = decided(UNANSWERED, kind=kind)
    assert (again.action, again.wait, again.is_for_service) == (Action.RETRY, wait, False)
    held = decided(UNANSWERED, kind=kind, uncertain="hold")
    assert (held.action, held.wait, held.is_for_service) == (Action.HOLD, None, False)


def test_what_never_gets_an_answer_is_given_up_in_the_end():
    assert decided(UNANSWERED, attempts=99).action is Action.FAIL
    assert decided(UNANSWERED, attempts=99, expires_at=NOON + timedelta(days=1)).action is Action.EXPIRE


@pytest.mark.parametrize(
    ("minutes_left", "action"), [(5.1, Action.RETRY), (5, Action.EXPIRE), (4.9, Action.EXPIRE), (-60, Action.EXPIRE)]
)
@pytest.mark.parametrize("failure", [GREYLISTED, UNANSWERED])
def test_a_message_that_would_come_too_late_expires(failure, minutes_left, action):
    scale = 1 if failure is GREYLISTED else 6  # A digest without an answer waits 30 minutes instead of 5.
    decision = decided(failure, expires_at=NOON + timedelta(minutes=minutes_left * scale))
    assert decision.action is action


def test_a_reset_expires_with_its_link_and_never_comes_later():
    expires_at = NOON + timedelta(minutes=60)
    now, attempts = NOON, 0
    while True:
        attempts += 1
        decision = decided(
            GREYLISTED, kind=Kind.READER_RESET, attempts=attempts, now=now, expires_at=expires_at, chance=lambda: 1.0
        )
        if decision.action is not Action.RETRY:
            break
        now += decision.wait
        assert now < expires_at
    assert decision.action is Action.EXPIRE
    assert attempts > 5


def test_a_welcome_that_waited_long_for_its_service_is_tried_again():
    waited = {"kind": Kind.WELCOME, "now": NOON + timedelta(days=13), "expires_at": NOON + timedelta(days=14)}
    assert decided(GREYLISTED, attempts=1, **waited).action is Action.RETRY


@pytest.mark.parametrize(("expires_at", "action"), [(None, Action.FAIL), (NOON + timedelta(days=9), Action.EXPIRE)])
def test_a_message_older_than_its_kind_lives_is_given_up(expires_at, action):
    old = {"kind": Kind.USER_INVITATION, "now": NOON + timedelta(days=3), "expires_at": expires_at}
    assert decided(GREYLISTED, **old).action is action
    assert same(decided(said("sender", "451 Try later"), **old), "retry service")


def test_a_broken_service_counts_nothing_against_an_old_message():
    late = {"attempts": 10_000, "now": NOON + timedelta(days=99), "expires_at": NOON}
    for failure, words in [
        (Failure("reach", "unreachable"), "retry service"),
        (said("message", "421 4.4.2 rate"), "slow"),
        (said("message", "550 5.4.5 Daily quota"), "pause 24 h"),
    ]:
        assert same(decided(failure, **late), words)


def test_a_slow_server_gets_ten_minutes():
    assert timedelta(minutes=10) == SLOW_FOR


def test_a_breaker_closes_again_within_half_an_hour():
    assert [breaker_wait(failures) for failures in (0, 1, 5, 6, 10, 11)] == [
        None, timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=30),
        timedelta(minutes=30),
    ]  # fmt: skip


def test_a_failure_keeps_the_facts_and_no_secret():
    reply = Reply(535, "5.7.3", f"Unsuccessful, access_token=abcdefghijklmnop {STOREDRV}SendAsDeniedException")
    failed = SubmissionFailed(
        Stage.SIGN_IN, "refused", reply=reply, challenge='{"access_token": "abcdefghijklmnop"}', is_uncertain=True
    )
    facts = Failure.of(failed).as_facts()
    assert json.loads(json.dumps(facts)) == facts
    assert Failure(**facts) == Failure.of(failed)
    assert "abcdefgh" not in str(facts)
    assert (facts["stage"], facts["kind"], facts["code"], facts["enhanced"]) == ("sign_in", "refused", 535, "5.7.3")
    assert facts["text"].startswith("Unsuccessful, ")
    assert facts["exception_name"] == "SendAsDenied"
    assert facts["is_uncertain"] is True


def test_a_failure_without_a_reply_has_no_code():
    facts = Failure.of(SubmissionFailed(Stage.REACH, "unreachable")).as_facts()
    assert facts == Failure("reach", "unreachable").as_facts()


TEXTS = st.text(max_size=80) | st.sampled_from([line[4:] for _, line, _ in REPLIES])
ENHANCED = st.none() | st.from_regex(re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}"), fullmatch=True)
FAILURES = st.builds(
    Failure,
    stage=st.sampled_from([*map(str, Stage), "elsewhere"]),
    kind=st.sampled_from([*SENTENCES, "something_new"]),
    code=st.none() | st.integers(200, 599),
    enhanced=ENHANCED | st.text(max_size=10),
    text=TEXTS,
    challenge=st.none() | st.text(max_size=20) | st.sampled_from(['{"status": "401"}', "[1]", '{"status":']),
    exception_name=st.none() | TEXTS.map(exception_name),
    is_uncertain=st.booleans(),
)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
SITUATIONS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(Kind),
        "attempts": st.integers(0, 1_000),
        "queued_at": TIMES,
        "now": TIMES,
        "expires_at": st.none() | TIMES,
        "is_oauth": st.booleans(),
        "has_refreshed": st.booleans(),
        "uncertain": st.sampled_from(["resend", "hold"]),
        "chance": st.floats(0, 1).map(lambda number: lambda: number),
    }
)


@given(failure=FAILURES, situation=SITUATIONS)
def test_whatever_happens_there_is_a_sane_decision(failure, situation):
    decision = decide(failure, **situation)
    assert decision.reason
    if decision.action is Action.RETRY:
        assert decision.wait > timedelta()
    else:
        assert decision.wait is None
        assert not decision.slow_down
    assert decision.is_for_service or decision.action not in (Action.PAUSE, Action.REFRESH)
    assert not decision.is_for_service or decision.action in (Action.PAUSE, Action.REFRESH, Action.RETRY)
    assert not decision.suppresses or decision.action is Action.FAIL_RECIPIENT
    assert decision.resumes_after is None or decision.action is Action.PAUSE


@given(failure=FAILURES, situation=SITUATIONS)
def test_a_permanent_answer_is_never_tried_again(failure, situation):
    permanent = replace(failure, code=500 + (failure.code or 0) % 100, is_uncertain=False)
    decision = decide(permanent, **{**situation, "has_refreshed": True})
    assert decision.action not in (Action.RETRY, Action.REFRESH)


@given(failure=FAILURES, situation=SITUATIONS)
def test_before_the_envelope_no_message_is_to_blame(failure, situation):
    for stage in ("reach", "greeting", "tls", "sign_in"):
        assert decide(replace(failure, stage=stage, is_uncertain=False), **situation).is_for_service


@given(failure=FAILURES, situation=SITUATIONS)
def test_no_message_is_tried_for_ever(failure, situation):
    """Its attempts are counted and end, whatever happens, unless its service is to blame."""
    now, tried = situation["queued_at"], timedelta()
    for attempts in range(1, 100):
        decision = decide(failure, **{**situation, "attempts": attempts, "now": now})
        if decision.action is not Action.RETRY or decision.is_for_service:
            break
        now, tried = now + decision.wait, tried + decision.wait
        assert tried <= schedule_of(situation["kind"]).life
        assert situation["expires_at"] is None or now < situation["expires_at"]
    else:
        pytest.fail("a message was tried a hundred times")
