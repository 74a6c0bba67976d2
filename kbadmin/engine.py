"""The engine carries wake-ups; the database is the truth.

A task is a function that takes JSON values, usually one id, and looks up the rest. :func:`wake` queues it *after*
the transaction that asked for it has committed. A lost wake-up costs seconds, as sweeps find what is due; a doubled
one must cost nothing. Nothing outside this module imports Huey.
"""

import functools
import json
import os
import threading
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import huey.consumer
import huey.serializer
from flask import Flask, current_app
from huey import PostgresHuey, RedisHuey, SqliteHuey
from huey.registry import Message
from sqlalchemy import event
from sqlalchemy.orm import Session

from kbadmin import logs
from kbadmin.config import Settings
from kbadmin.database import db
from kbadmin.gate import Gate

EXTENSION = "kbadmin.engine"
_PENDING = "wakes"

log = logs.get(__name__)

Task = Callable[..., None]
TASKS: dict[str, Task] = {}
SWEEPS: list[Callable[[], None]] = []


def task(function: Task) -> Task:
    """Make a function something that :func:`wake` can ask for. It runs in an application context of its own.

    Its name must be no other task's: it is all that a queue keeps. Raises RuntimeError otherwise.
    """
    if TASKS.setdefault(function.__qualname__, function).__module__ != function.__module__:
        raise RuntimeError(f"two tasks are named {function.__qualname__}")
    return function


def sweep(function: Callable[[], None]) -> Callable[[], None]:
    """Have a function called every few seconds by whoever works; it must be harmless to call twice at once."""
    SWEEPS.append(function)
    return function


class Companion(Protocol):
    """Something that works beside the engine's threads for as long as they do."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """Take nothing new, finish what is under way, then return."""


COMPANIONS: dict[str, Callable[["Engine"], Companion]] = {}


def alongside(name: str, make: Callable[["Engine"], Companion]) -> None:
    """Have a companion made for each engine; :meth:`Engine.companion` finds it by its name."""
    COMPANIONS[name] = make


def wake(function: Task, *arguments: str | int) -> None:
    """Ask for a task once the current transaction has committed; if it rolls back, nothing was asked."""
    wake_named(function.__qualname__, *arguments)


def wake_named(name: str, *arguments: str | int, session: Session | None = None) -> None:
    """:func:`wake` for rooms that stand below the task's: they know it by its name. Asked twice, it goes out once.

    By default it goes out with the request's session; give the one whose commit it should wait for.
    """
    (session or db.session()).info.setdefault(_PENDING, {})[name, arguments] = None


class _JsonSerializer(huey.serializer.Serializer):  # type: ignore[misc]
    """Wake-ups as JSON: a queue that somebody could write to must not be able to run code (as pickle would)."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data) if isinstance(data, Message) else data, default=str).encode()

    def _deserialize(self, data: bytes) -> Any:
        value = json.loads(bytes(data))
        return Message(*value) if isinstance(value, list) else value


class _Consumer(huey.consumer.Consumer):  # type: ignore[misc]
    """Huey's consumer without its signal handlers: the process that starts it has its own."""

    def _set_signal_handlers(self) -> None:
        pass


