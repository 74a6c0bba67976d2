"""compose(): one e-mail as the bytes that go over the wire, checked before they are queued.

Everything goes through :class:`email.message.EmailMessage`; some interpreters decode an encoded-word in a name into
a new header line (CVE-2024-6923), so the serialised bytes are read back and their header names compared.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from kbadmin import clock
from kbadmin.encryption import new_token

MOST_BYTES = 256 * 1024
LONGEST_LINE = 998  # RFC 5322 §2.1.1, without CRLF

_HEADERS = [
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "MIME-Version", "Content-Type",
]  # fmt: skip
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


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
    message_id = f"<{new_token()}@{sender.address.rpartition('@')[2]}>"
    try:
        content = _serialised(sender, recipient, subject, text, html, message_id)
    except (ValueError, IndexError, MessageError) as error:  # What the email package says of values it cannot take.
        raise NotSendable(f"a part of it cannot stand in a message: {type(error).__name__}") from None
    _check(content, has_reply_to=bool(sender.reply_to))
    return Composed(message_id, content)


def _serialised(sender: Sender, recipient: str, subject: str, text: str, html: str, message_id: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender.name, sender.address)
    message["To"] = _address(None, recipient)
    if sender.reply_to:
        message["Reply-To"] = _address(None, sender.reply_to)
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message["X-Auto-Response-Suppress"] = "All"  # Exchange's own word for the same
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _address(name: str | None, address: str) -> Address:
    return Address(display_name=name or "", addr_spec=address)


def _check(content: bytes, *, has_reply_to: bool) -> None:
    expected = sorted(name for name in _HEADERS if has_reply_to or name != "Reply-To")
    if sorted(message_from_bytes(content).keys()) != expected:
        raise NotSendable("a name or the subject would have become a header of its own")
    if _BARE.search(content) or any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        raise NotSendable("a line of the message is too long or not ended by CRLF")
    if len(content) > MOST_BYTES:
        raise NotSendable("the message is larger than 256 KiB")
