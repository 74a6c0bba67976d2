"""What the demo's mail server says at each step: who gets in, and what becomes of a message.

Methods named ``handle_…`` and ``auth_…`` are called by aiosmtpd; each returns the reply to send.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import MISSING, AuthResult

from kbadmin.demo.mailbox import MailboxStore
from kbadmin.demo.troubles import AT_MESSAGE, AT_SENDER, AT_SIGN_IN, Trouble, Troubles
from kbadmin.encryption import Secret

REFUSED = "535 5.7.3 Authentication unsuccessful"
NOBODY = "nobody"  # Mail for nobody@… is refused, so that one may see an unknown recipient.
LONGEST_LINE = 1_000  # RFC 5321 §4.5.3.1.6, CRLF included.
TOKEN_REJECTED = {"status": "401", "schemes": "Bearer", "scope": "https://outlook.office.com/"}


@dataclass(frozen=True)
class SignIn:
    """One attempt to sign in, for tests to look at; what was sent stays out of its ``repr``."""

    mechanism: str
    user: str
    credential: Secret
    is_accepted: bool


@dataclass(frozen=True)
class SignedIn:
    """Whoever aiosmtpd let in; it keeps this in its session."""

    mailbox: str
    mechanism: str


class Mailroom:
    """One for all connections of a server; a conversation's own facts are in aiosmtpd's session and envelope."""

    def __init__(
        self,
        store: MailboxStore,
        troubles: Troubles,
        *,
        passwords: Mapping[str, Secret],
        validate: Callable[[str], str | None] | None,
        sign_ins: list[SignIn],
    ) -> None:
        self._store = store
        self._troubles = troubles
        self._passwords = {user.casefold(): password for user, password in passwords.items()}
        self._validate = validate
        self._sign_ins = sign_ins

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds handlers by name, here and below.
        self, server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        lines = [line for line in responses if not line.startswith(("250 HELP", "250-AUTH"))]
        mechanisms = " ".join(sorted(server._auth_methods))
        if mechanisms and any(line.startswith("250-AUTH") for line in responses):
            lines.append(f"250-AUTH {mechanisms}")
        return [*lines, "250 ENHANCEDSTATUSCODES"]

    def check_password(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, sent: Any) -> AuthResult:
        user, password = (part.decode(errors="replace") for part in (sent.login, sent.password))
        known = self._passwords.get(user.casefold())
        is_right = known is not None and hmac.compare_digest(known.reveal().encode(), password.encode())
        return self._decide(mechanism, user, password, is_right=is_right)

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        """``user=…^Aauth=Bearer …^A^A``, with the command or after a 334; both ways are in use."""
        if len(args) == 2:
            try:
                sent = base64.b64decode(args[1], validate=True)
            except binascii.Error:
                return AuthResult(success=False, handled=False, message="501 5.5.2 Cannot decode the base64 response")
        else:
            sent = await server.challenge_auth("")
            if sent is MISSING:
                return AuthResult(success=False, handled=True)
        user, token = _read_xoauth2(sent)
        owner = self._validate(token) if self._validate and token else None
        is_right = owner is not None and owner.casefold() == user.casefold()
        result = self._decide("XOAUTH2", user, token, is_right=is_right)
        # The client must answer the explanation with an empty line before the 535 comes.
        is_explained = result.message == REFUSED
        if is_explained and await server.challenge_auth(json.dumps(TOKEN_REJECTED)) is MISSING:
            return AuthResult(success=False, handled=True)
        return result

    def _decide(self, mechanism: str, user: str, credential: str, *, is_right: bool) -> AuthResult:
        trouble = self._troubles.of(user)
        reply = AT_SIGN_IN.get(trouble) if trouble else None
        is_accepted = is_right and reply is None
        self._sign_ins.append(SignIn(mechanism, user, Secret(credential), is_accepted))
        if is_accepted:
            return AuthResult(success=True, auth_data=SignedIn(user, mechanism))
        return AuthResult(success=False, handled=False, message=reply or REFUSED)

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        trouble = self._troubles.of(_mailbox(session) or address)
        if trouble in AT_SENDER:
            return AT_SENDER[trouble]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.partition("@")[0].casefold() == NOBODY:
            return f"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {address} not found by SMTP address lookup"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        raw: bytes = envelope.original_content
        if any(len(line) > LONGEST_LINE for line in raw.split(b"\n")):
            return "500 5.5.2 Line too long"
        mailbox = _mailbox(session)
        trouble = self._troubles.of(mailbox or envelope.mail_from)
        if trouble in AT_MESSAGE:
            return AT_MESSAGE[trouble]
        if trouble is Trouble.NO_SEND_AS and (other := _other_sender(raw, mailbox or envelope.mail_from)):
            return (
                f"554 5.2.252 SendAsDenied; {mailbox or envelope.mail_from} not allowed to send as {other}; "
                "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; "
                "Failed to process message due to a permanent exception"
            )
        number = self._store.keep(
            mail_from=envelope.mail_from, recipients=list(envelope.rcpt_tos), raw=raw, via=_via(session)
        )
        return f"250 2.0.0 OK <{number}@localhost> [Hostname=localhost]"


def _read_xoauth2(sent: bytes) -> tuple[str, str]:
    """User and token; empty where the form is broken, which is refused like a bad token."""
    fields = dict(part.partition("=")[::2] for part in sent.decode(errors="replace").split("\x01") if part)
    scheme, _, token = fields.get("auth", "").partition(" ")
    return fields.get("user", ""), token if scheme.casefold() == "bearer" else ""


def _mailbox(session: Any) -> str | None:
    return session.auth_data.mailbox if session.authenticated else None


def _other_sender(raw: bytes, mailbox: str) -> str | None:
    """The From address, if it is not the mailbox's own."""
    header = BytesParser(policy=policy.default).parsebytes(raw, headersonly=True)["From"]
    addresses = [address.addr_spec for address in header.addresses] if header else []
    return next((address for address in addresses if address.casefold() != mailbox.casefold()), None)


def _via(session: Any) -> str:
    """How the sender came in, in words: «STARTTLS (TLSv1.3), AUTH XOAUTH2 as support@example.com»."""
    tls = session.ssl["ssl_object"].version() if session.ssl else None
    words = [f"STARTTLS ({tls})" if tls else "no encryption"]
    words.append(
        f"AUTH {session.auth_data.mechanism} as {session.auth_data.mailbox}" if session.authenticated else "no sign-in"
    )
    return ", ".join(words)
