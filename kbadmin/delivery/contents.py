"""From claimed messages to what goes over the wire: opened, filled in, and from whoever the service is now."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from kbadmin.delivery.leases import Claimed, place_of
from kbadmin.delivery.own_contents import NOTHING, Own, own_of
from kbadmin.encryption import KeyRing, Unreadable
from kbadmin.outbox.messages import NotSendable, Sender, sender_lines, with_sender
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

    def __init__(self, keys: KeyRing, sender: Sender) -> None:
        self._keys = keys
        self._sender = sender
        self._sender_lines = sender_lines(sender)
        self._skeletons: dict[uuid.UUID, Skeleton] = {}
        self._own: Mapping[int, Own] = {}

    def load(self, session: Session, claimed: Sequence[Claimed]) -> None:
        """Fetch the skeletons that these messages need, and make their links, in the transaction that claimed them."""
        self._own = own_of(session, self._keys, claimed)
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
            return stuff(self._own_content(one, self._own.get(one.id, NOTHING), one.content_sealed))
        parts = _read(self._opened(one, "parts_sealed", one.parts_sealed))[0] if one.parts_sealed else {}
        skeleton = self._skeletons[one.body_id]
        ready = skeleton.fill_stuffed(recipient=one.recipient, message_id=one.message_id, parts=parts)
        if ready is not None and with_sender(ready[0], self._sender_lines) is ready[0]:
            return Stuffed(ready[0] + b".\r\n", ready[1], is_ascii=True)
        filled = skeleton.fill(recipient=one.recipient, message_id=one.message_id, parts=parts)
        return stuff(with_sender(filled, self._sender_lines))

    def _own_content(self, one: Claimed, own: Own, sealed: str) -> bytes:
        content = self._opened(one, "content_sealed", sealed).encode("ascii")
        if own.link is not None:
            skeleton, parts = Skeleton.from_bytes(content), {"link": own.link}
            content = skeleton.fill(recipient=one.recipient, message_id=one.message_id, parts=parts)
        elif content.startswith(b"["):  # A skeleton, which is no message.
            raise NotSendable("its link could not be made")
        if own.from_name is None and own.reply_to is None:
            return with_sender(content, self._sender_lines)
        name, reply_to = own.from_name or self._sender.name, own.reply_to or self._sender.reply_to
        return with_sender(content, sender_lines(Sender(self._sender.address, name, reply_to)))

    def _opened(self, one: Claimed, column: str, envelope: str) -> str:
        return self._keys.open_text(envelope, purpose=PURPOSE, place=place_of(one, column))
