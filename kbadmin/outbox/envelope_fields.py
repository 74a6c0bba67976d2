"""To, Date and Message-ID as they stand in a head: written per message, so without the email package where possible."""

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from kbadmin.outbox.encoding import cannot_stand_in_headers
from kbadmin.outbox.messages import NotSendable, one_address

_LONGEST_ADDRESS = 254
_PLAIN_ADDRESS = re.compile(r"[\w+-]+(?:\.[\w+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII).fullmatch
_MESSAGE_ID = re.compile(r"<[\w.+-]{1,200}@[A-Za-z0-9.-]{1,255}>", re.ASCII).fullmatch


def to_value(recipient: str) -> str:
    """The value of To for one address; raises :class:`NotSendable`."""
    if len(recipient) <= _LONGEST_ADDRESS and _PLAIN_ADDRESS(recipient):
        return recipient
    if len(recipient) > _LONGEST_ADDRESS or cannot_stand_in_headers(recipient):
        raise NotSendable("the recipient is no address")
    try:
        folded: str = SMTP.header_factory("To", one_address(recipient)).fold(policy=SMTP)
    except (ValueError, IndexError, MessageError):
        raise NotSendable("the recipient is no address") from None
    value = folded.removeprefix("To: ").removesuffix("\r\n")
    if value != recipient:  # Encoded words stand in names, never in addresses: RFC 2047 §5.
        raise NotSendable("the recipient cannot be written in ASCII")
    return value


def checked_id(message_id: str) -> str:
    """A Message-ID as it is, if it is one; raises :class:`NotSendable`."""
    if not _MESSAGE_ID(message_id):
        raise NotSendable("the message id is none")
    return message_id


@lru_cache(maxsize=8)
def date_value(second: int) -> str:
    """The value of Date for a second since 1970."""
    return format_datetime(datetime.fromtimestamp(second, UTC))
