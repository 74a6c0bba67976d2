"""Many messages over one open connection, one round trip each (RFC 2920).

The body of a message, its final dot and the envelope of the next one leave in one write; then the replies are
read. A server that does not offer PIPELINING gets the same commands one at a time. Every reply must belong to
the command it answers, by its class and by its place: as soon as one does not, nothing more is written.

What a caller may rely on, for each message it handed over:

- The server's final reply was read: the message is yielded before anything else is read, written or taken.
- A refusal (4xx, 5xx) of MAIL, RCPT, DATA or of the message is yielded as that message's failure, and the
  connection goes on.
- The connection ends by 421, by its loss, by a deadline, or by an answer that is not SMTP or that nobody asked
  for. The message under way is yielded as failed: with ``is_uncertain`` if its final dot may have reached the
  server and no usable reply to it came, otherwise the server has not got it.
- Not yielded, and still the caller's: a message of which nothing but the envelope was written, and whose MAIL
  (or the RSET before it) the server did not answer, or answered by ending the connection. That is what a limit
  of messages per connection looks like. The first message of a call is always yielded, so that a caller who
  connects again and again makes progress or hears why not.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kbadmin.smtp.conversation import WIRE_ERRORS, Conversation, wire_failure
from kbadmin.smtp.deadlines import Budget, Deadline, Span
from kbadmin.smtp.extensions import MailCommand
from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.outgoing import Outgoing, Submitted
from kbadmin.smtp.replies import Answer, NotSmtp

#: What MAIL, RCPT and DATA must be answered with, and the stage to name if they are not.
ENVELOPE = ((Stage.SENDER, 250), (Stage.RECIPIENT, 250), (Stage.MESSAGE, 354))
#: The replies that nearly always come, each on one line, without the ceremony that doubtful ones need.
ENVELOPE_TAKEN = re.compile(rb"250 [^\n]{0,1990}\n25[01] [^\n]{0,1990}\n354 [^\n]{0,1990}\n")
CONTENT_TAKEN = re.compile(rb"250 [^\n]{0,1990}\n")


@dataclass(slots=True)
class _Prepared:
    """A message with MAIL, RCPT and DATA as they are written, or the reason why this server cannot take it."""

    message: Outgoing
    envelope: bytes = b""
    unfit: SubmissionFailed | None = None
    is_written: bool = False


class Pipeline:
    """The messages of one call. While it runs, nobody else uses the connection."""

    def __init__(
        self,
        talk: Conversation,
        envelope_from: str,
        *,
        session: Deadline,
        budget: Budget,
        in_transaction: bool,
        before_data: Callable[[int], None] | None,
    ) -> None:
        self._wire = talk.wire
        self._mail = MailCommand(talk.extensions, envelope_from)
        self._is_pipelined = "PIPELINING" in talk.extensions
        self._session = session
        self._before_data = before_data
        self._one_more = budget.one_more
        self._for_envelope = Span(session, budget.envelope)
        self._for_data = Span(session, budget.data)
        self._for_reply = Span(session, budget.final_reply)
        self._ahead: _Prepared | None = None
        self._mistakes: list[Exception] = []
        #: Whether the server remembers an envelope, which RSET makes it forget.
        self.in_transaction = in_transaction
        #: Whether all that was written has been answered: only then can the connection be used again.
        self.is_in_step = True
        #: Why the connection is of no more use.
        self.ended: SubmissionFailed | None = None
        # Of the message under way: the stage, whether MAIL was answered, the first refusal, and the bytes up to
        # the final dot once they are being written.
        self._stage, self._is_begun = Stage.SENDER, False
        self._refused: SubmissionFailed | None = None
        self._content_bytes = 0

    def results(self, messages: Iterable[Outgoing]) -> Iterator[Submitted]:
        """Submit them in turn, taking at most two ahead; takes no more when the session's time is short.

        One is made while the server is busy with the message before it.
        """
        waiting = iter(messages)
        one, is_first = self._prepared(waiting), True
        while one is not None:
            failed = one.unfit or self._offer(one)
            if self.ended is not None and not (self._is_begun or is_first):
                return
            following = None
            if failed is not None:
                yield Submitted(one.message.key, None, failed)
            else:
                following = self._following(waiting)
                if self._before_data is not None:
                    self._before_data(one.message.key)
                yield self._submit(one.message, following, waiting)
            if self.ended is not None:
                return
            one, is_first = following or self._following(waiting), False

    def _following(self, waiting: Iterator[Outgoing]) -> _Prepared | None:
        if self._mistakes:
            raise self._mistakes[0]
        if self._session.left < self._one_more:
            return None
        ahead, self._ahead = self._ahead, None
        return ahead or self._prepared(waiting)

    def _prepare_ahead(self, waiting: Iterator[Outgoing]) -> None:
        """A mistake of the caller's comes through once the reply to the message under way was told."""
        try:
            self._ahead = self._prepared(waiting)
        except Exception as mistake:
            self._mistakes.append(mistake)

    def _prepared(self, waiting: Iterator[Outgoing]) -> _Prepared | None:
        message = next(waiting, None)
        if message is None:
            return None
        try:
            mail = self._mail.line(message.recipient, message.content)
        except SubmissionFailed as failed:
            return _Prepared(message, unfit=failed)
        return _Prepared(message, b"%b\r\nRCPT TO:<%b>\r\nDATA\r\n" % (mail, message.recipient.encode()))

    def _offer(self, one: _Prepared) -> SubmissionFailed | None:
        """Get the server to ask for the content; gives the reason if it does not."""
        self._stage, self._is_begun, self._refused, self._content_bytes = Stage.SENDER, False, None, 0
        self.is_in_step = False
        try:
            self._open(one)
            self._hear_envelope(one)
            self._wire.require_silence()
        except (SubmissionFailed, *WIRE_ERRORS) as error:
            self._end(error)
        self.is_in_step = self._refused is not None
        return self._refused or self.ended

    def _open(self, one: _Prepared) -> None:
        """Write the envelope, unless that was done with the message before, and have an open one forgotten."""
        is_left = self.in_transaction and not one.is_written
        if self._is_pipelined and not one.is_written:
            envelope = b"RSET\r\n" + one.envelope if is_left else one.envelope
            self._wire.write(envelope, self._for_envelope)
        if is_left and self._refusal(b"RSET\r\n", 250) is not None:
            raise NotSmtp("RSET was refused")
        self.in_transaction = True

    def _hear_envelope(self, one: _Prepared) -> None:
        if self._is_pipelined:
            self._wire.acknowledge()
            if self._wire.took(ENVELOPE_TAKEN, self._for_envelope):
                self._is_begun, self._stage = True, Stage.MESSAGE
                return
        refusal = None
        for command, (self._stage, wanted) in zip(one.envelope.splitlines(keepends=True), ENVELOPE, strict=True):
            refusal = self._refusal(command, wanted)
            self._is_begun = True
            self._refused = self._refused or refusal
            if refusal is not None and not self._is_pipelined:
                return
        if self._refused is not None and refusal is None:
            self._submit_nothing()

    def _submit_nothing(self) -> None:
        """The server asks for the content although it refused the only recipient: give it none (§3.1)."""
        if self._refused is None or self._refused.stage is not Stage.RECIPIENT:
            raise ConnectionError("hung up: a message was asked for that has no sender")
        self._wire.write(b".\r\n", self._for_data)
        if self._wire.read(self._for_reply.begin()).code == 421:
            raise ConnectionError("421 after an empty message")

    def _refusal(self, command: bytes, wanted: int) -> SubmissionFailed | None:
        """None if the reply is the one that is wanted. Without PIPELINING the command is written only now."""
        deadline = self._for_envelope.begin()
        if not self._is_pipelined:
            self._wire.require_silence()
            self._wire.write(command, deadline)
        else:
            self._wire.acknowledge()
        return self._judged(self._wire.read(deadline), wanted)

    def _judged(self, answer: Answer, wanted: int) -> SubmissionFailed | None:
        """Raises SubmissionFailed for 421, and NotSmtp for an answer that must be to something else."""
        if answer.code == wanted or (answer.code == 251 and self._stage is Stage.RECIPIENT):
            return None
        if answer.code < 400:
            raise NotSmtp(f"{answer.code} where {wanted} or a refusal was due")
        failed = SubmissionFailed(self._stage, "refused", reply=answer.reply())
        if answer.code == 421:
            raise failed
        return failed

    def _submit(self, message: Outgoing, following: _Prepared | None, waiting: Iterator[Outgoing]) -> Submitted:
        """Write the content, with the envelope that follows, and hear what the server says to the content."""
        content = message.content.data
        self._stage, self._content_bytes = Stage.MESSAGE, len(content)
        if self._is_pipelined and following is not None and following.unfit is None:
            content += following.envelope
            following.is_written = True
        try:
            self._wire.write(content, self._for_data)
            if following is not None and following.is_written:
                self._prepare_ahead(waiting)
            answer = self._final_answer()
            failed = self._judged(answer, 250)
        except (SubmissionFailed, *WIRE_ERRORS) as error:
            return Submitted(message.key, None, self._end(error))
        self.in_transaction = False
        if following is None or not following.is_written:
            self.is_in_step = True
            try:
                self._wire.require_silence()
            except NotSmtp as error:
                self.ended = wire_failure(error, Stage.MESSAGE)
        return Submitted(message.key, answer.reply() if failed is None else None, failed)

    def _final_answer(self) -> Answer:
        taken = self._wire.took(CONTENT_TAKEN, self._for_reply)
        if taken is None:
            return self._wire.read(self._for_reply.begin())
        return Answer(250, (taken[4:].decode("utf-8", "replace"),))

    def _end(self, error: Exception) -> SubmissionFailed:
        """Remember why the connection ends."""
        if not isinstance(error, SubmissionFailed):
            is_uncertain = 0 < self._content_bytes <= self._wire.written
            error = wire_failure(error, self._stage, is_uncertain=is_uncertain)
        if error.kind == "not_smtp":
            self._refused = None  # It may have been meant for another message.
        self.ended = error
        return error
