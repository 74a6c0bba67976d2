"""A submission to a mail server, from connecting to the reply after the final dot (RFC 5321, RFC 6409).

It knows nothing of pages or rows: values go in, values and :class:`SubmissionFailed` come out. Every stage
has a deadline, every reply a bound, and no credential is written before TLS has been verified for the
server's name.
"""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kbadmin.smtp import tls
from kbadmin.smtp.addresses import Connected, NetworkPolicy, Resolver, Unreachable, connect, resolve
from kbadmin.smtp.conversation import ENDS_THE_CONNECTION, Conversation, failing_at, require, unreachable
from kbadmin.smtp.deadlines import TEST_BUDGET, Budget, Deadline
from kbadmin.smtp.extensions import mail_parameters
from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.replies import NotSmtp, Reply, ReplyTooLong
from kbadmin.smtp.security import Security
from kbadmin.smtp.sign_in import BearerLogin, Login, PasswordLogin, sign_in
from kbadmin.smtp.steps import OnStep, Step, failed_step, unobserved
from kbadmin.smtp.wire import Wire
from kbadmin.smtp.wire_format import require_address, require_crlf_lines, with_final_dot

__all__ = [
    "TEST_BUDGET",
    "BearerLogin",
    "Budget",
    "Connection",
    "MailServer",
    "OnStep",
    "PasswordLogin",
    "Reply",
    "Stage",
    "Step",
    "SubmissionFailed",
]

GOODBYE_SECONDS = 2.0


@dataclass(frozen=True)
class MailServer:
    """A mail server and how to sign in there."""

    host: str
    port: int
    security: Security
    login: Login | None = None


