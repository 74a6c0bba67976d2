"""What a person watches while a mail server is tried: one step per stage, passed or failed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kbadmin.smtp.failures import Stage, SubmissionFailed

TITLES = {
    Stage.REACH: "Reach the server",
    Stage.GREETING: "Greeting",
    Stage.TLS: "Encryption (TLS)",
    Stage.SIGN_IN: "Sign-in",
    Stage.SENDER: "Sender accepted",
    Stage.RECIPIENT: "Recipient accepted",
    Stage.MESSAGE: "Message accepted",
}


@dataclass(frozen=True)
class Step:
    """One stage that passed or failed, with the facts worth showing; all of a server's text is printable
    ASCII.
    """

    stage: Stage
    ok: bool
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)


#: Told of each step as it happens.
OnStep = Callable[[Step], None]


def unobserved(_step: Step) -> None:
    """For callers who look at the result only."""


def failed_step(failed: SubmissionFailed) -> Step:
    """The step in which a submission ended. The operator's ``reason`` and ``detail`` stay out of it."""
    facts = {"kind": failed.kind}
    if failed.reply is not None:
        facts["reply"] = str(failed.reply)
    if failed.challenge is not None:
        facts["challenge"] = failed.challenge
    return Step(failed.stage, False, str(failed), facts)
