"""One e-mail address: checked, and brought into the form that is stored, compared and sent.

Canonical means: normalised first (NFC, IDNA, lower-case domain), then validated, so that no look-alike character
slips past a comparison. The local part keeps its case; comparisons use :func:`comparable`.
"""

import re

from email_validator import EmailNotValidError, validate_email

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class NotOneAddress(ValueError):
    """The text is not exactly one plain address. ``str()`` is a sentence for the person who typed it."""


def canonical_address(text: str) -> str:
    """The address in stored form: local part as typed, domain as IDNA A-label in lower case.

    Raises :class:`NotOneAddress` for lists, display names, control characters and anything RFC 5321 would not
    take as a mailbox on the public Internet.
    """
    text = text.strip(" ")
    if _CONTROL.search(text):
        raise NotOneAddress("Remove the line break or invisible character from the address.")
    if "<" in text or ">" in text:
        raise NotOneAddress("Enter the address only, such as support@example.com, without a name.")
    if "," in text or ";" in text or " " in text:
        raise NotOneAddress("Enter one address only.")
    if len(text) > 254:
        raise NotOneAddress("This address is too long: an e-mail address has at most 254 characters.")
    if "@" in text and len(text.rpartition("@")[0].encode()) > 64:
        raise NotOneAddress("The part before @ is too long: it has at most 64 characters.")
    if not text.rpartition("@")[0].isascii():
        raise NotOneAddress("Use an address with plain letters before the @: many mail servers refuse others.")
    try:
        found = validate_email(text, check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError:
        raise NotOneAddress("Enter an e-mail address such as support@example.com.") from None
    return f"{found.local_part}@{found.ascii_domain.lower()}"


def comparable(address: str) -> str:
    """The form in which two addresses are the same mailbox to us: canonical and case-folded."""
    return canonical_address(address).casefold()


def canonical_domain(text: str) -> str:
    """A domain as it stands in canonical addresses; a leading ``@`` is forgiven. Raises :class:`NotOneAddress`."""
    return canonical_address(f"somebody@{text.strip().removeprefix('@')}").rpartition("@")[2]