class Connection:
    """A signed-in connection that takes one message after another.

    It belongs to one thread. After a refusal it can be used again; once ``is_open`` is false it cannot.
    """

    def __init__(self, server: MailServer, talk: Conversation, *, session: Deadline, budget: Budget, on_step: OnStep):
        self._server = server
        self._talk = talk
        self._session = session
        self._budget = budget
        self._on_step = on_step
        self._in_transaction = False
        self.is_open = True

    @classmethod
    def open(
        cls,
        server: MailServer,
        *,
        policy: NetworkPolicy,
        budget: Budget = TEST_BUDGET,
        ca_file: Path | None = None,
        on_step: OnStep = unobserved,
        client_name: str | None = None,
        resolver: Resolver = resolve,
    ) -> Self:
        """Connect, make it TLS, sign in. Raises :class:`SubmissionFailed`, after reporting the step that
        failed.

        ``client_name`` is what we call ourselves in EHLO, by default the address we connect from.
        """
        context = tls.verifying_context(ca_file)
        session = Deadline.after(budget.session)
        wire = Wire(_connected(server, policy, budget, session, on_step, resolver).socket)
        talk = Conversation(wire, client_name=client_name or wire.local_literal)
        self = cls(server, talk, session=session, budget=budget, on_step=on_step)
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(self._abandon)
            with self._reporting():
                self._begin(context, session.within(budget.hello))
                self._sign_in()
            unless_done.pop_all()
        return self

    @property
    def seconds_left(self) -> float:
        """What is left of the session's budget: if that is too little, the next message needs a new
        connection.
        """
        try:
            return self._session.remaining()
        except TimeoutError:
            return 0.0

    def send(self, envelope_from: str, recipient: str, message: bytes) -> Reply:
        """Submit one message to one recipient and give the server's final reply.

        Raises :class:`SubmissionFailed`, and ValueError for bytes that are a mistake of ours. An empty
        ``envelope_from`` is the null sender, to which nothing bounces.
        """
        if envelope_from:
            require_address(envelope_from)
        require_address(recipient)
        require_crlf_lines(message)
        if self._in_transaction:
            self.rset()
        with self._reporting():
            self._sender(envelope_from, recipient, message)
            self._recipient(recipient)
            return self._message(message)

    def rset(self) -> None:
        """Forget a half-told envelope and hear that the server is still there; raises
        :class:`SubmissionFailed`.
        """
        with self._reporting():
            self._command("RSET", 250, stage=Stage.SENDER)
            self._in_transaction = False

    def close(self) -> None:
        """Say goodbye if the server listens, and close in any case. May be called twice."""
        if self.is_open:
            with contextlib.suppress(OSError, NotSmtp, ReplyTooLong):
                self._talk.exchange(b"QUIT", self._session.within(GOODBYE_SECONDS))
        self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, context: ssl.SSLContext, deadline: Deadline) -> None:
        host, security = self._server.host, self._server.security
        with failing_at(Stage.REACH):
            if security is Security.IMPLICIT_TLS:
                self._talk.wire.start_tls(context, host, deadline)
            facts = self._talk.greet(deadline)
        self._pass(Stage.REACH, "The server answered.")
        self._pass(Stage.GREETING, "It is a mail server.", **facts)
        if security is Security.STARTTLS:
            self._talk.start_tls(context, host, deadline)
        if security is not Security.NONE:
            self._pass(Stage.TLS, "The connection is secure.", **self._talk.wire.connection_facts)

    def _sign_in(self) -> None:
        login = self._server.login
        if login is None:
            return
        if not self._talk.wire.is_verified:
            raise SubmissionFailed(Stage.SIGN_IN, "tls_required")
        deadline = self._session.within(self._budget.sign_in)
        offered = self._talk.extensions.get("AUTH", "").upper().split()
        with failing_at(Stage.SIGN_IN):
            mechanism, reply = sign_in(login, offered, lambda line: self._talk.exchange(line, deadline))
        self._pass(Stage.SIGN_IN, "The server accepted the sign-in.", mechanism=mechanism, reply=str(reply))

    def _sender(self, envelope_from: str, recipient: str, message: bytes) -> None:
        parameters = mail_parameters(self._talk.extensions, envelope_from, recipient, message)
        self._in_transaction = True
        reply = self._command(" ".join([f"MAIL FROM:<{envelope_from}>", *parameters]), 250, stage=Stage.SENDER)
        self._pass(Stage.SENDER, "The server accepted the sender.", reply=str(reply))

    def _recipient(self, recipient: str) -> None:
        # 251 says that the server will forward, which is as good.
        reply = self._command(f"RCPT TO:<{recipient}>", 250, 251, stage=Stage.RECIPIENT)
        self._pass(Stage.RECIPIENT, "The server accepted the recipient.", reply=str(reply))

    def _message(self, message: bytes) -> Reply:
        deadline = self._session.within(self._budget.data)
        self._talk.command("DATA", 354, stage=Stage.MESSAGE, deadline=deadline)
        with failing_at(Stage.MESSAGE):
            self._talk.wire.write(with_final_dot(message), deadline)
        with failing_at(Stage.MESSAGE, is_uncertain=True):
            answer = self._talk.wire.read(self._session.within(self._budget.final_reply))
        self._in_transaction = False
        reply = require(answer, 250, stage=Stage.MESSAGE)
        self._pass(Stage.MESSAGE, "The server accepted the message.", reply=str(reply))
        return reply

    def _command(self, line: str, *expected: int, stage: Stage) -> Reply:
        deadline = self._session.within(self._budget.envelope)
        return self._talk.command(line, *expected, stage=stage, deadline=deadline)

    def _pass(self, stage: Stage, text: str, **facts: str) -> None:
        self._on_step(Step(stage, True, text, facts))

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        """Report the step that fails, and abandon a connection on which replies no longer match commands."""
        try:
            yield
        except SubmissionFailed as failed:
            if failed.kind in ENDS_THE_CONNECTION or (failed.reply and failed.reply.code == 421):
                self._abandon()
            self._on_step(failed_step(failed))
            raise

    def _abandon(self) -> None:
        self.is_open = False
        self._talk.wire.close()


def _connected(
    server: MailServer,
    policy: NetworkPolicy,
    budget: Budget,
    session: Deadline,
    on_step: OnStep,
    resolver: Resolver,
) -> Connected:
    deadline = session.within(budget.dns + budget.connect)
    try:
        return connect(server.host, server.port, policy, deadline=deadline, dns_seconds=budget.dns, resolver=resolver)
    except Unreachable as error:
        failed = unreachable(error.reason, error.detail)
        on_step(failed_step(failed))
        raise failed from None
