"""A scripted mail server: what :mod:`tests.fakes.hostile_smtp` names behaviours of.

One thread per client, plain sockets, nothing of the product: it must not share the product's mistakes.
"""

import base64
import contextlib
import json
import math
import os
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.fakes import certificates

GREETING = "220 mail.example.com ESMTP ready"
#: In place of a reply: close the connection, say nothing more, or send what is no TLS.
DROPS, SILENT, GARBLED = "drops", "silent", "garbled"
#: A session looks that often whether it is over. Its patience is counted in such looks, of which a pause of the machine
#: takes one at most.
LOOK_SECONDS = 0.05
#: No thread of a server outlives its test by more than this.
LINGER_SECONDS = 10.0


@dataclass(frozen=True)
class Behaviour:
    """What one server does; the default is a good STARTTLS server."""

    #: Takes the connection over from the first byte, in place of everything below.
    instead: "Callable[[Session], None] | None" = None
    #: Which certificate of :mod:`tests.fakes.certificates` it shows.
    certificate: str = "good"
    implicit_tls: bool = False
    offers_starttls: bool = True
    newest_tls: ssl.TLSVersion | None = None
    #: Sent in the clear in the same packet as the answer to STARTTLS.
    injected: bytes = b""
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN", "XOAUTH2")
    #: Offered besides STARTTLS and AUTH.
    extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    #: Replies in place of the usual ones. Keys: greeting, EHLO, STARTTLS, AUTH (the final one), MAIL, RCPT,
    #: DATA, message, RSET, QUIT.
    replies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: The same for one envelope only, by its number on its connection; and what is said to it can be DROPS,
    #: SILENT or GARBLED.
    turns: Mapping[int, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    #: Closes the connection where it would have replied to this: one of the keys above.
    drops_at: str = ""
    #: Says nothing more from here on: one of the keys above.
    silent_at: str = ""
    #: Once nothing came for so long, it says this, or closes the connection if there is nothing to say.
    patience_seconds: float = LINGER_SECONDS
    idle_farewell: bytes = b""
    #: Takes so long over each message.
    seconds_a_message: float = 0.0
    #: Agrees to DATA, and then does not read it.
    stops_reading: bool = False
    username: str = "user@example.com"
    password: str = "correct horse battery"
    access_token: str = "token-abc"  # Any longer token that begins with it is accepted as well.
    #: What XOAUTH2 explains a refusal with, before the refusal itself.
    challenge: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({"status": "401", "schemes": "bearer", "scope": "SMTP.Send"})
    )


class Dropped(Exception):
    """The client went away, or the script says to."""


class Server:
    """A listening server. What it heard is in ``received``, decrypted; what it accepted in ``messages``."""

    host = certificates.HOST

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.context = _context(behaviour)
        self.connections = 0
        self.received = bytearray()
        #: The same in the pieces in which it arrived: one per write of a client that waits for answers.
        self.pieces: list[bytes] = []
        #: Sign-ins that came before TLS was up would show here as well: (mechanism, decoded response).
        self.credentials: list[tuple[str, str]] = []
        #: (envelope from, recipient, message with dots undone)
        self.messages: list[tuple[str, str, bytes]] = []
        self.stopping = threading.Event()
        #: Whether the patience of a session has come to its end.
        self.has_lost_patience = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_SECONDS)
        # Small, so that a client notices soon when a server stops reading.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, name="hostile smtp")]
        self._threads[0].start()

    @property
    def ca_file(self) -> Path:
        """What a client must trust."""
        return certificates.chest().ca_file

    def resolver(self, host: str, port: int) -> list[str]:
        """DNS, as far as this server is concerned."""
        return ["127.0.0.1"]

    def close(self) -> None:
        """Stop listening, and wait for every session to end."""
        self.stopping.set()
        # Wakes the thread that accepts, which would otherwise notice a little later.
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LINGER_SECONDS)
            assert not thread.is_alive(), "a session of the fake server does not end"
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                self.connections += 1
                self._threads.append(threading.Thread(target=self._serve, args=(client,), name="hostile smtp"))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        session = Session(self, client)
        with contextlib.suppress(Dropped, OSError):
            (self.behaviour.instead or Session.converse)(session)
        session.close()
        if session.patience <= 0:
            self.has_lost_patience.set()


