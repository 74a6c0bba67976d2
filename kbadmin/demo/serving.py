"""Running a small web application in a thread on loopback, and stopping it again."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Running:
    """An application that answers at ``base_url`` until it is stopped, or its ``with`` block ends."""

    base_url: str
    port: int
    stop: Callable[[], None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(app: Flask, port: int = 0) -> Running:
    """Answer requests in threads; port 0 picks a free one. Raises OSError if the port is taken.

    The address says ``localhost``, as Microsoft accepts plain http for that name only. The demo stands on Werkzeug's
    server because it lets the identity provider hang up in the middle of an answer, which a visitor may choose to see.
    """
    # Bound here, because Werkzeug would end the whole program if the port is taken.
    with socket.create_server((ADDRESS, port)) as listening:
        port = listening.getsockname()[1]
        server = make_server(ADDRESS, port, app, threaded=True, request_handler=_QuietHandler, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return Running(base_url=f"http://localhost:{port}", port=port, stop=stop)


class _QuietHandler(WSGIRequestHandler):
    """Request lines would drown what `kbadmin demo` prints, and they hold authorization codes."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's own name.
        return None
