"""From claimed messages to what goes over the wire: opened, filled in, and from whoever the service is now."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from kbadmin.delivery.leases import Claimed
from kbadmin.encryption import KeyRing, Place, Unreadable
from kbadmin.outbox.messages import NotSendable, with_sender
from kbadmin.outbox.models import MessageBody
from kbadmin.outbox.skeletons import Skeleton
from kbadmin.smtp.outgoing import Outgoing
from kbadmin.smtp.wire_format import Stuffed, stuff

PURPOSE = "outbox"
KEPT = 32  # skeletons a connection remembers

_read = json.JSONDecoder().raw_decode  # We wrote it: there is no white space to look for around it.


@dataclass(frozen=True)
class Broken:
    """A message that cannot be made: ours to mend, and no reason to hold up the others."""

    claimed: Claimed
    reason: str


class Contents:
    """Makes messages of claims. Belongs to one connection; remembers the skeletons of the runs it sends."""

    def __init__(self, keys: KeyRing, sender_lines: bytes) -> None:
        self._keys = keys
        self._sender_lines = sender_lines
        self._skeletons: dict[uuid.UUID, Skeleton] = {}

    def load(self, session: Session, claimed: Sequence[Claimed]) -> None:
        """Fetch the skeletons that these messages need, in the transaction that claimed them."""
        missing = {one.body_id for one in claimed if one.body_id is not None} - self._skeletons.keys()
        if not missing:
            return
        if len(self._skeletons) + len(missing) > KEPT:
            self._skeletons.clear()
            missing = {one.body_id for one in claimed if one.body_id is not None}
        for body in session.execute(select(MessageBody.id, MessageBody.skeleton).where(MessageBody.id.in_(missing))):
            self._skeletons[body.id] = Skeleton.from_bytes(body.skeleton)

    def made(self, claimed: Sequence[Claimed], broken: list[Broken]) -> Iterator[Outgoing]:
        """Each message ready for the wire, one at a time; those that cannot be made are added to ``broken``."""
        for one in claimed:
            try:
                yield Outgoing(one.id, one.recipient, self._content(one))
            except (NotSendable, Unreadable, ValueError, KeyError) as error:
                broken.append(Broken(one, f"{type(error).__name__}: {error}"))

    def _content(self, one: Claimed) -> Stuffed:
        if one.body_id is None:
            if one.content_sealed is None:
                raise NotSendable("its content is gone")
            content = self._opened(one, "content_sealed", one.content_sealed).encode("ascii")
            return stuff(with_sender(content, self._sender_lines))
        parts = _read(self._opened(one, "parts_sealed", one.parts_sealed))[0] if one.parts_sealed else {}
        skeleton = self._skeletons[one.body_id]
        ready = skeleton.fill_stuffed(recipient=one.recipient, message_id=one.message_id, parts=parts)
        if ready is not None and with_sender(ready[0], self._sender_lines) is ready[0]:
            return Stuffed(ready[0] + b".\r\n", ready[1], is_ascii=True)
        filled = skeleton.fill(recipient=one.recipient, message_id=one.message_id, parts=parts)
        return stuff(with_sender(filled, self._sender_lines))

    def _opened(self, one: Claimed, column: str, envelope: str) -> str:
        row, destination = _with_dashes(one.public_id), f"{one.message_id} {one.recipient}"
        place = Place("outbox_messages", column, _text(one.account_id), row, destination)
        return self._keys.open_text(envelope, purpose=PURPOSE, place=place)


_text = lru_cache(maxsize=1024)(str)


def _with_dashes(public_id: str | uuid.UUID) -> str:
    if isinstance(public_id, str):
        return f"{public_id[:8]}-{public_id[8:12]}-{public_id[12:16]}-{public_id[16:20]}-{public_id[20:]}"
    return str(public_id)
