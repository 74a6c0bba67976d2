"""A long way to the mail server: ``python -m benchmarks.distance PORT MILLISECONDS`` relays with a delay each way.

The delay adds to every byte but limits nothing, as distance does. Threads rather than asyncio: its timers are rounded
to whole milliseconds, and two of them are half a round trip here.
"""

import queue
import socket
import sys
import threading
import time


def main() -> None:
    """Relay to a port of this machine until killed; the own port is printed first."""
    target, one_way = int(sys.argv[1]), float(sys.argv[2]) / 2000
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", target))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        carry(near, far, one_way)
        carry(far, near, one_way)


def carry(source: socket.socket, target: socket.socket, seconds: float) -> None:
    """Hand on what comes from one side to the other, each piece ``seconds`` after it came."""
    under_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
    threading.Thread(target=_take, args=(source, under_way, seconds), daemon=True).start()
    threading.Thread(target=_give, args=(target, under_way), daemon=True).start()


def _take(source: socket.socket, under_way: "queue.SimpleQueue[tuple[float, bytes]]", seconds: float) -> None:
    while True:
        try:
            piece = source.recv(1 << 18)
        except OSError:
            piece = b""
        under_way.put((time.monotonic() + seconds, piece))
        if not piece:
            return


def _give(target: socket.socket, under_way: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
    while True:
        due, piece = under_way.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not piece:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(piece)
        except OSError:
            return


if __name__ == "__main__":
    main()
