"""The grammar of a mail server's host and port, applied before any resolver sees what a customer typed.

Resolvers read ``127.1``, ``0x7f.1``, ``①②⑦.⓪.⓪.①`` and a name cut at a NUL as addresses, so nothing but a
plain domain name gets that far (RFC 1123, IDNA 2008 of RFC 5891). What the name then answers with is checked
as well, in :mod:`kbadmin.smtp.addresses`.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import idna

from kbadmin.config import PortRanges
from kbadmin.smtp.networks import Address, Network, is_within

EXAMPLE = "such as smtp.office365.com"

#: Names that mean something only inside a network, a machine or another system (RFC 6761, 6762, 7686, 8375,
#: 9476).
INNER_SUFFIXES = frozenset(
    [
        "alt",
        "arpa",
        "corp",
        "home",
        "internal",
        "intranet",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "onion",
        "private",
        "workgroup",
    ]
)

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PLAIN_PORT = re.compile(r"[0-9]{1,5}")
_FORBIDDEN = (
    (re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"),
     "Remove the line break or invisible character from the host."),
    (re.compile(r"\s"), "Remove the space: a host name has none."),
    (re.compile(r"://"), f"Enter the host name only, {EXAMPLE}, without http:// or smtp:// before it."),
    (re.compile(r"@"), f"Enter the host name only, {EXAMPLE}, without a user name and @."),
    (re.compile(r"[/\\?#]"), f"Enter the host name only, {EXAMPLE}, without a path."),
    (re.compile(r"\*"), f"Enter one complete host name, {EXAMPLE}, not a pattern with *."),
    (re.compile(r"[\[\]%]"), f"Enter a host name, {EXAMPLE}, not an address in brackets or with %."),
)  # fmt: skip


@dataclass(frozen=True)
class NetworkPolicy:
    """What an operator lets us connect to besides public addresses, and on which ports."""

    allowed_networks: tuple[Network, ...]
    allowed_ports: PortRanges


class InvalidHost(ValueError):
    """The text cannot be a mail server's host. ``str()`` is a sentence for the person who typed it."""


class InvalidPort(ValueError):
    """The text is not a port we connect to. ``str()`` is a sentence for the person who typed it."""


def canonical_host(text: str, policy: NetworkPolicy) -> str:
    """The host in stored form: lower case, international names as A-labels, without a final dot.

    Where the operator allowed networks of their own, single labels, ``localhost`` and addresses inside those
    networks are accepted too. Raises :class:`InvalidHost`.
    """
    text = text.strip(" ")
    if not text:
        raise InvalidHost(f"Enter the host name of your mail server, {EXAMPLE}.")
    for pattern, sentence in _FORBIDDEN:
        if pattern.search(text):
            raise InvalidHost(sentence)
    address = literal(text)
    if address is not None:
        return _canonical_literal(address, policy)
    if ":" in text:
        raise InvalidHost("Enter the host without a colon; the port has a field of its own.")
    return _canonical_name(text, policy)


def canonical_port(text: str, policy: NetworkPolicy) -> int:
    """The port as a number; ASCII digits only, for Python would take ``٥٨٧`` and ``5_87``. Raises
    InvalidPort.
    """
    text = text.strip(" ")
    if not _PLAIN_PORT.fullmatch(text):
        raise InvalidPort("Enter the port as a number, such as 587.")
    if not policy.allowed_ports.allows(int(text)):
        raise InvalidPort(f"Port {int(text)} is not allowed. Use one of {policy.allowed_ports}.")
    return int(text)


def is_inner(host: str) -> bool:
    """Whether a canonical host is one that only an allowed network may answer for: a single label or an
    address.
    """
    return "." not in host or literal(host) is not None


def literal(text: str) -> Address | None:
    """The address that the text spells out, if it does so in the one standard way."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _canonical_literal(address: Address, policy: NetworkPolicy) -> str:
    scoped = isinstance(address, IPv6Address) and address.scope_id is not None
    if scoped or not is_within(address, policy.allowed_networks):
        raise InvalidHost(f"Enter a host name, {EXAMPLE}, not an IP address.")
    return str(address)


def _canonical_name(text: str, policy: NetworkPolicy) -> str:
    labels = [_canonical_label(label) for label in text.removesuffix(".").split(".")]
    name = ".".join(labels)
    if len(name) > 253:
        raise InvalidHost("This host name is too long: it has at most 253 characters.")
    if _NUMBER.fullmatch(labels[-1]):
        raise InvalidHost(f"Enter a host name, {EXAMPLE}, not an IP address.")
    if len(labels) == 1:
        if not policy.allowed_networks:
            raise InvalidHost(f"Enter the complete host name, {EXAMPLE}: one that the Internet knows.")
    elif labels[-1] in INNER_SUFFIXES:
        raise InvalidHost(f"Enter a host name that the Internet knows, {EXAMPLE}, not one in .{labels[-1]}.")
    return name


def _canonical_label(label: str) -> str:
    sentence = f"Enter a host name of letters, digits, hyphens and dots, {EXAMPLE}."
    small = label.lower()
    # A few letters, such as the Kelvin sign, turn into plain ASCII when they are lowered: look-alikes,
    # refused.
    if any(not before.isascii() and any(after.isascii() for after in before.lower()) for before in label):
        raise InvalidHost(sentence)
    try:
        if not small.isascii() or small.startswith("xn--"):
            small = idna.alabel(small).decode("ascii")
    except idna.IDNAError:
        raise InvalidHost(sentence) from None
    if not _LABEL.fullmatch(small):
        raise InvalidHost(sentence)
    return small
