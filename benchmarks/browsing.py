"""Eight browsers that ask for one page as fast as they are answered: what ``wrk -t1 -c8`` does, without needing it."""

import re
import selectors
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.figures import Figures

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BROWSERS = 8


@dataclass
class _Browser:
    """One kept connection."""

    connection: socket.socket
    asked_at: float = 0.0
    answer: bytearray = field(default_factory=bytearray)

    def ask(self, request: bytes) -> None:
        """Send the request."""
        self.answer.clear()
        self.asked_at = time.perf_counter()
        self.connection.sendall(request)

    def is_answered(self) -> bool:
        """Read what is there; whether the whole answer has come."""
        more = self.connection.recv(1 << 18)
        if not more:
            raise ConnectionError("the server hung up")
        self.answer += more
        head, ended, body = bytes(self.answer).partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        return bool(ended) and (found is None or len(body) >= int(found[1]))


def browse(port: int, path: str, headers: Mapping[str, str], *, seconds: float = 3.0) -> Figures:
    """Ask for one page over and over; answers requests per second, and how long a page took in milliseconds."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(_BROWSERS):
            browser = _Browser(socket.create_connection(("127.0.0.1", port)))
            selector.register(browser.connection, selectors.EVENT_READ, browser)
            browser.ask(request)
        began = time.perf_counter()
        while time.perf_counter() - began < seconds or not times:
            for key, _ in selector.select(1.0):
                browser = key.data
                if browser.is_answered():
                    if not browser.answer.startswith(b"HTTP/1.1 200"):
                        raise AssertionError(f"{path} answered {bytes(browser.answer[:200])!r}")
                    times.append(time.perf_counter() - browser.asked_at)
                    browser.ask(request)
        took = time.perf_counter() - began
        for key in list(selector.get_map().values()):
            key.data.connection.close()
    times.sort()
    return {
        "requests/s": len(times) / took,
        "p50, ms": times[len(times) // 2] * 1e3,
        "p95, ms": times[len(times) * 95 // 100] * 1e3,
        "p99, ms": times[len(times) * 99 // 100] * 1e3,
    }
