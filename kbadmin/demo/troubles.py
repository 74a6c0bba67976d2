"""What a visitor or a test may make a mailbox go through, and the replies Exchange Online gives for it.

The texts are those of Exchange Online, as met in the field: the product must recognise them.
"""

import threading
from enum import StrEnum


class Trouble(StrEnum):
    """One thing that is wrong with one mailbox."""

    SMTP_AUTH_OFF_MAILBOX = "smtp_auth_off_mailbox"
    SMTP_AUTH_OFF_TENANT = "smtp_auth_off_tenant"
    SECURITY_DEFAULTS = "security_defaults"
    NO_SEND_AS = "no_send_as"
    MAILBOX_FULL = "mailbox_full"
    TOO_FAST = "too_fast"
    TOO_MANY_CONNECTIONS = "too_many_connections"


LABELS = {
    Trouble.SMTP_AUTH_OFF_MAILBOX: "Authenticated SMTP is off for this mailbox",
    Trouble.SMTP_AUTH_OFF_TENANT: "Authenticated SMTP is off for the whole organization",
    Trouble.SECURITY_DEFAULTS: "Security defaults lock the user out",
    Trouble.NO_SEND_AS: "May send only as itself (no Send As right)",
    Trouble.MAILBOX_FULL: "The mailbox is full",
    Trouble.TOO_FAST: "Sends too many messages a minute (421)",
    Trouble.TOO_MANY_CONNECTIONS: "Has too many connections open (432)",
}

AT_SIGN_IN = {
    Trouble.SMTP_AUTH_OFF_MAILBOX: (
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. "
        "Visit https://aka.ms/smtp_auth_disabled for more information."
    ),
    Trouble.SMTP_AUTH_OFF_TENANT: (
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
        "Visit https://aka.ms/smtp_auth_disabled for more information."
    ),
    Trouble.SECURITY_DEFAULTS: (
        "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security "
        "defaults policy. "
        "Contact your administrator."
    ),
}

AT_SENDER = {
    Trouble.TOO_FAST: "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
}

AT_MESSAGE = {
    Trouble.MAILBOX_FULL: (
        "554 5.2.2 mailbox full; "
        "STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; "
        "Failed to process message due to a permanent exception"
    ),
    Trouble.TOO_MANY_CONNECTIONS: "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
}


class Troubles:
    """Which mailbox has which trouble; shared by the mail server and the Mailbox page, safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Trouble] = {}

    def give(self, mailbox: str, trouble: Trouble | str) -> None:
        """Give this mailbox this trouble, and no other. Raises ValueError for a word that is not known."""
        with self._lock:
            self._found[mailbox.casefold()] = Trouble(trouble)

    def end(self, mailbox: str | None = None) -> None:
        """Let this mailbox work again, or all of them."""
        with self._lock:
            if mailbox is None:
                self._found.clear()
            else:
                self._found.pop(mailbox.casefold(), None)

    def of(self, mailbox: str | None) -> Trouble | None:
        """The trouble of a mailbox, if it has one."""
        with self._lock:
            return self._found.get((mailbox or "").casefold())
