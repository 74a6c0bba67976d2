"""Several conversations with mail servers in one thread: while one waits for its server, another goes on.

Threads would do the same, but those of one interpreter hand it to each other at every system call, and between servers
that answer at once that costs as much as the messages. Here a conversation gives way only where it has nothing to read
yet, or cannot write more. Its code stays what it was: :class:`~kbadmin.smtp.wire.Wire` asks whether it runs beside
others. Greenlets are what SQLAlchemy's asyncio and gevent rest on, too.
"""

import contextvars
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, Protocol, TypeVar

from greenlet import getcurrent, greenlet

READABLE, WRITABLE = select.POLLIN, select.POLLOUT
T = TypeVar("T")


class HasFileno(Protocol):
    """A socket, or anything else that one can wait for."""

    def fileno(self) -> int: ...


class _Conversation(greenlet):
    """One of them; it knows its multiplexer and whether its last wait was in vain."""

    multiplexer: "Multiplexer"
    has_waited_in_vain = False


class _Wait(NamedTuple):
    conversation: _Conversation
    until: float  # of monotonic time


class Multiplexer:
    """Runs functions side by side in the thread that calls :meth:`run`. Not to be touched by other threads."""

    def __init__(self) -> None:
        self._hub = getcurrent()
        self._ready: deque[_Conversation] = deque()
        self._waiting: dict[int, _Wait] = {}
        self._poll = select.poll()
        self._alive = 0

    @property
    def count(self) -> int:
        """How many have not ended."""
        return self._alive

    def start(self, function: Callable[[], None]) -> None:
        """Have another one begin soon. It must not raise."""
        conversation = _Conversation(function)
        conversation.multiplexer = self
        self._alive += 1
        self._ready.append(conversation)

    def run(self, *, look_seconds: float, look: Callable[[], None]) -> None:
        """Until all have ended. ``look`` is called now and then, about every so many seconds, and may start more."""
        self._hub = getcurrent()
        look_at = time.monotonic() + look_seconds
        while self._alive:
            for _ in range(len(self._ready)):
                self._go_on(self._ready.popleft())
            if time.monotonic() >= look_at:
                look()
                look_at = time.monotonic() + look_seconds
            if self._waiting:
                self._listen(0.0 if self._ready else look_at - time.monotonic())

    def wait(self, whatever: HasFileno | int, event: int, seconds: float) -> None:
        """Give way until it can be read (or written). Raises TimeoutError. Called inside a conversation."""
        conversation = getcurrent()
        assert isinstance(conversation, _Conversation)
        descriptor = whatever if isinstance(whatever, int) else whatever.fileno()
        self._waiting[descriptor] = _Wait(conversation, time.monotonic() + seconds)
        self._poll.register(descriptor, event)
        self._hub.switch()
        if conversation.has_waited_in_vain:
            conversation.has_waited_in_vain = False
            raise TimeoutError("the deadline has passed")

    def pause(self) -> None:
        """Let the others go on as far as they can. Called inside a conversation."""
        if self._alive > 1:
            conversation = getcurrent()
            assert isinstance(conversation, _Conversation)
            self._ready.append(conversation)
            self._hub.switch()

    def _go_on(self, conversation: _Conversation) -> None:
        conversation.parent = self._hub  # Where it returns to when it ends, whoever started it.
        conversation.switch()
        if conversation.dead:
            self._alive -= 1

    def _listen(self, seconds: float) -> None:
        for descriptor, _ in self._poll.poll(max(0, math.ceil(seconds * 1000))):
            self._wake(descriptor)
        now = time.monotonic()
        for descriptor in [one for one, wait in self._waiting.items() if wait.until <= now]:
            self._waiting[descriptor].conversation.has_waited_in_vain = True
            self._wake(descriptor)

    def _wake(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._ready.append(self._waiting.pop(descriptor).conversation)


def current() -> Multiplexer | None:
    """The multiplexer that the caller runs in; none in a thread of its own."""
    running = getcurrent()
    return running.multiplexer if isinstance(running, _Conversation) else None


def aside(function: Callable[[], T]) -> T:
    """Call a function that may block for long: beside others, in a thread, so that they go on meanwhile.

    It sees the caller's context variables. Raises what the function raises.
    """
    together = current()
    if together is None:
        return function()
    context, done = contextvars.copy_context(), Future[T]()
    heard, told = os.pipe()
    try:
        thread = threading.Thread(target=_settle, args=(done, context, function, told), name="aside", daemon=True)
        thread.start()
        together.wait(heard, READABLE, math.inf)
        thread.join()
    finally:
        os.close(heard)
        os.close(told)
    return done.result()


def _settle(done: Future[T], context: contextvars.Context, function: Callable[[], T], told: int) -> None:
    try:
        done.set_result(context.run(function))
    except BaseException as error:
        done.set_exception(error)
    finally:
        os.write(told, b".")
