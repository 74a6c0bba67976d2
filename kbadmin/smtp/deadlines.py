"""How long a conversation with a stranger may take: in all, and per stage.

A socket's own timeout starts again with every byte, so a server that drips one byte at a time would hold us
for ever. A deadline does not start again. Everything here is in seconds of monotonic time.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple, Self


class Deadline(NamedTuple):
    """A moment of monotonic time after which we no longer wait."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """The deadline that lies this many seconds ahead."""
        return cls(time.monotonic() + seconds)

    def within(self, seconds: float) -> "Deadline":
        """The sooner of this deadline and one that lies so many seconds ahead."""
        return Deadline(min(self.at, time.monotonic() + seconds))

    @property
    def left(self) -> float:
        """Seconds left; 0 once there are none."""
        return max(0.0, self.at - time.monotonic())

    def remaining(self) -> float:
        """Seconds left, more than 0; raises TimeoutError once there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def begin(self) -> "Deadline":
        """Itself: it runs already."""
        return self


class Span(NamedTuple):
    """So many seconds from when one begins to wait, within a deadline: who need not wait does not look at a clock."""

    deadline: Deadline
    seconds: float

    def begin(self) -> Deadline:
        """It runs from now."""
        return self.deadline.within(self.seconds)


@dataclass(frozen=True)
class Budget:
    """Seconds that each stage, and the whole session, may take (RFC 5321 §4.5.3.2 for the long ones).

    Giving up soon after the final dot makes duplicates, so delivery waits the ten minutes that the standard
    asks for. A person who pressed *Send Test Email* does not: see :data:`TEST_BUDGET`.
    """

    dns: float = 5.0
    connect: float = 10.0
    #: Greeting, EHLO, STARTTLS with its handshake, EHLO again.
    hello: float = 60.0
    sign_in: float = 60.0
    #: MAIL, RCPT, RSET: each.
    envelope: float = 60.0
    #: DATA and writing the message.
    data: float = 120.0
    #: From the final dot to the reply.
    final_reply: float = 600.0
    session: float = 900.0

    @property
    def one_more(self) -> float:
        """What must be left of the session before another message is begun: enough to write it and to wait
        long for the reply to its final dot.
        """
        return min(self.data + self.final_reply, self.session / 2)


TEST_BUDGET = Budget(hello=15.0, sign_in=15.0, envelope=15.0, data=20.0, final_reply=30.0, session=30.0)
