"""What pages say of a digest run: how it began, where it stands, why somebody got nothing, and its figures as parts."""

from dataclasses import dataclass

from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from kbadmin.subscriptions.runs import Tally

KINDS = {
    RunKind.SCHEDULED: "On schedule",
    RunKind.IMMEDIATE: "Immediately, as something was marked",
    RunKind.BY_HAND: "By hand",
}
SENTENCES = {
    RunStage.FANNING_OUT: "Its messages are being queued. You may leave this page.",
    RunStage.QUEUED: "All messages are queued, and leave in their turn. You may leave this page.",
    RunStage.DONE: "Every message has come to an end.",
    RunStage.EMPTY: "Nothing was new for anybody, so nothing was sent.",
    RunStage.SKIPPED: "It was not sent.",
}
PAUSED = "Its messages are being queued, and digests are paused: it goes on when they are resumed."
#: Why somebody who was due got no message.
SKIPPED = {
    "nothing_new": "Nothing was new of what they subscribed to",
    "no_access": "They may not open the knowledge base any more",
    "disabled": "They are disabled, or were deleted",
    "suppressed": "Their address permanently refuses mail",
    "unsubscribed": "They unsubscribed meanwhile",
    "left_out": "What was new could not be read any more when it was to be sent",
}
MOVING = (RunStage.FANNING_OUT, RunStage.QUEUED)


@dataclass(frozen=True)
class Part:
    """One outcome: how many subscribers had it, how much of all that is, and the state it has in the delivery log."""

    label: str
    number: int
    share: float  # per cent
    kind: str
    icon: str
    state: str = ""


#: Attribute of a tally, words, colour, icon, state in the delivery log.
_PARTS = (
    ("sent", "Accepted by the server", "success", "circle-check", "accepted"),
    ("queued", "Waiting", "info", "clock", "queued"),
    ("failed", "Failed", "danger", "circle-x", "failed"),
    ("held", "Held", "warning", "player-pause", "held"),
    ("expired", "Expired", "muted", "clock", "expired"),
    ("cancelled", "Cancelled", "muted", "ban", "cancelled"),
    ("skipped", "Skipped", "muted", "circle-dashed", ""),
)


def parts(tally: Tally) -> list[Part]:
    """The outcomes that there are; their numbers add up to what was planned."""
    found = []
    for name, label, kind, icon, state in _PARTS:
        if number := getattr(tally, name):
            found.append(Part(label, number, 100 * number / max(tally.planned, 1), kind, icon, state))
    return found


def reasons(tally: Tally) -> list[tuple[str, int]]:
    """Why how many got no message, the most frequent first."""
    counted = sorted(tally.reasons.items(), key=lambda one: -one[1])
    return [(SKIPPED.get(key, key), number) for key, number in counted if number]


def sentence(run: DigestRun, *, is_paused: bool = False) -> str:
    """Where a run stands, for whoever looks at it."""
    said = PAUSED if is_paused and run.stage == RunStage.FANNING_OUT else SENTENCES[RunStage(run.stage)]
    return f"{said} {run.reason}" if run.reason else said
