"""What a row adds up at its end: who got how many copies, and whether anybody got none."""

from dataclasses import dataclass

from tests.faults.ground import Ground
from tests.faults.rows import Figures
from tests.faults.sinks import Sink


@dataclass(frozen=True)
class Balance:
    """The outbox compared with what the server took."""

    queued: int
    lost: int
    repeated: int  # messages that came more than once
    copies: int  # that came too often
    strangers: int  # Message-IDs that the outbox does not know
    mixed: int  # bodies that are somebody else's

    @property
    def figures(self) -> Figures:
        return {
            "messages": self.queued, "lost": self.lost, "repeated": self.repeated, "copies": self.copies,
            "unknown ids": self.strangers, "mixed bodies": self.mixed,
        }  # fmt: skip

    def require_all_sent(self) -> None:
        """Nobody got nothing, nobody got somebody else's, and every id is one of ours."""
        assert (self.lost, self.strangers, self.mixed) == (0, 0, 0), self


def compare(ground: Ground, *sinks: Sink, less: int = 0) -> Balance:
    """Add up; ``less`` messages of the outbox were not to be sent."""
    ids = ground.message_ids()
    came = [one for sink in sinks for one in sink.taken()]
    counts: dict[str, int] = {}
    for one in came:
        counts[one.message_id] = counts.get(one.message_id, 0) + 1
    return Balance(
        queued=len(ids),
        lost=len(ids) - less - len(ids & counts.keys()),
        repeated=sum(count > 1 for count in counts.values()),
        copies=sum(count - 1 for count in counts.values()),
        strangers=len(counts.keys() - ids),
        mixed=sum(not one.is_theirs for one in came),
    )
