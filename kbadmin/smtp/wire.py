"""The socket to a mail server: everything read or written ends by a deadline, and every reply is bounded."""

import contextlib
import socket
import ssl

from kbadmin.smtp import tls
from kbadmin.smtp.deadlines import Deadline
from kbadmin.smtp.replies import Answer, NotSmtp, ReplyReader

CHUNK = 4_096


class Injected(Exception):
    """Bytes came in the clear after the server agreed to TLS: someone in between wants us to take them for
    its own.
    """


class Wire:
    """One connection. Raises TimeoutError, OSError when it is lost, and what :class:`ReplyReader` raises."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._deadline = Deadline.after(0)
        self._reader = ReplyReader(self._receive)

    @property
    def is_verified(self) -> bool:
        """Whether what we write now is for the eyes of the verified server only."""
        return tls.is_verified(self._socket)

    @property
    def connection_facts(self) -> dict[str, str]:
        """Facts of the TLS connection; empty in the clear."""
        return dict(tls.connection_facts(self._socket)) if isinstance(self._socket, ssl.SSLSocket) else {}

    @property
    def local_literal(self) -> str:
        """Our end as an address literal, for a client without a name (RFC 5321 §4.1.3)."""
        address = str(self._socket.getsockname()[0])
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def read(self, deadline: Deadline) -> Answer:
        """The next answer."""
        self._deadline = deadline
        return self._reader.read()

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(deadline.remaining())
            rest = rest[self._socket.send(rest) :]

    def require_silence(self) -> None:
        """Raise NotSmtp if the server has answered what was not asked: replies would no longer match."""
        if self._reader.has_leftovers:
            raise NotSmtp("an answer that nobody asked for")

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        """Make it TLS, verified for the host; raises :class:`Injected` and ``ssl.SSLError`` besides."""
        if self._reader.has_leftovers:
            raise Injected
        self._socket.settimeout(deadline.remaining())
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def close(self) -> None:
        """Close without a word."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _receive(self) -> bytes:
        self._socket.settimeout(self._deadline.remaining())
        return self._socket.recv(CHUNK)
