"""Questions and answers on one connection: each by its deadline, each failure named once, with its stage."""

import contextlib
import ssl
from collections.abc import Iterator, Mapping

from kbadmin.smtp import tls
from kbadmin.smtp.deadlines import Deadline
from kbadmin.smtp.extensions import read_extensions
from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.replies import Answer, NotSmtp, Reply, ReplyTooLong, printable
from kbadmin.smtp.wire import Injected, Wire

#: After these, what comes next on the connection would mean nothing.
ENDS_THE_CONNECTION = frozenset({"timed_out", "connection_lost", "not_smtp", "reply_too_long"})

#: What reading from and writing to a server may raise.
WIRE_ERRORS = (OSError, NotSmtp, ReplyTooLong, Injected)


class Conversation:
    """Commands to a server and its answers; knows what the server last said it can do."""

    def __init__(self, wire: Wire, *, client_name: str) -> None:
        self.wire = wire
        self._client_name = client_name
        #: EHLO keywords in capitals, with their parameters.
        self.extensions: Mapping[str, str] = {}

    def greet(self, deadline: Deadline) -> Mapping[str, str]:
        """Hear the server's greeting and introduce ourselves; gives what the server says about itself.

        Raises :class:`SubmissionFailed` unless it is a 220 and then a 250, and what the wire raises.
        """
        greeting = self.wire.read(deadline)
        if greeting.code != 220:
            raise unreachable("greeting_refused", str(greeting.reply()))
        hello = self.ehlo(deadline)
        if hello.code != 250:
            raise unreachable("ehlo_refused", str(hello.reply()))
        name, *_ = hello.lines[0].split() or [""]
        offered = ", ".join(" ".join(pair).strip() for pair in self.extensions.items())
        return {
            "greeting": greeting.reply().text,
            "server": printable(name),
            "extensions": printable(offered),
        }

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        """Make a connection TLS that began in the clear (RFC 3207); raises :class:`SubmissionFailed`."""
        if "STARTTLS" not in self.extensions:
            raise SubmissionFailed(Stage.TLS, "no_starttls")
        self.command("STARTTLS", 220, stage=Stage.TLS, deadline=deadline)
        with failing_at(Stage.TLS):
            self.wire.start_tls(context, host, deadline)
            # What was said in the clear may have been said by anyone: ask again (§4.2).
            hello = self.ehlo(deadline)
        require(hello, 250, stage=Stage.TLS)

    def ehlo(self, deadline: Deadline) -> Answer:
        """Introduce ourselves; forgets what the server offered before, and keeps what it offers now."""
        answer = self.exchange(f"EHLO {self._client_name}".encode("ascii"), deadline)
        self.extensions = read_extensions(answer.lines[1:]) if answer.code == 250 else {}
        return answer

    def exchange(self, line: bytes, deadline: Deadline) -> Answer:
        """Send one line and read the answer to it; raises what :class:`~kbadmin.smtp.wire.Wire` raises."""
        if b"\r" in line or b"\n" in line:
            raise ValueError("a command of more than one line reached the transport")
        self.wire.require_silence()
        self.wire.write(line + b"\r\n", deadline)
        return self.wire.read(deadline)

    def is_alive(self, deadline: Deadline) -> bool:
        """Whether the server has nothing to say of its own accord, and answers RSET."""
        try:
            return self.wire.is_quiet() and self.exchange(b"RSET", deadline).code == 250 and self.wire.is_quiet()
        except WIRE_ERRORS:
            return False

    def command(self, line: str, *expected: int, stage: Stage, deadline: Deadline) -> Reply:
        """Send a command; raises :class:`SubmissionFailed` unless one of the expected codes comes back."""
        with failing_at(stage):
            answer = self.exchange(line.encode(), deadline)
        return require(answer, *expected, stage=stage)


def require(answer: Answer, *expected: int, stage: Stage) -> Reply:
    """The reply to keep; raises :class:`SubmissionFailed` with it if its code is not expected."""
    if answer.code not in expected:
        raise SubmissionFailed(stage, "refused", reply=answer.reply())
    return answer.reply()


@contextlib.contextmanager
def failing_at(stage: Stage, *, is_uncertain: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong on the wire into :class:`SubmissionFailed` at this stage.

    Until a server has greeted us there is one kind, *unreachable*, so that nobody maps networks through us;
    the operator's log has the reason. A certificate is the exception, for only its owner can mend it.
    """
    try:
        yield
    except WIRE_ERRORS as error:
        raise wire_failure(error, stage, is_uncertain=is_uncertain) from None


def wire_failure(error: Exception, stage: Stage, *, is_uncertain: bool = False) -> SubmissionFailed:
    """What one of :data:`WIRE_ERRORS` means at this stage."""
    kind = _kind(error)
    if kind.startswith("certificate_"):
        return SubmissionFailed(Stage.TLS, kind, detail=str(error))
    if stage is Stage.REACH:
        return unreachable(kind, str(error))
    if kind == "tls_failed" and stage is not Stage.TLS:
        kind = "connection_lost"  # TLS was up: what broke now is the connection.
    return SubmissionFailed(stage, kind, detail=str(error), is_uncertain=is_uncertain)


def unreachable(reason: str, detail: str) -> SubmissionFailed:
    """The one failure of the first stage."""
    return SubmissionFailed(Stage.REACH, "unreachable", reason=reason, detail=detail)


def _kind(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "timed_out"
        case ssl.SSLError():
            return tls.failure_kind(error)
        case NotSmtp():
            return "not_smtp"
        case ReplyTooLong():
            return "reply_too_long"
        case Injected():
            return "injected_after_starttls"
        case _:
            return "connection_lost"
