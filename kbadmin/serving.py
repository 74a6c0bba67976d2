"""The processes that serve and work: waitress for the web, the engine's threads for the rest, and how they end.

SIGTERM and SIGINT drain: nothing new is taken, what is under way is finished within :data:`DRAIN_SECONDS`, the status
is 0. A second signal, or the end of that time, ends the process at once; rows and leases in the database see to it
that nothing is lost.
"""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import waitress.server
from flask import Flask
from waitress import wasyncore

from kbadmin import engine

THREADS = 8
DRAIN_SECONDS = 30.0
LOOK_SECONDS = 0.2
# Twice what the largest form takes, so that the application says what is too large, on a page of its own.
BODY_BYTES = 18 * 1024 * 1024


class Stop:
    """What SIGTERM and SIGINT ask for: once to drain, twice to end at once.

    The handler sets a plain attribute: a lock, which events and log lines take, could be held by the very code that
    it interrupts.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.then: Callable[[], None] = lambda: None

    def listen(self) -> None:
        """Take the two signals; only the main thread may."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_asked:
            _end_at_once()
        self.is_asked = True
        self.then()


def serve(app: Flask, *, host: str, port: int, with_worker: bool, started: Callable[[str], None]) -> None:
    """Answer requests until a signal; ``started`` is told the address. Raises OSError if it is taken."""
    stop = Stop()
    web = WebServer(app, host=host, port=port)
    stop.then = web.wake
    stop.listen()
    _spare_the_collector()
    if with_worker:
        engine.of(app).start()
    started(web.address)
    while not stop.is_asked:
        web.turn()
    _limit_the_drain()
    web.close()
    _stop_working(app)


def work(app: Flask, *, started: Callable[[], None]) -> None:
    """Work off the queue until a signal."""
    stop = Stop()
    stop.listen()
    _spare_the_collector()
    engine.of(app).start()
    started()
    while not stop.is_asked:
        time.sleep(LOOK_SECONDS)
    _limit_the_drain()
    _stop_working(app)


class WebServer:
    """Waitress on one address, with an end that finishes the answers under way."""

    def __init__(self, app: Flask, *, host: str, port: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._server: Any = waitress.server.create_server(
            app,
            map=self._sockets,
            host=host,
            port=port,
            threads=THREADS,
            ident="",
            max_request_body_size=BODY_BYTES,
            # The application reads these headers itself, from as many proxies as the operator trusts; that there is
            # one it was not told of closes the metrics page.
            clear_untrusted_proxy_headers=False,
        )
        self.address = _address(self._server, host)

    def turn(self) -> None:
        """Take and send what is there, or wait up to a second for something."""
        wasyncore.loop(timeout=1.0, map=self._sockets, use_poll=True, count=1)

    def close(self) -> None:
        """Take no connection more, finish the answers under way, hang up."""
        for listener in self._listeners():
            listener.del_channel()
            listener.socket.close()
        limit = time.monotonic() + DRAIN_SECONDS
        while self._is_busy() and time.monotonic() < limit:
            self.turn()
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._sockets, ignore_all=True)

    def wake(self) -> None:
        """End the waiting of :meth:`turn`; safe in a signal handler, as it writes one byte to a pipe."""
        for listener in self._listeners():
            listener.pull_trigger()

    def _listeners(self) -> list[Any]:
        return [found for found in self._sockets.values() if isinstance(found, waitress.server.BaseWSGIServer)]

    def _is_busy(self) -> bool:
        channels = [found for found in self._sockets.values() if isinstance(found, waitress.server.HTTPChannel)]
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def _address(server: Any, host: str) -> str:
    listening = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    return f"http://{f'[{host}]' if ':' in host else host}:{listening[0][1]}"


def _stop_working(app: Flask) -> None:
    engine.of(app).stop()
    engine.of(app).close()


def _spare_the_collector() -> None:
    """What was imported stays for good, and each batch or page makes thousands of objects that hold no cycles.

    Looking through them all the time took a tenth of the processor; memory stays flat all the same (fault row F42).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _limit_the_drain() -> None:
    limit = threading.Timer(DRAIN_SECONDS, _end_at_once)
    limit.daemon = True
    limit.start()


def _end_at_once() -> NoReturn:
    os.write(2, b"Ended before everything under way was finished; it is taken up again at the next start.\n")
    os._exit(0)
