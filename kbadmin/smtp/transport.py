"""A submission to a mail server, from connecting to the reply after the final dot (RFC 5321, RFC 6409).

It knows nothing of pages or rows: values go in, values and :class:`SubmissionFailed` come out. Every stage
has a deadline, every reply a bound, and no credential is written before TLS has been verified for the
server's name.
"""

import contextlib
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from kbadmin.smtp import tls
from kbadmin.smtp.addresses import NetworkPolicy, Resolver, resolve
from kbadmin.smtp.conversation import ENDS_THE_CONNECTION, WIRE_ERRORS, Conversation, failing_at, require
from kbadmin.smtp.deadlines import TEST_BUDGET, Budget, Deadline
from kbadmin.smtp.extensions import MailCommand
from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.outgoing import Outgoing, Submitted
from kbadmin.smtp.pipelining import Pipeline
from kbadmin.smtp.reaching import MailServer, reach
from kbadmin.smtp.replies import Reply
from kbadmin.smtp.security import Security
from kbadmin.smtp.sign_in import BearerLogin, PasswordLogin, sign_in
from kbadmin.smtp.steps import OnStep, Step, failed_step, unobserved
from kbadmin.smtp.wire import Wire
from kbadmin.smtp.wire_format import Stuffed, require_address, stuff

__all__ = [
    "TEST_BUDGET",
    "BearerLogin",
    "Budget",
    "Connection",
    "MailServer",
    "OnStep",
    "Outgoing",
    "PasswordLogin",
    "Reply",
    "Stage",
    "Step",
    "SubmissionFailed",
]

GOODBYE_SECONDS = 2.0
#: An idle connection that is still good answers at once.
PROBE_SECONDS = 5.0


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
        #: Why :meth:`submit` ended the connection, if it did.
        self.ended: SubmissionFailed | None = None

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
        wire = Wire(reach(server, policy, budget, session, on_step, resolver).socket)
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
        """What is left of the session's budget."""
        return self._session.left

    @property
    def has_time(self) -> bool:
        """Whether enough is left for another message, with the wait for the reply to it; else connect anew."""
        return self._session.left >= self._budget.one_more

    def submit(
        self, envelope_from: str, messages: Iterable[Outgoing], *, before_data: Callable[[int], None] | None = None
    ) -> Generator[Submitted]:
        """Submit many messages, one round trip each where the server can: :mod:`kbadmin.smtp.pipelining`
        says what is yielded, and when.

        Each result comes as soon as it is known, and nothing is raised for what a server does: look at
        ``is_open`` and ``ended`` afterwards. ``before_data`` is given a message's key before its content is
        written. Whoever leaves the loop early gives up the connection. Steps are not reported.
        """
        pipeline = Pipeline(
            self._talk,
            envelope_from,
            session=self._session,
            budget=self._budget,
            in_transaction=self._in_transaction,
            before_data=before_data,
        )
        return self._submit(pipeline, messages)

    def _submit(self, pipeline: Pipeline, messages: Iterable[Outgoing]) -> Generator[Submitted]:
        try:
            yield from pipeline.results(messages)
        finally:
            self._in_transaction = pipeline.in_transaction
            self.ended = pipeline.ended
            if pipeline.ended is not None or not pipeline.is_in_step:
                self._abandon()

    def send(self, envelope_from: str, recipient: str, message: bytes | Stuffed) -> Reply:
        """Submit one message to one recipient and give the server's final reply.

        Raises :class:`SubmissionFailed`, and ValueError for bytes that are a mistake of ours. An empty
        ``envelope_from`` is the null sender, to which nothing bounces.
        """
        mail = MailCommand(self._talk.extensions, envelope_from)
        require_address(recipient)
        content = message if isinstance(message, Stuffed) else stuff(message)
        if self._in_transaction:
            self.rset()
        with self._reporting():
            self._sender(mail.line(recipient, content))
            self._recipient(recipient)
            return self._message(content)

    def rset(self) -> None:
        """Forget a half-told envelope and hear that the server is still there; raises
        :class:`SubmissionFailed`.
        """
        with self._reporting():
            self._command("RSET", 250, stage=Stage.SENDER)
            self._in_transaction = False

    def is_alive(self) -> bool:
        """Whether a connection that was idle can be used again, as RSET tells; it is closed if it cannot."""
        if self.is_open and not self._talk.is_alive(self._session.within(PROBE_SECONDS)):
            self._abandon()
        self._in_transaction = False
        return self.is_open

    def close(self) -> None:
        """Say goodbye if the server listens, and close in any case. May be called twice."""
        if self.is_open:
            with contextlib.suppress(*WIRE_ERRORS):
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

    def _sender(self, line: bytes) -> None:
        self._in_transaction = True
        reply = self._command(line.decode(), 250, stage=Stage.SENDER)
        self._pass(Stage.SENDER, "The server accepted the sender.", reply=str(reply))

    def _recipient(self, recipient: str) -> None:
        # 251 says that the server will forward, which is as good.
        reply = self._command(f"RCPT TO:<{recipient}>", 250, 251, stage=Stage.RECIPIENT)
        self._pass(Stage.RECIPIENT, "The server accepted the recipient.", reply=str(reply))

    def _message(self, content: Stuffed) -> Reply:
        deadline = self._session.within(self._budget.data)
        self._talk.command("DATA", 354, stage=Stage.MESSAGE, deadline=deadline)
        with failing_at(Stage.MESSAGE):
            self._talk.wire.write(content.data, deadline)
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
