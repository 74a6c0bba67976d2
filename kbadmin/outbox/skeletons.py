"""Skeleton: a message compiled once for all readers of a digest, into which each reader's personal parts are put.

Building an e-mail costs more than sending it, so everything that readers share is encoded once. A template writes
``slot("name")`` where a personal part belongs; :meth:`Skeleton.fill` escapes each part for the places it goes to and
joins the pieces, in a few microseconds. Whenever one is compiled, a filled sample is compared with what the email
package makes of the same values.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import cached_property
from html import escape
from types import MappingProxyType
from typing import Self

from kbadmin import clock
from kbadmin.outbox.drafts import Draft, Place, slot, split
from kbadmin.outbox.encoding import (
    ROOM,
    cannot_stand_in_headers,
    is_printable_ascii,
    quoted_printable,
    softly_broken,
    subject_value,
)
from kbadmin.outbox.envelope_fields import checked_id, date_value, to_value
from kbadmin.outbox.messages import MOST_BYTES, NotSendable, Sender, as_email, sender_lines

__all__ = ["Skeleton", "slot"]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_FORMAT = 1
_NEEDS_CARE = re.compile(r"[^ !#$%()*+,\-./0-9:;@A-Z\[\\\]^_`a-z{|}~]").search  # What some place cannot take as it is
_DIFFERENT = frozenset({"From", "Reply-To", "Date", "Content-Type"})  # From one clock and one source of boundaries
_SAMPLE = "Zoë & “<Sample>” = 'x'\n."
_SAMPLE_IN_HEADERS = "https://sample.example/a%20b?c=d&e=f"


@dataclass(frozen=True)
class Skeleton:
    """A message without its personal parts, encoded as it goes over the wire."""

    subject: tuple[str, ...]  # Literal, name, literal, name … literal: encoded only when it is whole
    literals: tuple[str, ...] = field(repr=False)  # Between them To, Subject, Date, Message-ID, then the places
    places: tuple[Place, ...] = field(repr=False)

    @classmethod
    def compile(
        cls, sender: Sender, *, subject: str, text: str, html: str, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Self:
        """Encode what all readers share. Each part may hold slots; ``headers`` are added to those of every message.

        Further headers are printable ASCII on one line. Raises :class:`NotSendable`, also if a filled sample is not
        what the email package would have made.
        """
        draft = Draft()
        try:
            draft.write(sender_lines(sender).decode("ascii") + "To: ")
            draft.literals += ["\r\nSubject: ", "\r\nDate: ", "\r\nMessage-ID: ", "\r\n"]
            draft.write("Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n")  # See messages.as_email
            draft.headers(headers)
            draft.alternatives(text=text, html=html)
        except UnicodeError:
            raise NotSendable("a part of it holds half a character") from None
        skeleton = cls(_subject(subject), tuple(draft.literals), tuple(draft.places))
        _compare(skeleton, sender, text=text, html=html, others={"Subject": subject, **headers})
        return skeleton

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all slots."""
        return frozenset(place.name for place in self.places) | frozenset(self.subject[1::2])

    def fill(self, *, recipient: str, message_id: str, parts: Mapping[str, str]) -> bytes:
        """The finished message, not yet dot-stuffed. Raises :class:`NotSendable` that names the slot, not its value."""
        values = self._values(parts)
        return self._joined(self._interleaved, self._identity(recipient, message_id, parts), values)

    def fill_stuffed(self, *, recipient: str, message_id: str, parts: Mapping[str, str]) -> tuple[bytes, int] | None:
        """The same with dots doubled where they begin a line (RFC 5321 §4.5.2), and its size without them.

        Hardly a message has to be looked through for that: the literals were, once. None for one that does.
        """
        values = self._values(parts)
        if "\n." in "\n".join(("", *values)):
            return None
        content = self._joined(self._stuffed_pieces, self._identity(recipient, message_id, parts), values)
        return content, len(content) - self._dots

    def _values(self, parts: Mapping[str, str]) -> list[str]:
        """A value for each place, escaped for it."""
        if parts.keys() != self.names:
            raise NotSendable(f"the slots are {sorted(self.names)}, the parts {sorted(parts)}")
        whole = "".join(parts.values())
        if _NEEDS_CARE(whole) or (len(whole) > ROOM and max(map(len, parts.values())) > ROOM):
            return self._escaped(parts)
        return [parts[name] for name in self._order]

    def _identity(self, recipient: str, message_id: str, parts: Mapping[str, str]) -> tuple[str, str, str, str]:
        """To, Subject, Date and Message-ID."""
        date = date_value(int(clock.now().timestamp()))
        return to_value(recipient), self._subject(parts), date, checked_id(message_id)

    @staticmethod
    def _joined(literals: list[str], identity: tuple[str, ...], values: list[str]) -> bytes:
        pieces = literals.copy()
        pieces[1::2] = [*identity, *values]
        content = "".join(pieces).encode("ascii")
        if len(content) > MOST_BYTES:
            raise NotSendable("the message is larger than 256 KiB")
        return content

    @cached_property
    def _stuffed_pieces(self) -> list[str]:
        return [piece.replace("\r\n.", "\r\n..") for piece in self._interleaved]

    @cached_property
    def _dots(self) -> int:
        return sum(map(len, self._stuffed_pieces)) - sum(map(len, self._interleaved))

    def _escaped(self, parts: Mapping[str, str]) -> list[str]:
        """A value for each place. Those in a subject are only checked: it is encoded when it is whole."""
        if self._shared_subject is None:
            _check_subject(self.subject, parts)
        plain = {name: softly_broken(value) for name, value in parts.items() if not _NEEDS_CARE(value)}
        return [
            _for_header(place, parts[place.name])
            if place.context == "header"
            else plain.get(place.name) or _for_body(place, parts[place.name])
            for place in self.places
        ]

    def to_bytes(self) -> bytes:
        """What the database stores once per run."""
        return json.dumps([_FORMAT, self.subject, self.literals, self.places], separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """The skeleton that :meth:`to_bytes` stored. Raises ValueError if it is none."""
        form, subject, literals, places = json.loads(stored)
        if form != _FORMAT:
            raise ValueError(f"a skeleton of another format: {form!r}")
        return cls(tuple(subject), tuple(literals), tuple(Place(*place) for place in places))

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return tuple(place.name for place in self.places)

    @cached_property
    def _interleaved(self) -> list[str]:
        return [piece for literal in self.literals for piece in (literal, "")][:-1]

    @cached_property
    def _shared_subject(self) -> str | None:
        return subject_value(self.subject[0]) if len(self.subject) == 1 else None

    def _subject(self, parts: Mapping[str, str]) -> str:
        if self._shared_subject is not None:
            return self._shared_subject
        return subject_value(_whole(self.subject, parts))


def _subject(template: str) -> tuple[str, ...]:
    pieces = tuple(split(template))
    if reason := cannot_stand_in_headers("".join(pieces[::2])):
        raise NotSendable(f"the subject {reason}")
    return pieces


def _compare(skeleton: Skeleton, sender: Sender, *, text: str, html: str, others: Mapping[str, str]) -> None:
    """Compare a filled sample with the email package's (others: the subject and further headers)."""
    in_body = {place.name for place in skeleton.places if place.context != "header"}
    in_headers = {place.name for place in skeleton.places if place.context == "header"} | set(skeleton.subject[1::2])
    parts = dict.fromkeys(in_body, _SAMPLE) | dict.fromkeys(in_headers, _SAMPLE_IN_HEADERS)
    identity = {"recipient": "reader@sample.example", "message_id": "<sample@sample.example>"}
    content = skeleton.fill(**identity, parts=parts)
    whole = {name: _whole(split(template), parts).strip() for name, template in others.items()}
    meant = as_email(
        sender,
        **identity,
        subject=" ".join(whole.pop("Subject").split()),
        text=_whole(split(text), parts),
        html=_whole(split(html), {name: escape(value) for name, value in parts.items()}),
    )
    for name, value in whole.items():
        meant[name] = value
    if _meaning(message_from_bytes(content, policy=SMTP)) != _meaning(meant):
        raise NotSendable("a filled sample is not what the email package makes of the same values")


def _meaning(message: EmailMessage) -> tuple[object, ...]:
    """What two messages must have in common; names of senders are the email package's in both."""
    headers = {name: str(message[name]) for name in message if name not in _DIFFERENT}
    addresses = [message[name].addresses[-1].addr_spec for name in ("From", "Reply-To", "To") if name in message]
    bodies = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    return sorted(message.keys()), headers, addresses, [part.get_content_type() for part in message.walk()], bodies


def _whole(pieces: Sequence[str], parts: Mapping[str, str]) -> str:
    """Literal, name, literal … with each name's part in its place."""
    return "".join(parts[piece] if index % 2 else piece for index, piece in enumerate(pieces))


def _for_body(place: Place, value: str) -> str:
    if "\0" in value:
        raise NotSendable(f"the part {place.name!r} holds NUL")
    try:
        return quoted_printable(escape(value) if place.context == "html" else value)
    except UnicodeEncodeError:
        raise NotSendable(f"the part {place.name!r} holds half a character") from None


def _for_header(place: Place, value: str) -> str:
    if len(value) > place.room:
        raise NotSendable(f"the part {place.name!r} is too long for its header")
    if not is_printable_ascii(value) or "=?" in f"={value}":  # What stands before it may end with "=".
        raise NotSendable(f"the part {place.name!r} holds something else than printable ASCII, or an encoded word")
    return value


def _check_subject(subject: Sequence[str], parts: Mapping[str, str]) -> None:
    for name in subject[1::2]:
        if reason := cannot_stand_in_headers(parts[name]):
            raise NotSendable(f"the part {name!r} {reason}")
    if reason := cannot_stand_in_headers(_whole(subject, parts)):
        raise NotSendable(f"the subject {reason} with the parts {list(subject[1::2])}")