class Engine:
    """The queue of one application, and the threads that work it off."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app = app
        self.sweep_seconds = settings.limits.sweep_seconds
        self.huey = _queue_at(settings.queue_url)
        self._tasks = {name: self._registered(name, function) for name, function in TASKS.items()}
        self._consumer: _Consumer | None = None
        self._stop = threading.Event()
        self._sweeper: threading.Thread | None = None
        self._gate: Gate | None = None
        self._companions = {name: make(self) for name, make in COMPANIONS.items()}

    def gate_with(self, ask: Callable[[], str | None]) -> None:
        """Run no task and no sweep while this question is answered with a reason; asked in a context of its own."""

        def in_context() -> str | None:
            with self.app.app_context():
                try:
                    return ask()
                finally:
                    db.session.remove()

        self._gate = Gate(in_context)

    @property
    def is_open(self) -> bool:
        """Whether background work may run; cheap enough to be asked before every piece of it."""
        return self._gate is None or self._gate.is_open

    def look_again(self) -> None:
        """Ask the gate's question anew the next time, not only when its last answer has grown old."""
        if self._gate is not None:
            self._gate.look_again()

    def companion(self, name: str) -> Companion:
        """What works beside the engine under this name."""
        return self._companions[name]

    def _registered(self, name: str, function: Task) -> Any:
        @functools.wraps(function)
        def in_context(*arguments: Any) -> None:
            if not self.is_open:
                return  # The wake-up is lost, the work is not: the sweeps find it when the gate has opened.
            with self.app.app_context():
                try:
                    function(*arguments)
                finally:
                    db.session.remove()

        return self.huey.task(name=name)(in_context)

    def enqueue(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Queue a task now. A queue that cannot be reached is logged, not raised: the sweep will find the work."""
        try:
            self._tasks[name](*arguments)
        except Exception as error:  # Whatever the queue's driver raises; the rows are safe either way.
            log.warning("wake-up lost", task=name, reason=str(error))

    def start(self, workers: int = 2) -> None:
        """Work in threads of this process until :meth:`stop`."""
        self._stop.clear()
        self._consumer = _Consumer(
            self.huey, workers=workers, periodic=False, initial_delay=0.05, backoff=1.2, max_delay=0.5
        )
        for companion in self._companions.values():
            companion.start()
        self._consumer.start()
        self._sweeper = threading.Thread(target=self._sweep_forever, name="sweep", daemon=True)
        self._sweeper.start()

    def stop(self) -> None:
        """Take no new task, finish those under way, then return."""
        self._stop.set()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
            self._consumer = None
        if self._sweeper is not None:
            self._sweeper.join(timeout=30)
            self._sweeper = None
        for companion in self._companions.values():
            companion.stop()

    def work_off(self) -> None:
        """Do all that is queued, and what that queues, in this thread. What a task raises is raised."""
        while queued := self.huey.dequeue():
            queued.execute()

    def forget_wakes(self) -> None:
        """Empty the queue; the sweeps find whatever is due."""
        self.huey.storage.flush_queue()

    def close(self) -> None:
        """Give back the queue's connections."""
        self.huey.storage.close()

    def _sweep_forever(self) -> None:
        while not self._stop.wait(self.sweep_seconds):
            self.sweep_once()

    def sweep_once(self) -> None:
        """Call every sweep, unless the gate is closed."""
        if not self.is_open:
            return
        for function in SWEEPS:
            with self.app.app_context():
                try:
                    function()
                except Exception as error:  # One broken sweep must not end the others.
                    log.error("sweep failed", sweep=function.__qualname__, exc_info=error)
                finally:
                    db.session.remove()


def attach(app: Flask, settings: Settings) -> None:
    """Give the application its engine. Call it when every room with tasks has been imported."""
    if settings.queue_url.startswith("sqlite:///"):
        settings.instance_folder.mkdir(parents=True, exist_ok=True)
    app.extensions[EXTENSION] = Engine(app, settings)


def of(app: Flask) -> Engine:
    """The engine of an application."""
    engine: Engine = app.extensions[EXTENSION]
    return engine


@event.listens_for(Session, "after_commit")
def _send_wakes(session: Session) -> None:
    for name, arguments in session.info.pop(_PENDING, {}):
        current_app.extensions[EXTENSION].enqueue(name, arguments)


@event.listens_for(Session, "after_rollback")
def _forget_wakes(session: Session) -> None:
    session.info.pop(_PENDING, None)


def _queue_at(url: str) -> Any:
    options = {"results": False, "serializer": _JsonSerializer()}
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return SqliteHuey("kbadmin", filename=os.fspath(url.removeprefix("sqlite:///")), fsync=False, **options)
    if scheme == "redis":
        return RedisHuey("kbadmin", url=url, **options)
    return PostgresHuey("kbadmin", dsn=url, **options)
