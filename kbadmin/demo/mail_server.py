"""A real SMTP server on loopback that behaves as Exchange Online does: STARTTLS, AUTH PLAIN, LOGIN and XOAUTH2.

Passwords are those given to it, tokens are shown to the identity provider through ``validate``. What it accepts goes
into a :class:`~kbadmin.demo.mailbox.MailboxStore`. RFC 5321, RFC 3207, RFC 4954; XOAUTH2 as Microsoft documents it.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, AnyStr, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from kbadmin.demo.certificates import CertificateFiles
from kbadmin.demo.mail_session import Mailroom, SignIn
from kbadmin.demo.mailbox import MailboxStore
from kbadmin.demo.troubles import Troubles
from kbadmin.encryption import Secret

ADDRESS = "127.0.0.1"
MESSAGE_BYTES = 35 * 1024 * 1024
AUTH_LINE = 12_288  # RFC 4954 §4.5.3: the longest AUTH line, far above the 512 bytes of other commands.
MECHANISMS = ("LOGIN", "PLAIN", "XOAUTH2")

TokenCheck = Callable[[str], str | None]


class MailServer:
    """One listener. With ``auth_required`` nobody sends without signing in; without it there is no AUTH at all.

    ``passwords`` maps user names to passwords; ``validate`` returns the mailbox a token was issued for, or None.
    Without ``certificates`` STARTTLS is not offered. Start it, or use it as a ``with`` block;
    raises OSError if the port is taken.
    """

    def __init__(
        self,
        store: MailboxStore,
        *,
        certificates: CertificateFiles | None = None,
        passwords: Mapping[str, Secret] | None = None,
        validate: TokenCheck | None = None,
        troubles: Troubles | None = None,
        auth_required: bool = True,
        port: int = 0,
    ) -> None:
        self.store = store
        self.troubles = troubles or Troubles()
        self.sign_ins: list[SignIn] = []
        self.port = port
        self._auth_required = auth_required
        self._tls = _tls_context(certificates) if certificates else None
        self._mailroom = Mailroom(
            store, self.troubles, passwords=passwords or {}, validate=validate, sign_ins=self.sign_ins
        )
        self._controller: _Listener | None = None

    @property
    def host(self) -> str:
        """The name the certificate is for."""
        return "localhost"

    def start(self) -> Self:
        """Listen, in a thread of its own; port 0 becomes a free one, found in ``port`` afterwards."""
        # aiosmtpd logs a trace for every client that dislikes our certificate, which tests and visitors provoke.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        listening = socket.create_server((ADDRESS, self.port))
        self.port = listening.getsockname()[1]
        self._controller = _Listener(self._mailroom, listening, tls=self._tls, auth_required=self._auth_required)
        self._controller.start()
        return self

    def stop(self) -> None:
        """Hang up on everybody and stop listening."""
        if self._controller is not None:
            self._controller.hang_up()
            self._controller.stop()
            self._controller = None

    def hang_up(self) -> None:
        """Drop every open connection without a word, as servers do now and then; who comes again is let in."""
        if self._controller is not None:
            self._controller.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(Controller):
    """aiosmtpd's thread, on a socket that is already bound: aiosmtpd itself cannot listen on port 0."""

    def __init__(
        self, mailroom: Mailroom, listening: socket.socket, *, tls: ssl.SSLContext | None, auth_required: bool
    ) -> None:
        super().__init__(mailroom, hostname=ADDRESS, port=listening.getsockname()[1])
        self._listening = listening
        self._tls = tls
        self._auth_required = auth_required
        self._open: set[_Conversation] = set()
        # Clients that vanish in mid-handshake are the point of some tests, not news.
        self.loop.set_exception_handler(lambda _loop, _context: None)

    def factory(self) -> SMTP:
        return _Conversation(
            self.handler,
            self._open,
            hostname="localhost",
            ident="ESMTP kbadmin demo",
            tls_context=self._tls,
            auth_required=self._auth_required,
            auth_exclude_mechanism=() if self._auth_required else MECHANISMS,
            authenticator=self.handler.check_password,
            data_size_limit=MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            loop=self.loop,
        )

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)

    def hang_up(self) -> None:
        """Close every open connection at once; aiosmtpd would wait for slow clients."""

        def abort_all() -> None:
            for conversation in list(self._open):
                conversation.abort()

        self.loop.call_soon_threadsafe(abort_all)


class _Conversation(SMTP):
    """aiosmtpd's protocol with Exchange's words, and room for access tokens."""

    line_length_limit = AUTH_LINE
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, handler: Any, conversations: set["_Conversation"], **options: Any) -> None:
        super().__init__(handler, **options)
        # aiosmtpd keeps one table for all connections and empties it for each new one.
        self.command_size_limits = _Limits(AUTH=AUTH_LINE, MAIL=2 * SMTP.command_size_limit)
        self._conversations = conversations

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._conversations.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._conversations.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        """Drop the connection without a word."""
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.Transport):
            transport.abort()

    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        # A 421 announces that the server hangs up (RFC 5321 §3.8).
        if status[:3] in ("421", b"421") and self.transport is not None:
            self.transport.close()

    async def check_auth_needed(self, caller_method: str) -> bool:
        if not self._auth_required or (self.session and self.session.authenticated):
            return False
        await self.push("530 5.7.57 Client not authenticated to send mail.")
        return True

    async def auth_PLAIN(self, _: Any, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd finds it by name.
        return _handled_if_aborted(await super().auth_PLAIN(_, args))

    async def auth_LOGIN(self, _: Any, args: list[str]) -> AuthResult:  # noqa: N802
        return _handled_if_aborted(await super().auth_LOGIN(_, args))


class _Limits(dict[str, int]):
    """How long each command may be, in bytes; unknown ones get the common limit."""

    def __missing__(self, command: str) -> int:
        return int(SMTP.command_size_limit)


def _handled_if_aborted(result: AuthResult) -> AuthResult:
    """After «*» or bad base64 aiosmtpd has answered already; without this it would answer a second time."""
    return result if result.success or result.message else AuthResult(success=False, handled=True)


def _tls_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context
