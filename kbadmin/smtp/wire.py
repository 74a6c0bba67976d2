"""The socket to a mail server: everything read or written ends by a deadline, and every reply is bounded."""

import contextlib
import re
import select
import socket
import ssl
import struct

from kbadmin.smtp import tls
from kbadmin.smtp.deadlines import Deadline, Span
from kbadmin.smtp.multiplexing import READABLE, WRITABLE, Multiplexer, current
from kbadmin.smtp.replies import Answer, NotSmtp, ReplyReader

CHUNK = 4_096
#: A TLS record holds no more, and the server sees nothing of a record before it has all of it.
RECORD = 16_384
#: Setting a socket's timeout costs a system call. We wait in pieces of this, and look at the deadline between them.
LONGEST_WAIT_SECONDS = 10.0
SHORTEST_WAIT_SECONDS = 0.001  # None at all would be for ever.
#: What a read or write raises when it has waited long enough: the kernel's way, and Python's under TLS.
WAITED = (BlockingIOError, TimeoutError)
#: What it raises beside others, where it does not wait at all.
WOULD_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
#: Linux has it.
QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Injected(Exception):
    """Bytes came in the clear after the server agreed to TLS: someone in between wants us to take them for
    its own.
    """


class Wire:
    """One connection. Raises TimeoutError, OSError when it is lost, and what :class:`ReplyReader` raises.

    In the clear the kernel keeps the time (SO_RCVTIMEO, SO_SNDTIMEO). Python's own timeouts ask with a second system
    call whether the first one would have to wait, and each lets another thread in. TLS knows only Python's.
    Beside others (:mod:`kbadmin.smtp.multiplexing`) nothing waits here: the next conversation goes on.
    """

    def __init__(self, opened: socket.socket) -> None:
        opened.settimeout(None)
        self._socket = opened
        self._deadline: Deadline | Span = Deadline.after(0)
        self._reader = ReplyReader(self._receive)
        self._timeout: float | None = None
        #: How much of what :meth:`write` was last given has left; a server cannot have seen more of it.
        self.written = 0

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

    def took(self, hoped_for: re.Pattern[bytes], deadline: Deadline | Span) -> bytes | None:
        """What was received already, or comes first, if it reads so; else None, and it is still to be read."""
        if not self._reader.has_leftovers:
            self._deadline = deadline
            self._reader.fill()
        return self._reader.took(hoped_for)

    def acknowledge(self) -> None:
        """Acknowledge at once what came: a server that sends replies in small pieces waits for it before it
        sends the next (Nagle), and our end of the connection would take up to 40 ms.
        """
        if QUICKACK is not None and not self._reader.has_leftovers:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)

    def write(self, data: bytes, deadline: Deadline | Span) -> None:
        """Send all of it."""
        self.written, size = 0, len(data)
        at_once = RECORD if isinstance(self._socket, ssl.SSLSocket) else size
        view = data if size <= at_once else memoryview(data)
        deadline, together = deadline.begin(), current()
        if together is None:
            while self.written < size:
                self.written += self._send_and_wait(view[self.written : self.written + at_once], deadline)
            return
        # All write, then all go on: to wake a server that sleeps costs more than to give it another message.
        together.pause()
        deadline.remaining()  # Whoever was stopped for long must not send what others have taken over since.
        while self.written < size:
            self.written += self._send_beside(together, view[self.written : self.written + at_once], deadline)
        together.pause()

    def is_quiet(self) -> bool:
        """Whether the server has said nothing that was not read, and has not closed the connection."""
        if self._reader.has_leftovers or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            return False
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return not waiting.poll(0)

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
        self._timeout = None

    def close(self) -> None:
        """Close without a word."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _receive(self) -> bytes:
        if (together := current()) is not None:
            return self._receive_beside(together)
        deadline = self._deadline.begin()
        while True:
            self._wait_at_most(deadline.remaining())
            with contextlib.suppress(*WAITED):
                return self._socket.recv(CHUNK)

    def _send_and_wait(self, piece: bytes | memoryview, deadline: Deadline) -> int:
        while True:
            self._wait_at_most(deadline.remaining())
            with contextlib.suppress(*WAITED):
                return self._socket.send(piece)

    def _receive_beside(self, together: Multiplexer) -> bytes:
        flags, deadline = self._not_waiting(), None
        while True:
            try:
                return self._socket.recv(CHUNK, flags)
            except WOULD_WAIT as reason:
                deadline = deadline or self._deadline.begin()
                _give_way(together, self._socket, reason, READABLE, deadline)

    def _send_beside(self, together: Multiplexer, piece: bytes | memoryview, deadline: Deadline) -> int:
        flags = self._not_waiting()
        while True:
            try:
                return self._socket.send(piece, flags)
            except WOULD_WAIT as reason:
                _give_way(together, self._socket, reason, WRITABLE, deadline)

    def _not_waiting(self) -> int:
        """Flags for the next call that keep it from waiting; TLS takes none, and has the socket told."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return socket.MSG_DONTWAIT
        if self._timeout != 0.0:
            self._timeout = 0.0
            self._socket.settimeout(0.0)
        return 0

    def _wait_at_most(self, seconds: float) -> None:
        timeout = min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
        if timeout == self._timeout:
            return
        self._timeout = timeout
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(timeout)
        else:
            value = struct.pack("@ll", int(timeout), int(timeout % 1 * 1_000_000))  # A struct timeval.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)


def _give_way(together: Multiplexer, opened: socket.socket, reason: OSError, event: int, deadline: Deadline) -> None:
    """TLS may have to read before it can write, and the other way round."""
    if isinstance(reason, ssl.SSLWantReadError):
        event = READABLE
    elif isinstance(reason, ssl.SSLWantWriteError):
        event = WRITABLE
    together.wait(opened, event, deadline.remaining())
