"""compose(): one e-mail as the bytes that go over the wire, checked before they are queued.

Everything goes through :class:`email.message.EmailMessage`; some interpreters decode an encoded-word in a name into
a new header line (CVE-2024-6923), so the serialised bytes are read back and their header names compared.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from kbadmin import clock
from kbadmin.encryption import new_token
from kbadmin.outbox.encoding import cannot_stand_in_headers

MOST_BYTES = 256 * 1024
LONGEST_LINE = 998  # RFC 5322 §2.1.1, without CRLF
_UNFOLDED = SMTP.clone(max_line_length=LONGEST_LINE)

_HEADERS = [
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "MIME-Version", "Content-Type",
]  # fmt: skip
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FOLDS = (b" ", b"\t")
_SENDER_FIELD = re.compile(rb"^(?:From|Reply-To):.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE)


class NotSendable(ValueError):
    """The composed bytes are not the message that was asked for; nothing is queued."""


@dataclass(frozen=True)
class Sender:
    """Who a message is from."""

    address: str
    name: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True)
class Composed:
    """A message ready for the wire, with the identity it keeps through every retry."""

    message_id: str
    content: bytes


def compose(sender: Sender, *, recipient: str, subject: str, text: str, html: str) -> Composed:
    """Build multipart/alternative, UTF-8, CRLF. Raises :class:`NotSendable` if it would not be what it seems."""
    message_id = new_message_id(sender)
    with _refusing_what_cannot_stand():
        email = as_email(sender, recipient=recipient, subject=subject, text=text, html=html, message_id=message_id)
        content = with_sender(email.as_bytes(), sender_lines(sender))
    _check(content, has_reply_to=bool(sender.reply_to))
    return Composed(message_id, content)


def new_message_id(sender: Sender) -> str:
    """An identity that a message keeps through every retry; its right side is the sender's domain."""
    return f"<{new_token()}@{sender.address.rpartition('@')[2]}>"


@lru_cache(maxsize=256)
def sender_lines(sender: Sender) -> bytes:
    """The lines ``From`` and, if there is one, ``Reply-To``, as they stand first in every message of this sender."""
    if reason := cannot_stand_in_headers(sender.name or ""):
        raise NotSendable(f"the name {reason}")
    with _refusing_what_cannot_stand():
        content = _from(sender).as_bytes()
        if not _is_from(content, sender):  # Where it folds a long name, the email package may lose its quotes.
            content = _from(sender).as_bytes(policy=_UNFOLDED)
    if not _is_from(content, sender):
        raise NotSendable("a part of the name would have become an address")
    if message_from_bytes(content).keys() != ["From", *(["Reply-To"] if sender.reply_to else [])]:
        raise NotSendable("a name would have become a header of its own")
    return content.removesuffix(b"\r\n")  # The empty line that ends the head of a message.


def with_sender(content: bytes, lines: bytes) -> bytes:
    """The message with these :func:`sender_lines`: what was queued before a correction leaves with the new sender."""
    if content.startswith(lines) and not content.startswith((b"Reply-To:", *_FOLDS), len(lines)):
        return content
    head, end, body = content.partition(b"\r\n\r\n")
    return lines + _SENDER_FIELD.sub(b"", head + b"\r\n") + end.removeprefix(b"\r\n") + body


def as_email(sender: Sender, *, recipient: str, subject: str, text: str, html: str, message_id: str) -> EmailMessage:
    """The message as the email package sees it, the sender's lines first. Raises what that package raises."""
    message = _from(sender)
    message["To"] = one_address(recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message["X-Auto-Response-Suppress"] = "All"  # Exchange's own word for the same
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def _from(sender: Sender) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = one_address(sender.address, sender.name)
    if sender.reply_to:
        message["Reply-To"] = one_address(sender.reply_to)
    return message


def _is_from(content: bytes, sender: Sender) -> bool:
    """Whether a mail program would see one author, the one that is meant."""
    addresses = message_from_bytes(content, policy=SMTP)["From"].addresses
    return [one.addr_spec for one in addresses] == [one_address(sender.address).addr_spec]


def one_address(address: str, name: str | None = None) -> Address:
    """An address as the email package takes it. Raises what that package raises of one that is none."""
    return Address(display_name=name or "", addr_spec=address)


@contextmanager
def _refusing_what_cannot_stand() -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError, MessageError) as error:  # What the email package says of values it cannot take.
        raise NotSendable(f"a part of it cannot stand in a message: {type(error).__name__}") from None


def _check(content: bytes, *, has_reply_to: bool) -> None:
    expected = sorted(name for name in _HEADERS if has_reply_to or name != "Reply-To")
    if sorted(message_from_bytes(content).keys()) != expected:
        raise NotSendable("a name or the subject would have become a header of its own")
    if _BARE.search(content) or any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        raise NotSendable("a line of the message is too long or not ended by CRLF")
    if len(content) > MOST_BYTES:
        raise NotSendable("the message is larger than 256 KiB")
