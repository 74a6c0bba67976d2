"""Messages whose one-time link is made when they leave: until then they are skeletons with ``slot("link")``."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from kbadmin.links import Purpose
from kbadmin.outbox.messages import Composed, Sender, new_message_id
from kbadmin.outbox.skeletons import Skeleton, slot

__all__ = ["LINK", "LinkLater", "compose_later"]

#: What the bodies hold where the link belongs. For this process only.
LINK = slot("link")
_SAMPLE = "https://sample.example/" + "t" * 80


@dataclass(frozen=True)
class LinkLater:
    """A one-time link to come. ``address`` is whole but for the token, which follows it."""

    purpose: Purpose
    subject_id: uuid.UUID
    lifetime: timedelta
    address: str


def compose_later(sender: Sender, *, recipient: str, subject: str, text: str, html: str) -> Composed:
    """A message that lacks its link. Raises :class:`kbadmin.outbox.messages.NotSendable`, also for its recipient."""
    skeleton, message_id = Skeleton.compile(sender, subject=subject, text=text, html=html), new_message_id(sender)
    skeleton.fill(recipient=recipient, message_id=message_id, parts=dict.fromkeys(skeleton.names, _SAMPLE))
    return Composed(message_id, skeleton.to_bytes())
