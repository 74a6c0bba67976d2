"""Mail servers on 127.0.0.1, well behaved and hostile, that keep every byte they were sent.

    with hostile_smtp.server("drip") as server:
        ...  # connect to server.host (answered by server.resolver) and server.port, trusting server.ca_file
    assert b"AUTH" not in server.received

``BEHAVIOURS`` names them all. ``server(name, **changes)`` changes a behaviour's fields for one test.
"""

import base64
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import replace

from tests.fakes.smtp_server import GREETING, Behaviour, Server, Session

DRIP_SECONDS = 0.2


def _drip(session: Session) -> None:
    for byte in b"220 " + b"x" * 10_000:
        session.send(bytes([byte]))
        if session.server.stopping.wait(DRIP_SECONDS):
            return


def _endless_banner(session: Session) -> None:
    while not session.server.stopping.is_set():
        session.send(b"220-and so on and so forth\r\n" * 500)


def _long_line(session: Session) -> None:
    session.send(b"220 ")
    while not session.server.stopping.is_set():
        session.send(b"x" * 10_000)


def _http(session: Session) -> None:
    session.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    session.wait()


def _garbage(session: Session) -> None:
    session.send(bytes(range(128, 256)) * 4 + b"\r\n")
    session.wait()


def _mixed_codes(session: Session) -> None:
    session.send(b"220-mail.example.com\r\n554 go away\r\n")
    session.wait()


def _echo_credentials(session: Session) -> None:
    """Repeats whatever it was told to sign in with, as a careless or malicious server does."""
    session.start_tls()
    session.say(GREETING)
    session.line()
    session.say("250-mail.example.com\r\n250 AUTH XOAUTH2 PLAIN")
    said = session.line()
    if said == "AUTH XOAUTH2":
        said = session.ask()
    session.say(f"535 5.7.3 I know {said} and {base64.b64decode(said.split()[-1]).decode()!r}")
    session.wait()


_STAGES = ("greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "message")

BEHAVIOURS: dict[str, Behaviour] = {
    "good": Behaviour(),
    "good_implicit_tls": Behaviour(implicit_tls=True, offers_starttls=False),
    "good_plain": Behaviour(offers_starttls=False, mechanisms=()),
    "plaintext_auth": Behaviour(offers_starttls=False),
    "no_starttls": Behaviour(offers_starttls=False),
    "injected_after_starttls": Behaviour(injected=b"250-mail.example.com\r\n250 AUTH PLAIN\r\n"),
    "starttls_refused": Behaviour(replies={"STARTTLS": "454 4.7.0 TLS not available"}),
    **{kind: Behaviour(certificate=kind) for kind in ("wrong_name", "expired", "untrusted", "not_yet_valid")},
    **{
        f"{kind}_implicit_tls": Behaviour(certificate=kind, implicit_tls=True, offers_starttls=False)
        for kind in ("wrong_name", "expired", "untrusted", "not_yet_valid")
    },
    "tls_1_0": Behaviour(newest_tls=ssl.TLSVersion.TLSv1),
    "tls_1_1": Behaviour(newest_tls=ssl.TLSVersion.TLSv1_1),
    "drip": Behaviour(instead=_drip),
    "endless_banner": Behaviour(instead=_endless_banner),
    "long_line": Behaviour(instead=_long_line),
    "silence": Behaviour(instead=Session.wait),
    "http": Behaviour(instead=_http),
    "garbage": Behaviour(instead=_garbage),
    "mixed_codes": Behaviour(instead=_mixed_codes),
    "echo_credentials": Behaviour(instead=_echo_credentials),
    "stops_reading": Behaviour(stops_reading=True, extensions=()),
    "auth_503": Behaviour(replies={"AUTH": "503 5.5.1 already authenticated"}),
    "auth_temporary": Behaviour(replies={"AUTH": "454 4.7.0 Temporary authentication failure"}),
    **{f"temporary_at_{stage.lower()}": Behaviour(replies={stage: "451 4.3.0 try later"})
       for stage in _STAGES if stage not in ("STARTTLS", "AUTH")},
    **{f"permanent_at_{stage.lower()}": Behaviour(replies={stage: "554 5.7.1 go away"})
       for stage in _STAGES if stage not in ("STARTTLS", "AUTH")},
    **{f"drops_at_{stage.lower()}": Behaviour(drops_at=stage) for stage in _STAGES},
    **{f"silent_at_{stage.lower()}": Behaviour(silent_at=stage) for stage in _STAGES},
}  # fmt: skip


@contextlib.contextmanager
def server(name: str = "good", **changes: object) -> Iterator[Server]:
    """A server that behaves as named, listening until the block ends."""
    running = Server(replace(BEHAVIOURS[name], **changes))  # type: ignore[arg-type]
    try:
        yield running
    finally:
        running.close()
