"""How a conversation with a mail server can fail: at which stage, of what kind, and what the server said."""

import re
from enum import StrEnum

from kbadmin.smtp.addresses import COULD_NOT_BE_REACHED
from kbadmin.smtp.replies import Reply


class Stage(StrEnum):
    """The steps of a submission, in the order in which a person sees them."""

    #: Find the server, connect, and get a valid greeting and an answer to EHLO.
    REACH = "reach"
    #: What the server said about itself.
    GREETING = "greeting"
    #: TLS, with a certificate that is valid for the host's name.
    TLS = "tls"
    #: AUTH.
    SIGN_IN = "sign_in"
    #: MAIL FROM.
    SENDER = "sender"
    #: RCPT TO.
    RECIPIENT = "recipient"
    #: DATA, and the reply to it.
    MESSAGE = "message"


#: What each kind means, for logs and for pages that have no better explanation.
SENTENCES = {
    "unreachable": COULD_NOT_BE_REACHED,
    "timed_out": "The mail server took too long to answer. Try again in a few minutes.",
    "connection_lost": "The mail server closed the connection. Try again in a few minutes.",
    "not_smtp": "The server gave an answer that is not SMTP. Check the host name and the port.",
    "reply_too_long": "The server gave an answer without end. Check the host name and the port.",
    "refused": "The mail server refused this step. Its answer says why.",
    "no_starttls": "The server does not offer STARTTLS here. Use a port with TLS, usually 587 or 465.",
    "injected_after_starttls": "Something interfered with STARTTLS. Ask your server's administrator.",
    "tls_failed": "No secure connection came about. The server must offer TLS 1.2 or newer.",
    "certificate_wrong_name": "The server's certificate is for another name. Enter the name it is for.",
    "certificate_expired": "The server's certificate has expired. Ask its administrator to renew it.",
    "certificate_not_yet_valid": "The server's certificate is not valid yet. Ask its administrator.",
    "certificate_untrusted": "The server's certificate is not from an authority we trust. Install another.",
    "tls_required": "We sign in over TLS only. Choose STARTTLS or TLS for this service.",
    "auth_not_offered": "The server does not offer this way to sign in. Choose another authentication.",
    "credentials_too_long": "The credentials are longer than SMTP allows. Use shorter ones.",
    "smtputf8_not_offered": "The server takes plain addresses only. Use an address of ASCII letters.",
    "8bitmime_not_offered": "The server takes 7-bit messages only, and this message is not one.",
    "too_large": "The message is larger than the server takes. Make it shorter.",
}


class SubmissionFailed(Exception):
    """A step of a submission failed. ``str()`` is a sentence; what the server said is in ``reply``.

    ``reason`` and ``detail`` tell the operator's log more: why a server could not be reached, what OpenSSL
    said. ``is_uncertain`` says that the whole message was written and no reply came: it may have been
    accepted.
    """

    def __init__(
        self,
        stage: Stage,
        kind: str,
        *,
        reply: Reply | None = None,
        challenge: str | None = None,
        reason: str | None = None,
        detail: str = "",
        is_uncertain: bool = False,
    ) -> None:
        super().__init__(SENTENCES[kind])
        self.stage = stage
        self.kind = kind
        self.reply = reply
        #: The JSON with which a provider explained why it refused an access token, at most 500 characters.
        self.challenge = challenge
        self.reason = reason or kind
        self.detail = detail
        self.is_uncertain = is_uncertain

    @property
    def exception_name(self) -> str | None:
        """The exception that Exchange names in its text, which tells more than the code does."""
        return exception_name(self.reply.text) if self.reply else None


_NAMED = (
    re.compile(r"\b(SendAsDenied)"),
    re.compile(r"Exception:\s*([A-Za-z]+Exception)\b"),
    re.compile(r"\b([A-Za-z]*QuotaExceeded[A-Za-z]*)"),
    re.compile(r"\b([A-Z][A-Za-z]+Exception)\b"),
    re.compile(r"\b(STOREDRV(?:\.[A-Za-z]+)*)"),
)


def exception_name(text: str) -> str | None:
    """The name inside a reply such as ``STOREDRV.Submission.Exception:SendAsDeniedException.MapiException…``.

    ``SendAsDenied`` and ``SendAsDeniedException`` are one: Exchange uses both, under several codes.
    """
    return next((found[1] for pattern in _NAMED if (found := pattern.search(text))), None)
