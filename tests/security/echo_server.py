"""A mail server that repeats every credential it hears, at whatever step it was told to."""

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from kbadmin.demo.certificates import CertificateFiles

OFFERS = "250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN XOAUTH2"


@dataclass(frozen=True)
class EchoServer:
    """Where it listens."""

    port: int


@contextlib.contextmanager
def echo_server(certificates: CertificateFiles, *, at: str) -> Iterator[EchoServer]:
    """Serve until the block ends. ``at`` is what it refuses: AUTH, challenge, MAIL, RCPT, DATA, message or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        over = threading.Event()
        thread = threading.Thread(target=_listen, args=(listener, context, at, over))
        thread.start()
        yield EchoServer(listener.getsockname()[1])
        over.set()
        thread.join()


def _listen(listener: socket.socket, context: ssl.SSLContext, at: str, over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            client.settimeout(30)
            with client:
                _talk(client, context, at)


def _talk(client: socket.socket, context: ssl.SSLContext, at: str) -> None:
    _say(client, "220 localhost")
    _hear(client)
    _say(client, OFFERS)
    if not _hear(client).startswith("STARTTLS"):
        return
    _say(client, "220 go on")
    with context.wrap_socket(client, server_side=True) as wire:
        _hear(wire)
        _say(wire, OFFERS)
        said = _hear(wire)
        if said == "AUTH XOAUTH2":
            _say(wire, "334 ")
            said = _hear(wire)
        response = said.split()[-1]
        plain = base64.b64decode(response).decode().replace("\0", "|").replace("\x01", "|")
        echo = f"I know {response} and {plain} and {'x' * 130} {plain} {response}"
        if at == "challenge":
            told = {"status": "400", "error": plain, "scope": response, "again": plain.split()[-1].strip("|")}
            _say(wire, "334 " + base64.b64encode(repr(told).replace("'", '"').encode()).decode())
            _hear(wire)
        if at in ("AUTH", "challenge"):
            _say(wire, f"535 5.7.3 {echo}")
        else:
            _say(wire, f"235 2.7.0 {echo}")
            _submit(wire, at, echo)
        _hear(wire)


def _submit(wire: socket.socket, at: str, echo: str) -> None:
    for step in ("MAIL", "RCPT", "DATA"):
        assert _hear(wire).startswith(step)
        if at == step:
            return _say(wire, f"550 5.1.0 {echo}")
        _say(wire, f"354 {echo}" if step == "DATA" else f"250 {echo}")
    while _hear(wire) != ".":
        pass
    return _say(wire, f"{'554 5.2.0' if at == 'message' else '250 2.0.0'} {echo}")


def _say(wire: socket.socket, text: str) -> None:
    wire.sendall(text.encode() + b"\r\n")


def _hear(wire: socket.socket) -> str:
    line = bytearray()
    while not line.endswith(b"\n"):
        received = wire.recv(1)
        if not received:
            raise OSError("gone")
        line += received
    return line.decode().strip()
