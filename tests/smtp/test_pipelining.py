"""Many messages over one connection: what a mail server sees, what the caller hears of each message, and when."""

import contextlib
import itertools
import time
from contextvars import ContextVar
from dataclasses import replace
from itertools import pairwise

import pytest

from kbadmin.config import PortRanges
from kbadmin.encryption import Secret
from kbadmin.smtp.addresses import NetworkPolicy
from kbadmin.smtp.multiplexing import Multiplexer, current
from kbadmin.smtp.security import Security
from kbadmin.smtp.transport import Budget, Connection, MailServer, Outgoing, PasswordLogin, Stage, SubmissionFailed
from kbadmin.smtp.wire_format import stuff
from tests.fakes import certificates, hostile_smtp
from tests.fakes.smtp_server import DROPS, GARBLED, SILENT

POLICY = NetworkPolicy((certificates.LOOPBACK,), PortRanges.parse("*"))
ROOMY = Budget(dns=20, connect=20, hello=20, sign_in=20, envelope=20, data=20, final_reply=20, session=60)
#: For servers that fall silent. The others have all the time, so that a busy machine's pause is not taken for silence.
TIGHT = replace(ROOMY, envelope=0.4, data=0.4, final_reply=0.4)
SENDER = "support@example.com"
PIPELINING = ("PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
ONE_BY_ONE = PIPELINING[1:]
REFUSED = "550 5.1.1 nobody here"
GOING = "421 4.3.2 shutting down"

both_ways = pytest.mark.parametrize("extensions", [PIPELINING, ONE_BY_ONE], ids=["pipelined", "one by one"])
#: In the clear and over TLS.
both_wires = pytest.mark.parametrize("behaviour", ["good_plain", "good"])


def text(number):
    return b"Subject: %d\r\n\r\nFor number %d only.\r\n" % (number, number)


def recipient(number):
    return f"reader{number}@example.org"


def outgoing(number):
    return Outgoing(number, recipient(number), stuff(text(number)))


@contextlib.contextmanager
def connected(behaviour="good_plain", *, budget=ROOMY, **changes):
    """A server, and a connection to it that is signed in if the server has TLS."""
    with hostile_smtp.server(behaviour, **{"extensions": PIPELINING, **changes}) as server:
        is_plain = behaviour == "good_plain"
        mail_server = MailServer(
            server.host,
            server.port,
            Security.NONE if is_plain else Security.STARTTLS,
            None if is_plain else PasswordLogin("user@example.com", Secret("correct horse battery")),
        )
        with Connection.open(
            mail_server, policy=POLICY, budget=budget, ca_file=server.ca_file, resolver=server.resolver
        ) as connection:
            server.pieces.clear()
            yield server, connection


WAY = ContextVar("WAY", default="alone")


@pytest.fixture(autouse=True, params=["alone", "beside others"])
def way(request):
    """Each run once in a thread of its own, and once as one of several conversations in this thread."""
    WAY.set(request.param)


def carried_out(function):
    """What the function answers, called in the way of this test."""
    if WAY.get() == "alone":
        return function()
    slices, answers = Multiplexer(), []

    def restless():
        while not answers:
            time.sleep(0.0002)
            current().pause()

    slices.start(lambda: answers.append(function()))
    slices.start(restless)
    slices.run(look_seconds=10, look=lambda: None)
    return answers[0]


class Run:
    """Some messages submitted to a scripted server, and what came of them."""

    def __init__(self, count=4, behaviour="good_plain", *, turns=None, **options):
        with connected(behaviour, turns=turns or {}, **options) as (server, connection):
            messages = map(outgoing, range(1, count + 1))
            self.results = carried_out(lambda: list(connection.submit(SENDER, messages)))
            self.is_open, self.ended = connection.is_open, connection.ended
        self.server = server

    @property
    def said(self):
        """What each message's result was: a code, or (stage, kind or code, whether that is uncertain)."""
        return {result.key: self.words(result) for result in self.results}

    @property
    def arrived(self):
        """The numbers of the messages that arrived, none of them mixed up with another."""
        numbers = [int(to.removeprefix("reader").partition("@")[0]) for _, to, _ in self.server.messages]
        for number, message in zip(numbers, self.server.messages, strict=True):
            assert message == (SENDER, recipient(number), text(number))
        assert len(set(numbers)) == len(numbers)
        return numbers

    @staticmethod
    def words(result):
        if result.failed is None:
            return result.reply.code
        assert result.reply is None
        failed = result.failed
        return failed.stage, failed.reply.code if failed.reply else failed.kind, failed.is_uncertain


# --- What goes right


@both_wires
@both_ways
def test_every_message_arrives_once_and_unmixed(behaviour, extensions):
    run = Run(1_000, behaviour, extensions=extensions)
    assert run.arrived == list(range(1, 1_001))
    assert set(run.said.values()) == {250}
    assert list(run.said) == run.arrived
    assert str(run.results[6].reply) == "250 2.0.0 queued as 7"
    assert run.is_open
    assert run.ended is None
    assert run.server.connections == 1


@both_wires
def test_a_content_and_the_next_envelope_leave_in_one_write(behaviour):
    run = Run(3, behaviour)
    envelopes = [
        f"MAIL FROM:<{SENDER}> SIZE={len(text(n))}\r\nRCPT TO:<{recipient(n)}>\r\nDATA\r\n".encode() for n in (1, 2, 3)
    ]
    assert run.server.pieces == [
        envelopes[0],
        text(1) + b".\r\n" + envelopes[1],
        text(2) + b".\r\n" + envelopes[2],
        text(3) + b".\r\n",
        b"QUIT\r\n",
    ]


def test_a_server_without_pipelining_is_told_one_thing_at_a_time():
    run = Run(2, extensions=ONE_BY_ONE)
    assert [piece[:4] for piece in run.server.pieces[:-1]] == [b"MAIL", b"RCPT", b"DATA", b"Subj"] * 2


@both_ways
def test_a_result_comes_before_the_next_message_is_sent(extensions):
    with connected(extensions=extensions) as (server, connection):
        results = connection.submit(SENDER, map(outgoing, range(1, 4)))
        for number in (1, 2, 3):
            assert next(results).key == number
            assert len(server.messages) == number
        assert next(results, None) is None


@both_ways
def test_messages_are_taken_two_ahead_and_noted_before_they_leave(extensions):
    taken, noted = [], []

    def messages():
        for number in range(1, 6):
            taken.append(number)
            yield outgoing(number)

    with connected(extensions=extensions) as (server, connection):

        def note(key):
            noted.append((key, text(key) in server.received))

        for result in connection.submit(SENDER, messages(), before_data=note):
            ahead = 2 if "PIPELINING" in extensions else 1
            assert taken == list(range(1, min(result.key + ahead, 5) + 1))
    assert noted == [(number, False) for number in range(1, 6)]


@both_wires
@both_ways
def test_dotted_lines_long_messages_and_other_scripts_arrive_byte_for_byte(behaviour, extensions):
    contents = [
        b".first\r\n\r\n.\r\n..\r\nend .\r\n.last\r\n",
        b".\r\n",
        (b"." + b"x" * 997 + b"\r\n") * 150,
        "Subject: a\r\n\r\nGrüße, 世界\r\n".encode(),
        b"\r\n",
    ]
    with connected(behaviour, extensions=extensions) as (server, connection):
        messages = [Outgoing(n, recipient(n), stuff(content)) for n, content in enumerate(contents)]
        assert [result.reply.code for result in connection.submit(SENDER, messages)] == [250] * len(contents)
    assert server.messages == [(SENDER, recipient(n), content) for n, content in enumerate(contents)]
    assert f"SIZE={len(contents[2])}\r\n".encode() in server.received
    assert server.received.count(b"BODY=8BITMIME") == 1


@both_ways
def test_replies_of_several_lines_and_a_forwarding_server_are_understood(extensions):
    turns = {
        2: {"MAIL": "250-yes\r\n250 go", "RCPT": "251 will forward", "DATA": "354-now\r\n354 go on"},
        3: {"message": "250-2.0.0 taken\r\n250 2.0.0 as 9"},
    }
    run = Run(4, turns=turns, extensions=extensions)
    assert run.arrived == [1, 2, 3, 4]
    assert str(run.results[2].reply) == "250 2.0.0 taken as 9"


def test_a_connection_takes_further_calls_and_single_messages():
    with connected() as (server, connection):
        for numbers in ((1, 2), (3,), ()):
            assert [result.key for result in connection.submit(SENDER, map(outgoing, numbers))] == list(numbers)
        assert connection.send(SENDER, recipient(4), stuff(text(4))).code == 250
        assert [result.key for result in connection.submit("", [outgoing(5)])] == [5]
    assert len(server.messages) == 5
    assert server.messages[-1][0] == ""
    assert b"RSET" not in server.received


# --- Refusals


@both_wires
@both_ways
@pytest.mark.parametrize(
    ("where", "stage"),
    {"MAIL": Stage.SENDER, "RCPT": Stage.RECIPIENT, "DATA": Stage.MESSAGE, "message": Stage.MESSAGE}.items(),
)
def test_a_refusal_is_one_messages_and_the_others_arrive(behaviour, extensions, where, stage):
    refused = {
        1: {where: REFUSED},
        3: {where: REFUSED},
        4: {where: "451-4.3.0 not\r\n451 4.3.0 now"},
        6: {where: REFUSED},
    }
    run = Run(6, behaviour, turns=refused, extensions=extensions)
    assert run.arrived == [2, 5]
    assert run.said == {
        1: (stage, 550, False),
        2: 250,
        3: (stage, 550, False),
        4: (stage, 451, False),
        5: 250,
        6: (stage, 550, False),
    }
    assert run.is_open
    assert run.server.received.count(b"RSET") == (0 if where == "message" else 3)


def test_what_a_refusal_left_behind_is_forgotten_in_the_same_write():
    run = Run(2, turns={1: {"RCPT": REFUSED}})
    assert run.server.pieces[1].startswith(b"RSET\r\nMAIL FROM:")
    assert run.server.pieces[1].endswith(b"\r\nDATA\r\n")


@both_ways
def test_a_single_message_after_a_refusal_starts_afresh(extensions):
    with connected(turns={1: {"RCPT": REFUSED}}, extensions=extensions) as (server, connection):
        assert [result.reply for result in connection.submit(SENDER, [outgoing(1)])] == [None]
        assert connection.send(SENDER, recipient(2), text(2)).code == 250
    assert [to for _, to, _ in server.messages] == [recipient(2)]


@pytest.mark.parametrize("answer", ["554 5.5.1 no valid recipients", "250 2.0.0 taken"])
def test_a_content_asked_for_without_a_recipient_is_empty(answer):
    run = Run(3, turns={2: {"RCPT": REFUSED, "DATA": "354 go on", "message": answer}})
    assert run.said == {1: 250, 2: (Stage.RECIPIENT, 550, False), 3: 250}
    assert run.arrived == [1, 3]
    assert b"\r\nDATA\r\n.\r\nRSET\r\n" in run.server.received
    assert text(2) not in run.server.received


def test_a_content_asked_for_without_a_sender_ends_the_connection():
    run = Run(3, turns={2: {"MAIL": REFUSED, "RCPT": "250 ok", "DATA": "354 go on"}})
    assert run.said == {1: 250, 2: (Stage.SENDER, 550, False)}
    assert not run.is_open
    assert run.arrived == [1]


@both_ways
def test_a_message_the_server_cannot_take_is_not_offered(extensions):
    messages = [
        outgoing(1),
        Outgoing(2, recipient(2), stuff(b"x" * 500 + b"\r\n")),
        outgoing(3),
        Outgoing(4, "jürgen@example.org", stuff(text(4))),
        Outgoing(5, recipient(5), stuff("é\r\n".encode())),
        outgoing(6),
    ]
    with connected(extensions=(*set(extensions) & {"PIPELINING"}, "SIZE 400")) as (server, connection):
        results = list(connection.submit(SENDER, messages))
        assert connection.is_open
        assert [result.failed.kind if result.failed else None for result in results] == [
            None, "too_large", None, "smtputf8_not_offered", "8bitmime_not_offered", None,
        ]  # fmt: skip
        assert [to for _, to, _ in server.messages] == [recipient(n) for n in (1, 3, 6)]
        assert [result.failed.kind for result in connection.submit(SENDER, [messages[1]])] == ["too_large"]
        assert connection.send(SENDER, recipient(7), text(7)).code == 250
        assert [bool(result.failed) for result in connection.submit(SENDER, messages[:2])] == [False, True]
        assert connection.is_open
    assert server.received.count(b"MAIL FROM") == 5


@pytest.mark.parametrize("address", ["a@b.com\r\nRCPT TO:<x@y.com>", "a@b.com>", "", "a"])
def test_an_address_that_could_smuggle_a_command_is_a_mistake_of_ours(address):
    with pytest.raises(ValueError, match="reached the transport"):
        Outgoing(1, address, stuff(text(1)))
    if address:
        with connected() as (server, connection), pytest.raises(ValueError, match="reached the transport"):
            connection.submit(address, [outgoing(1)])
        assert b"MAIL" not in server.received


# --- The end of a connection

ENDS = {
    GOING: 421,
    DROPS: "connection_lost",
    SILENT: "timed_out",
    "hello": "not_smtp",
    "250-" + "x" * 3_000: "reply_too_long",
    "234 what": "not_smtp",
}
ends = pytest.mark.parametrize(
    ("how", "kind"), ENDS.items(), ids=["421", "drops", "silent", "odd", "long", "out of step"]
)


def budget_for(how):
    return TIGHT if how == SILENT else ROOMY


@both_ways
@ends
def test_a_message_of_which_the_server_heard_the_envelope_only_stays_the_callers(how, kind, extensions):
    run = Run(4, turns={3: {"MAIL": how}}, extensions=extensions, budget=budget_for(how))
    assert run.said == {1: 250, 2: 250}
    assert run.arrived == [1, 2]
    assert not run.is_open
    assert (run.ended.stage, run.ended.reply.code if run.ended.reply else run.ended.kind) == (Stage.SENDER, kind)


@both_ways
@ends
def test_the_first_message_of_a_call_hears_why_there_is_no_second(how, kind, extensions):
    run = Run(4, turns={1: {"MAIL": how}}, extensions=extensions, budget=budget_for(how))
    assert run.said == {1: (Stage.SENDER, kind, False)}
    assert not run.is_open


@both_ways
@ends
@pytest.mark.parametrize(("where", "stage"), {"RCPT": Stage.RECIPIENT, "DATA": Stage.MESSAGE}.items())
def test_a_connection_that_ends_before_the_content_fails_one_message_for_certain(how, kind, where, stage, extensions):
    run = Run(4, turns={2: {where: how}}, extensions=extensions, budget=budget_for(how))
    assert run.said == {1: 250, 2: (stage, kind, False)}
    assert run.arrived == [1]
    assert not run.is_open
    assert text(2) not in run.server.received


@both_wires
@both_ways
@ends
def test_a_content_without_an_answer_is_uncertain_and_one_with_421_is_not(behaviour, how, kind, extensions):
    run = Run(4, behaviour, turns={2: {"message": how}}, extensions=extensions, budget=budget_for(how))
    assert run.said == {1: 250, 2: (Stage.MESSAGE, kind, kind != 421)}
    assert text(3) not in run.server.received
    assert not run.is_open


@both_wires
@both_ways
@pytest.mark.parametrize("how", [DROPS, GOING])
def test_a_limit_of_messages_per_connection_costs_a_connection_and_nothing_else(behaviour, how, extensions):
    with hostile_smtp.server(behaviour, extensions=extensions, turns={8: {"MAIL": how}}) as server:
        is_plain = behaviour == "good_plain"
        login = None if is_plain else PasswordLogin("user@example.com", Secret("correct horse battery"))
        mail_server = MailServer(server.host, server.port, Security.NONE if is_plain else Security.STARTTLS, login)
        waiting = dict.fromkeys(range(30))
        while waiting:
            with Connection.open(
                mail_server, policy=POLICY, budget=ROOMY, ca_file=server.ca_file, resolver=server.resolver
            ) as connection:
                for result in connection.submit(SENDER, map(outgoing, tuple(waiting))):
                    assert result.reply.code == 250
                    del waiting[result.key]
    assert [to for _, to, _ in server.messages] == [recipient(n) for n in range(30)]
    assert server.connections == 5


@both_ways
def test_a_refusal_counts_although_the_server_then_hangs_up(extensions):
    run = Run(3, turns={2: {"RCPT": REFUSED, "DATA": DROPS, "RSET": DROPS}}, extensions=extensions)
    assert run.said == {1: 250, 2: (Stage.RECIPIENT, 550, False)}
    assert not run.is_open


@both_ways
@pytest.mark.parametrize("answer", [REFUSED, GOING, DROPS])
def test_a_server_that_will_not_forget_an_envelope_gets_no_other(extensions, answer):
    run = Run(3, turns={1: {"RCPT": REFUSED, "RSET": answer}}, extensions=extensions)
    assert run.said == {1: (Stage.RECIPIENT, 550, False)}
    assert not run.is_open
    assert not run.arrived


def test_a_server_that_stops_reading_within_a_content_has_not_got_it():
    content = stuff(b"x" * 900 + b"\r\n" + (b"y" * 900 + b"\r\n") * 7_000)
    for behaviour in ("good_plain", "good"):
        with connected(behaviour, extensions=("PIPELINING",), stops_reading=True, budget=TIGHT) as (_, connection):
            results = list(connection.submit(SENDER, [Outgoing(n, recipient(n), content) for n in (1, 2)]))
            assert not connection.is_open
        assert [Run.words(result) for result in results] == [(Stage.MESSAGE, "timed_out", False)]


@both_ways
@pytest.mark.parametrize(("where", "is_uncertain"), [("RCPT", False), ("message", True)])
def test_tls_that_breaks_is_a_lost_connection(extensions, where, is_uncertain):
    run = Run(3, "good", turns={2: {where: GARBLED}}, extensions=extensions)
    stage = Stage.MESSAGE if is_uncertain else Stage.RECIPIENT
    assert run.said == {1: 250, 2: (stage, "connection_lost", is_uncertain)}
    assert not run.is_open


def test_a_single_message_over_tls_that_breaks_ends_the_connection():
    with connected("good", turns={1: {"RCPT": GARBLED}}) as (_, connection):
        with pytest.raises(SubmissionFailed) as failed:
            connection.send(SENDER, recipient(1), text(1))
        assert failed.value.kind == "connection_lost"
        assert not connection.is_open


def test_a_closed_connection_says_so_once():
    with connected() as (_, connection):
        connection.close()
        results = list(connection.submit(SENDER, map(outgoing, (1, 2))))
    assert [Run.words(result) for result in results] == [(Stage.SENDER, "connection_lost", False)]


# --- Confusion


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA"])
def test_an_answer_too_many_before_the_content_keeps_the_content_here(where):
    usual = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on"}[where]
    run = Run(4, turns={2: {where: f"{usual}\r\n250 ok"}})
    assert run.said == {1: 250, 2: (Stage.MESSAGE, "not_smtp", False)}
    assert run.arrived == [1]
    assert text(2) not in run.server.received
    assert not run.is_open


@both_ways
def test_an_answer_too_many_after_the_content_mixes_nothing(extensions):
    run = Run(4, turns={2: {"message": "250 ok\r\n250 ok"}}, extensions=extensions)
    assert {key: run.said[key] for key in (1, 2)} == {1: 250, 2: 250}
    assert run.arrived == [1, 2]
    assert text(3) not in run.server.received
    assert not run.is_open


@both_ways
def test_an_answer_too_many_after_the_last_content_ends_the_connection(extensions):
    run = Run(2, turns={2: {"message": "250 ok\r\n250 ok"}}, extensions=extensions)
    assert run.said == {1: 250, 2: 250}
    assert not run.is_open
    assert run.ended.kind == "not_smtp"
    assert not run.server.received.endswith(b"QUIT\r\n")


def test_a_refusal_out_of_step_is_not_taken_for_the_messages_own():
    """The second message's late refusal comes where the third one's MAIL should be answered."""
    run = Run(4, turns={2: {"message": "250 early\r\n554 5.7.1 late"}})
    assert run.said == {1: 250, 2: 250, 3: (Stage.MESSAGE, "not_smtp", False)}
    assert text(3) not in run.server.received


# --- The caller's part


@both_ways
def test_a_caller_who_leaves_early_gives_up_the_connection_and_loses_nothing(extensions):
    with connected(extensions=extensions) as (server, connection):
        results = connection.submit(SENDER, map(outgoing, itertools.count(1)))
        assert [next(results).key for _ in range(3)] == [1, 2, 3]
        results.close()
        assert connection.is_open == ("PIPELINING" not in extensions)
    assert [to for _, to, _ in server.messages] == [recipient(n) for n in (1, 2, 3)]


@both_ways
@pytest.mark.parametrize("where", ["messages", "before_data"])
def test_an_error_of_the_callers_comes_through_after_the_replies_that_were_due(extensions, where):
    def messages():
        yield from map(outgoing, (1, 2))
        if where == "messages":
            raise OSError("disk full")
        yield from map(outgoing, (3, 4))

    def note(key):
        if where == "before_data" and key == 2:
            raise OSError("disk full")

    with connected(extensions=extensions) as (server, connection):
        keys = []
        with pytest.raises(OSError, match="disk full"):
            keys.extend(one.key for one in connection.submit(SENDER, messages(), before_data=note))
        assert not connection.is_open
    assert [to for _, to, _ in server.messages] == [recipient(1)]
    assert keys == [1]
    assert text(2) not in server.received


@both_ways
def test_no_message_is_begun_that_the_session_has_no_time_for(extensions):
    budget = replace(ROOMY, data=1, final_reply=1, session=2.4)
    for _ in range(20):
        with connected(extensions=extensions, budget=budget) as (server, connection):
            had_time, keys, moments = connection.has_time, [], [time.monotonic()]
            for result in connection.submit(SENDER, map(outgoing, itertools.count(1))):
                keys.append(result.key)
                time.sleep(0.3)
                moments.append(time.monotonic())
            assert connection.is_open
            assert not connection.has_time
            left = connection.seconds_left
        if len(keys) > 1 and all(later - earlier < 0.6 for earlier, later in pairwise(moments)):
            break  # The machine made no pause.
    assert had_time
    assert left > 0.3
    assert 2 <= len(keys) < 8
    assert [to for _, to, _ in server.messages] == [recipient(n) for n in keys]


# --- Asking whether a connection is still good


@both_wires
def test_an_idle_connection_is_asked_before_it_is_used_again(behaviour):
    with connected(behaviour) as (server, connection):
        assert connection.is_alive()
        assert [result.key for result in connection.submit(SENDER, [outgoing(1)])] == [1]
        assert connection.is_alive()
        assert connection.is_open
        connection.close()
        assert not connection.is_alive()
    assert len(server.messages) == 1


@both_wires
@pytest.mark.parametrize("answer", [GOING, DROPS, SILENT, "250 ok\r\n250 ok", "hello", "500 what"])
def test_a_connection_that_is_no_longer_good_is_closed(behaviour, answer):
    budget = replace(ROOMY, session=1) if answer == SILENT else ROOMY
    began = time.monotonic()
    with connected(behaviour, replies={"RSET": answer}, budget=budget) as (_, connection):
        assert not connection.is_alive()
        assert not connection.is_open
    assert time.monotonic() - began < 8


@both_wires
@pytest.mark.parametrize("said", [b"421 4.4.2 idle for too long\r\n", b""])
def test_a_server_that_ended_an_idle_connection_is_not_asked(behaviour, said):
    with connected(behaviour, patience_seconds=0.2, idle_farewell=said) as (server, connection):
        assert server.has_lost_patience.wait(30)
        assert not connection.is_alive()
        assert not connection.is_open
    assert not server.pieces


def test_whoever_was_stopped_past_the_end_of_the_session_sends_nothing_more():
    # A frozen worker: by the time it goes on, others have taken its messages over.
    slices, results = Multiplexer(), []
    with connected(budget=replace(ROOMY, session=2, data=0.1, final_reply=0.1)) as (server, connection):
        slices.start(lambda: results.extend(connection.submit(SENDER, map(outgoing, (1, 2)))))
        slices.start(lambda: time.sleep(connection.seconds_left + 0.1))
        slices.run(look_seconds=10, look=lambda: None)
        time.sleep(0.1)
        assert server.pieces == []
    assert [Run.words(result) for result in results] == [(Stage.SENDER, "timed_out", False)]
