"""What follows from one failed submission: for the message, and for the service that should have taken it.

Pure: facts go in, a :class:`Decision` comes out. What each reply means is a row of
``kbadmin/smtp/data/submission_errors.toml``; here is only what depends on the step, on how often the message was
tried, and on what kind of message it is.
"""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from kbadmin import logs
from kbadmin.delivery import schedules
from kbadmin.outbox.models import Kind
from kbadmin.smtp.diagnosis import enhanced_status, words_for_submission
from kbadmin.smtp.explanation_rows import Words
from kbadmin.smtp.failures import SENTENCES, Stage, SubmissionFailed

#: Before the server has heard of a recipient, nothing it says is about this message.
SERVICE_STAGES = frozenset({Stage.REACH, Stage.GREETING, Stage.TLS, Stage.SIGN_IN})

#: A server that wants less is given one connection for so long, and nothing at all for the first minute.
SLOW_FOR = timedelta(minutes=10)
SLOW_WAIT = timedelta(minutes=1)


class Action(StrEnum):
    """What is done."""

    RETRY = "retry"  # the message stays queued; see Decision.wait
    FAIL = "fail"  # the message is given up
    FAIL_RECIPIENT = "fail_recipient"  # the same, because of its address
    PAUSE = "pause"  # the service is paused, its messages stay queued
    REFRESH = "refresh"  # one new access token, then the same again at once
    HOLD = "hold"  # a person decides about the message
    EXPIRE = "expire"  # the message's purpose passes before it could be sent


@dataclass(frozen=True)
class Failure:
    """The facts of one failed submission, as they are stored and decided upon."""

    stage: str
    kind: str
    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    challenge: str | None = None
    exception_name: str | None = None
    is_uncertain: bool = False

    @classmethod
    def of(cls, failed: SubmissionFailed) -> Self:
        """The facts of what the transport raised, without anything that looks like a secret."""
        reply = failed.reply
        return cls(
            stage=str(failed.stage),
            kind=failed.kind,
            code=reply.code if reply else None,
            enhanced=reply.enhanced if reply else None,
            text=logs.mask_text(reply.text) if reply else "",
            challenge=logs.mask_text(failed.challenge) if failed.challenge else None,
            exception_name=failed.exception_name,
            is_uncertain=failed.is_uncertain,
        )

    @property
    def said(self) -> str:
        """What the server said or, where it said nothing, what happened."""
        told = " ".join(str(part) for part in (self.code, self.enhanced, self.text) if part)
        return told or SENTENCES.get(self.kind, self.kind)

    def as_facts(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Decision:
    """What to do. A decision for the service does not count as an attempt of the message."""

    action: Action
    #: The message is not to blame: it stays as it was, and the service's lane or its pause is what changes.
    is_for_service: bool = False
    #: For a message: until its next attempt. For a service: its lane stays closed for so long at least, and for
    #: what ``breaker_wait`` says if that is longer.
    wait: timedelta | None = None
    #: One connection only, for ``SLOW_FOR``.
    slow_down: bool = False
    #: A pause that ends by itself.
    resumes_after: timedelta | None = None
    #: The address was refused for good: counts towards suppressing it.
    suppresses: bool = False
    #: A few words for logs and incidents: ``certificate_expired``, ``535 5.7.139``.
    reason: str = ""


def decide(
    failure: Failure,
    *,
    kind: Kind,
    attempts: int,
    queued_at: datetime,
    now: datetime,
    expires_at: datetime | None,
    is_oauth: bool,
    has_refreshed: bool,
    uncertain: Literal["resend", "hold"],
    chance: Callable[[], float] = random.random,
) -> Decision:
    """What follows from the failure of a message's submission.

    ``attempts`` counts this one, and none that failed because of the service. ``has_refreshed`` says that a new
    token was just fetched for the same reason. The expiry of messages that wait for a service is not decided here,
    but when they are claimed.
    """
    message = _Message(kind, queued_at, now, expires_at, reason=_reason(failure))
    if failure.is_uncertain:
        if uncertain == "hold":
            return Decision(Action.HOLD, reason=message.reason)
        return message.again_after(schedules.wait_after_uncertain(kind, attempts, chance))
    words = _words(failure)
    match _action(words, failure):
        case Action.RETRY if not _is_for_service(words, failure):
            return message.again_after(schedules.next_wait(kind, attempts, chance))
        case Action.RETRY | Action.PAUSE | Action.REFRESH:
            return decide_for_service(failure, is_oauth=is_oauth, has_refreshed=has_refreshed)
        case action:
            return Decision(action, suppresses=words.suppress, reason=message.reason)


def decide_for_service(failure: Failure, *, is_oauth: bool, has_refreshed: bool) -> Decision:
    """What follows from a failure before any message was tried: to reach the service, or to sign in to it."""
    words = _words(failure)
    reason = _reason(failure)
    match _action(words, failure):
        case Action.RETRY:
            wait = SLOW_WAIT if words.slow else schedules.breaker_wait(1)
            return Decision(Action.RETRY, True, wait, slow_down=words.slow, reason=reason)
        case Action.REFRESH if is_oauth and not has_refreshed:
            return Decision(Action.REFRESH, True, reason=reason)
        case _:
            hours = words.resumes_hours
            resumes_after = timedelta(hours=hours) if hours else None
            return Decision(Action.PAUSE, True, resumes_after=resumes_after, reason=reason)


def breaker_wait(failures: int) -> timedelta | None:
    """How long a lane stays closed after so many failures of its service in a row; none if there was none."""
    return schedules.breaker_wait(failures)


@dataclass(frozen=True)
class _Message:
    """A message that is to blame, or nobody is: by its own schedule, and not beyond its time."""

    kind: Kind
    queued_at: datetime
    now: datetime
    expires_at: datetime | None
    reason: str

    def again_after(self, wait: timedelta | None) -> Decision:
        """Another attempt after that wait, unless there is none or it would come too late."""
        ends_at = self.queued_at + schedules.schedule_of(self.kind).life
        if self.expires_at is not None:
            ends_at = min(ends_at, self.expires_at)
        if wait is not None and self.now + wait < ends_at:
            return Decision(Action.RETRY, wait=wait, reason=self.reason)
        return Decision(Action.FAIL if self.expires_at is None else Action.EXPIRE, reason=self.reason)


def _words(failure: Failure) -> Words:
    return words_for_submission(
        failure.stage,
        failure.kind,
        failure.code,
        failure.enhanced,
        failure.text,
        failure.challenge,
        failure.exception_name,
    )


def _action(words: Words, failure: Failure) -> Action:
    """The row's action; before there is a message nothing can fail but the service, which is paused."""
    action = Action(words.action)
    if failure.stage in SERVICE_STAGES and action in (Action.FAIL, Action.FAIL_RECIPIENT):
        return Action.PAUSE
    return action


def _is_for_service(words: Words, failure: Failure) -> bool:
    """Whether a failure that passes is the service's.

    A connection that breaks while the message itself is written counts as the message's: something in it may be
    what breaks it, and then it must not hold up all others for ever. If it was the service, connecting again tells.
    """
    if failure.stage in SERVICE_STAGES or failure.stage == Stage.SENDER:
        return True
    if failure.code is None:
        return failure.stage == Stage.RECIPIENT
    return words.slow or words.service


def _reason(failure: Failure) -> str:
    if failure.code is None:
        return "no_final_reply" if failure.is_uncertain else failure.kind
    said = enhanced_status(failure.code, failure.enhanced, failure.text)
    return " ".join(str(part) for part in (failure.code, said, failure.exception_name) if part)
