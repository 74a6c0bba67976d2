"""What goes into a pipeline and what comes out of it: a message for one recipient, and what became of it."""

from dataclasses import dataclass
from typing import NamedTuple

from kbadmin.smtp.failures import SubmissionFailed
from kbadmin.smtp.replies import Reply
from kbadmin.smtp.wire_format import Stuffed, require_address


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for one recipient. Raises ValueError for a recipient that is not one plain address."""

    #: The caller's own number for it.
    key: int
    recipient: str
    content: Stuffed

    def __post_init__(self) -> None:
        require_address(self.recipient)


class Submitted(NamedTuple):
    """What became of a message: the server's final reply, or why there is none."""

    key: int
    reply: Reply | None
    failed: SubmissionFailed | None
