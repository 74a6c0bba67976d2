"""A mail server that takes everything and remembers what came when: ``python -m benchmarks.sink FOLDER …``.

Postfix's ``smtp-sink`` is the yardstick, but knows neither TLS nor AUTH, and keeps no record. This one does: it
speaks PIPELINING, STARTTLS and AUTH, counts into ``FOLDER/count`` (eight bytes that others may read at any time), and
with ``--record`` writes a line ``time, session, Message-ID, recipient`` per message to ``FOLDER/record``.
The record is written when the final dot has been read, before the reply leaves.
"""

import argparse
import mmap
import re
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_READ = 1 << 14  # One TLS record; a larger buffer would be mapped anew for every read.


@dataclass
class Options:
    """How the server behaves."""

    delay: float = 0.0  # seconds before the reply to the final dot
    record: bool = False
    tls: ssl.SSLContext | None = None
    auth: bool = False


@dataclass
class Ledger:
    """What has come so far; shared by all sessions."""

    folder: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    total: int = 0

    def __post_init__(self) -> None:
        (self.folder / "count").write_bytes(bytes(8))
        with (self.folder / "count").open("r+b") as file:
            self._count = mmap.mmap(file.fileno(), 8)
        self._record = (self.folder / "record").open("ab", buffering=0)

    def add(self, messages: int, lines: bytes) -> None:
        """Count messages and keep their lines."""
        with self._lock:
            if lines:
                self._record.write(lines)
            self.total += messages
            self._count[:] = struct.pack("<Q", self.total)

    def close(self) -> None:
        """Give back the files."""
        self._count.close()
        self._record.close()


class Session:
    """One connection, from greeting to goodbye."""

    def __init__(self, connection: socket.socket, number: int, ledger: Ledger, options: Options) -> None:
        self.connection, self.number, self.ledger, self.options = connection, number, ledger, options
        self.buffer = b""
        self.recipients: list[bytes] = []
        self.open = True
        self.secured = False

    def run(self) -> None:
        """Serve until the other side leaves."""
        try:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.sendall(b"220 sink.localhost ESMTP\r\n")
            while self.open and (more := self.connection.recv(_READ)):
                self.buffer += more
                if replies := self._answer_all():
                    self.connection.sendall(replies)
        except OSError:
            pass  # The other side was killed, which is what some measurements are about.
        finally:
            self.connection.close()

    def _answer_all(self) -> bytes:
        replies = []
        while self.open:
            reply = self._message() if self.recipients and self.recipients[-1] == b"DATA" else self._command()
            if reply is None:
                break
            replies.append(reply)
        return b"".join(replies)

    def _message(self) -> bytes | None:
        end = self.buffer.find(b"\r\n.\r\n")
        if end < 0:
            return None
        head, self.buffer = self.buffer[: end + 2], self.buffer[end + 5 :]
        recipients, self.recipients = self.recipients[:-1], []
        if self.options.delay:
            time.sleep(self.options.delay)
        self.ledger.add(len(recipients), self._lines(head, recipients) if self.options.record else b"")
        return b"250 2.0.0 taken\r\n"

    def _lines(self, head: bytes, recipients: list[bytes]) -> bytes:
        found = _MESSAGE_ID.search(head)
        message_id = found[1] if found else b"-"
        return b"".join(
            b"%.6f\t%d\t%s\t%s\n" % (time.time(), self.number, message_id, recipient) for recipient in recipients
        )

    def _command(self) -> bytes | None:
        line, ended, rest = self.buffer.partition(b"\r\n")
        if not ended:
            return None
        self.buffer = rest
        verb = line[:4].upper()
        if verb == b"RCPT":
            self.recipients.append(line[line.find(b"<") + 1 : line.find(b">")])
        elif verb == b"DATA":
            self.recipients.append(b"DATA")
            return b"354 go on\r\n"
        elif verb == b"EHLO":
            return self._greeting()
        elif verb == b"STAR" and self.options.tls is not None:
            self._start_tls(self.options.tls)
            return b""
        elif verb == b"AUTH":
            return self._sign_in(line)
        elif verb == b"QUIT":
            self.open = False
            self.connection.sendall(b"221 2.0.0 bye\r\n")
            return b""
        elif verb == b"RSET":
            self.recipients = []
        return b"250 2.0.0 fine\r\n"

    def _greeting(self) -> bytes:
        offers = [b"sink.localhost", b"PIPELINING", b"8BITMIME", b"SIZE 20000000", b"ENHANCEDSTATUSCODES"]
        if self.options.tls is not None and not self.secured:
            offers.append(b"STARTTLS")
        if self.options.auth and (self.secured or self.options.tls is None):
            offers.append(b"AUTH PLAIN LOGIN XOAUTH2")
        return b"".join(b"250%c%s\r\n" % (b" -"[offer is not offers[-1]], offer) for offer in offers)

    def _start_tls(self, context: ssl.SSLContext) -> None:
        self.connection.sendall(b"220 2.0.0 begin\r\n")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.buffer, self.secured = b"", True

    def _sign_in(self, line: bytes) -> bytes:
        if len(line.split()) < 3 or line.upper().startswith(b"AUTH LOGIN"):
            prompts = 2 if line.upper() == b"AUTH LOGIN" else 1
            for _ in range(prompts):
                self.connection.sendall(b"334 VXNlcm5hbWU6\r\n")
                self.connection.recv(_READ)
        return b"235 2.7.0 welcome\r\n"


def serve(listener: socket.socket, ledger: Ledger, options: Options) -> None:
    """Take connections for ever, a thread for each."""
    number = 0
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # The listener was closed.
        number += 1
        threading.Thread(target=Session(connection, number, ledger, options).run, daemon=True).start()


def main() -> None:
    """Serve as the command line says; the port is printed once connections are taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--certificate", type=Path, help="a PEM file with certificate and key: offers STARTTLS")
    chosen = parser.parse_args()
    context = None
    if chosen.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chosen.certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    serve(listener, Ledger(chosen.folder), Options(chosen.delay, chosen.record, context, chosen.auth))


if __name__ == "__main__":
    main()