class Session:
    """One client, served by the server's behaviour."""

    def __init__(self, server: Server, client: socket.socket) -> None:
        self.server = server
        self.does = server.behaviour
        self.socket = client
        self.socket.settimeout(LOOK_SECONDS)
        self.buffer = bytearray()
        self.has_tls = False
        self.patience = self.does.patience_seconds
        #: Which envelope of this connection it is, its sender, and its recipient if that was accepted.
        self.turn = 0
        self.sender: str | None = None
        self.recipient: str | None = None

    def converse(self) -> None:
        if self.does.implicit_tls:
            self.start_tls()
        self.reply("greeting", GREETING)
        while True:
            line = self.line()
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb not in ("EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"):
                self.say("500 5.5.1 unknown command")
                continue
            getattr(self, f"on_{verb.lower()}")(rest)

    def on_ehlo(self, rest: str) -> None:
        offers = list(self.does.extensions)
        if self.does.offers_starttls and not self.has_tls:
            offers.append("STARTTLS")
        if self.does.mechanisms and (self.has_tls or not self.does.offers_starttls):
            offers.append("AUTH " + " ".join(self.does.mechanisms))
        lines = ["mail.example.com greets you", *offers]
        self.reply("EHLO", "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))

    def on_starttls(self, rest: str) -> None:
        self.reply("STARTTLS", "220 2.0.0 go ahead", self.does.injected)
        if "STARTTLS" not in self.does.replies:
            self.start_tls()

    def on_auth(self, rest: str) -> None:
        mechanism, _, response = rest.partition(" ")
        match mechanism:
            case "XOAUTH2":
                right = self.xoauth2(response)
            case "PLAIN":
                right = self.given("PLAIN", response or self.ask()) == (f"\0{self.does.username}\0{self.does.password}")
            case _:
                name = self.given("LOGIN", self.ask("VXNlcm5hbWU6"))
                right = [name, self.given("LOGIN", self.ask("UGFzc3dvcmQ6"))] == [
                    self.does.username,
                    self.does.password,
                ]
        self.reply(
            "AUTH",
            "235 2.7.0 Authentication successful" if right else "535 5.7.3 Authentication unsuccessful [fake]",
        )

    def xoauth2(self, response: str) -> bool:
        given = self.given("XOAUTH2", response or self.ask())
        right = given.startswith(f"user={self.does.username}\x01auth=Bearer {self.does.access_token}")
        if not right or "AUTH" in self.does.replies:
            explained = base64.b64encode(json.dumps(dict(self.does.challenge)).encode()).decode()
            assert self.ask(explained) == "", "the explanation is answered with an empty line"
        return right and given.endswith("\x01\x01")

    def given(self, mechanism: str, response: str) -> str:
        decoded = base64.b64decode(response).decode()
        self.server.credentials.append((mechanism, decoded))
        return decoded

    def ask(self, text: str = "") -> str:
        self.say(f"334 {text}")
        return self.line()

    def on_mail(self, rest: str) -> None:
        if self.sender is not None:
            self.say("503 5.5.1 nested MAIL command")
            return
        self.turn += 1
        if self.reply("MAIL", "250 2.1.0 sender ok").startswith("250"):
            self.sender = rest.partition("<")[2].partition(">")[0]

    def on_rcpt(self, rest: str) -> None:
        usual = "250 2.1.5 recipient ok" if self.sender is not None else "503 5.5.1 need MAIL command"
        if self.reply("RCPT", usual).startswith("25"):
            self.recipient = rest.partition("<")[2].partition(">")[0]

    def on_data(self, rest: str) -> None:
        usual = "354 go on" if self.recipient is not None else "554 5.5.1 no valid recipients"
        if not self.reply("DATA", usual).startswith("354"):
            return
        if self.does.stops_reading:
            self.server.stopping.wait(LINGER_SECONDS)
            raise Dropped
        lines = []
        while (line := self.line_bytes()) != b".":
            lines.append(line.removeprefix(b"."))
        usual = f"250 2.0.0 queued as {self.turn}" if self.recipient is not None else "554 5.5.1 no valid recipients"
        if self.sender is not None and self.recipient is not None and self.takes_message(usual):
            self.server.messages.append((self.sender, self.recipient, b"".join(one + b"\r\n" for one in lines)))
        self.sender = self.recipient = None
        self.server.stopping.wait(self.does.seconds_a_message)
        self.reply("message", usual)

    def takes_message(self, usual: str) -> bool:
        """What is refused has not arrived; what gets no answer may have."""
        return self.answer("message", usual)[0] not in "45"

    def on_rset(self, rest: str) -> None:
        self.sender = self.recipient = None
        self.reply("RSET", "250 2.0.0 forgotten")

    def on_noop(self, rest: str) -> None:
        self.say("250 2.0.0 ok")

    def on_quit(self, rest: str) -> None:
        self.reply("QUIT", "221 2.0.0 bye")
        raise Dropped

    def answer(self, key: str, usual: str) -> str:
        if self.does.drops_at == key:
            return DROPS
        if self.does.silent_at == key:
            return SILENT
        return self.does.turns.get(self.turn, {}).get(key) or self.does.replies.get(key, usual)

    def reply(self, key: str, usual: str, more: bytes = b"") -> str:
        answer = self.answer(key, usual)
        if answer == DROPS:
            raise Dropped
        if answer == GARBLED:
            os.write(self.socket.fileno(), b"\x17\x03\x03\x00\x40" + b"x" * 64)
        if answer in (SILENT, GARBLED):
            self.wait()
        self.send(answer.encode() + b"\r\n" + more)
        return answer

    def say(self, text: str) -> None:
        self.send(text.encode() + b"\r\n")

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self.server.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                view = view[self.socket.send(view) :]

    def start_tls(self) -> None:
        self.socket.settimeout(LINGER_SECONDS)
        self.socket = self.server.context.wrap_socket(self.socket, server_side=True)
        self.socket.settimeout(LOOK_SECONDS)
        self.has_tls = True

    def line(self) -> str:
        return self.line_bytes().decode()

    def line_bytes(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self.receive()
        line, _, rest = bytes(self.buffer).partition(b"\r\n")
        self.buffer[:] = rest
        return line

    def receive(self) -> None:
        try:
            data = self.socket.recv(65_536)
        except TimeoutError:
            data = None
            self.patience -= LOOK_SECONDS
            if self.patience <= 0:
                if not self.does.idle_farewell:
                    raise Dropped from None
                self.send(self.does.idle_farewell)
                self.patience = math.inf
                self.server.has_lost_patience.set()
        if data == b"" or self.server.stopping.is_set():
            raise Dropped
        if data:
            self.patience = self.does.patience_seconds
            self.server.received += data
            self.server.pieces.append(data)
            self.buffer += data

    def wait(self) -> None:
        """Say nothing until the client has gone."""
        while True:
            self.receive()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()


def _context(behaviour: Behaviour) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chest()[behaviour.certificate])
    if behaviour.newest_tls is not None:
        # Python warns of the old versions that two servers exist to offer.
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = behaviour.newest_tls
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context
