"""The platform's own sender, for mail that belongs to no service: invitations, resets of users, notices.

``KBADMIN_SYSTEM_SMTP_URL``: ``smtp+starttls://user:password@host:587?from=kb@example.com``, ``smtps://…``,
``smtp://…`` (no TLS, therefore no sign-in).
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from kbadmin import config
from kbadmin.encryption import Secret
from kbadmin.outbox.messages import Sender

SCHEMES = {"smtp+starttls": ("starttls", 587), "smtps": ("implicit_tls", 465), "smtp": ("none", 25)}


@dataclass(frozen=True)
class PlatformSender:
    """Where the platform's mail leaves, and from whom."""

    host: str
    port: int
    security: str
    username: str | None
    password: Secret | None
    sender: Sender


def platform_sender_configured() -> bool:
    """Whether the operator gave the platform a sender of its own."""
    return config.current().system_smtp_url is not None


def platform_sender() -> PlatformSender | None:
    """The platform's sender, or nothing."""
    url = config.current().system_smtp_url
    return None if url is None else parse(url)


def parse(url: str) -> PlatformSender:
    """Read the setting; raises ValueError with a sentence for the operator."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("Use smtp+starttls://user:password@host:587?from=address, smtps://… or smtp://….")
    senders = parse_qs(parts.query).get("from")
    if not senders:
        raise ValueError("Add ?from= with the address that mail is sent from.")
    security, port = SCHEMES[parts.scheme]
    if parts.username and security == "none":
        raise ValueError("A password is never sent without TLS: use smtp+starttls:// or smtps://.")
    return PlatformSender(
        host=parts.hostname,
        port=parts.port or port,
        security=security,
        username=unquote(parts.username) if parts.username else None,
        password=Secret(unquote(parts.password)) if parts.password else None,
        sender=Sender(senders[0], "kbadmin"),
    )
