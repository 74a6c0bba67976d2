"""The crew: the threads of one process that carry messages, lanes in turn.

A lane is *poked* when it may have something due: by a wake-up of the engine, by a sweep, or by its own slice that left
something. Each thread takes the lane that waits longest and works one slice of it, so that nobody's fifty thousand
digests stand before somebody else's password reset. Connections stay open between slices while they are used.

A lane has one thread at most. If there is more than a connection carries at once, or the lane is poked while its thread
waits for a slow server, another slice begins beside the first, over another connection if the service allows it:
:mod:`kbadmin.smtp.multiplexing` lets the thread work on whichever server has answered.
"""

import heapq
import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from kbadmin import logs
from kbadmin.database import db
from kbadmin.delivery.carrier import Carrier, Rest
from kbadmin.delivery.held_connections import HeldConnection, Opener
from kbadmin.delivery.workers import BEAT_SECONDS, Presence
from kbadmin.engine import Engine
from kbadmin.smtp.multiplexing import Multiplexer

MOST_THREADS = 24
MOST_ON_A_LANE = 8
NAP_SECONDS = 0.5
LOOK_SECONDS = 0.125
AFTER_OUR_MISTAKE_SECONDS = 30.0

log = logs.get(__name__)


class Crew:
    """Starts threads as lanes need them, up to a limit; :meth:`stop` ends them in good order."""

    def __init__(self, engine: Engine, folder: Path, *, idle_seconds: float = 30.0) -> None:
        self._engine = engine
        self._folder = folder
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._ready: deque[uuid.UUID] = deque()
        self._later: list[tuple[float, int, uuid.UUID]] = []
        self._order = itertools.count()
        self._at_work: set[uuid.UUID] = set()
        self._idle: dict[uuid.UUID, list[HeldConnection]] = {}
        self._threads: list[threading.Thread] = []
        self._resting = 0
        self._is_stopping = False
        self._presence: Presence | None = None
        self._carrier: Carrier | None = None
        self._heart: threading.Thread | None = None

    @property
    def is_working(self) -> bool:
        """Whether there are threads to carry."""
        return self._carrier is not None

    def start(self) -> None:
        """Join the workers, and take over at once from any of this host that died."""
        with self._engine.app.app_context():
            self._presence = Presence(self._folder)
            self._presence.begin()
            self._presence.beat()
        self._is_stopping = False
        self._carrier = Carrier(self._presence.id, Opener(self._folder))
        self._heart = threading.Thread(target=self._live, name="heart", daemon=True)
        self._heart.start()

    def stop(self) -> None:
        """Finish the messages under way, give back the rest, close the connections, leave the workers."""
        carrier, presence = self._carrier, self._presence
        if carrier is None or presence is None:
            return
        carrier.is_stopping = True
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        if self._heart is not None:
            self._heart.join()
        self._threads, self._carrier = [], None
        with self._engine.app.app_context():
            for held in itertools.chain.from_iterable(self._idle.values()):
                carrier.release(held)
            carrier.debts.pay()
            presence.end()
            db.session.remove()
        self._idle.clear()
        self._ready.clear()
        self._later.clear()

    def poke(self, lane_id: uuid.UUID, *, in_seconds: float = 0.0) -> None:
        """Have a lane looked at, now or in some seconds, also if it is being worked on."""
        with self._changed:
            if in_seconds > 0:
                heapq.heappush(self._later, (time.monotonic() + in_seconds, next(self._order), lane_id))
            elif lane_id not in self._ready:
                self._ready.append(lane_id)
                self._hire()
            self._changed.notify()

    def _hire(self) -> None:
        """Another thread, if all are busy and the limit is not reached."""
        wanted = len(set(self._ready) - self._at_work)
        if self._resting < wanted and len(self._threads) < MOST_THREADS and not self._is_stopping:
            thread = threading.Thread(target=self._work, name=f"carrier-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (lane_id := self._next_lane()) is not None:
            try:
                self._carry(lane_id)
            finally:
                with self._changed:
                    self._at_work.discard(lane_id)
                    self._changed.notify()

    def _carry(self, lane_id: uuid.UUID) -> None:
        slices = Multiplexer()
        self._begin_slice(lane_id, slices)
        slices.run(look_seconds=LOOK_SECONDS, look=lambda: self._look_again(lane_id, slices))

    def _next_lane(self) -> uuid.UUID | None:
        with self._changed:
            self._resting += 1
            try:
                while not self._is_stopping:
                    self._promote()
                    lane_id = next((one for one in self._ready if one not in self._at_work), None)
                    if lane_id is not None:
                        self._ready.remove(lane_id)
                        self._at_work.add(lane_id)
                        return lane_id
                    self._changed.wait(self._nap())
                return None
            finally:
                self._resting -= 1

    def _promote(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, _, lane_id = heapq.heappop(self._later)
            if lane_id not in self._ready:
                self._ready.append(lane_id)

    def _nap(self) -> float:
        return min(NAP_SECONDS, max(0.001, self._later[0][0] - time.monotonic())) if self._later else NAP_SECONDS

    def _begin_slice(self, lane_id: uuid.UUID, slices: Multiplexer) -> None:
        """A slice beside those under way; each that finds more than it carries begins another."""

        def work() -> None:
            with self._engine.app.app_context():
                try:
                    rest = self._slice(lane_id, on_full=lambda: self._begin_slice(lane_id, slices))
                finally:
                    db.session.remove()
            self._go_on(lane_id, slices, rest)

        if slices.count < MOST_ON_A_LANE:
            slices.start(work)

    def _slice(self, lane_id: uuid.UUID, on_full: Callable[[], None]) -> Rest:
        carrier = self._carrier
        if carrier is None or not self._engine.is_open:
            return Rest()
        try:
            rest = carrier.slice(lane_id, self._take_idle(lane_id), on_full=on_full)
        except SQLAlchemyError as error:
            log.error("slice ended by the database", lane=str(lane_id), reason=type(error).__name__)
            return Rest(1.0)
        except Exception as error:  # A mistake of ours in one lane must not stop the others.
            log.error("slice broke", lane=str(lane_id), exc_info=error)
            return Rest(AFTER_OUR_MISTAKE_SECONDS)
        if rest.held is not None:
            with self._changed:
                self._idle.setdefault(lane_id, []).append(rest.held)
        return rest

    def _go_on(self, lane_id: uuid.UUID, slices: Multiplexer, rest: Rest) -> None:
        """Have the lane looked at again when it is time. While others of it wait for their servers, that is here."""
        if rest.again_in is None:
            return
        if rest.again_in == 0.0 and slices.count > 1 and not self._is_stopping and not self._is_awaited(lane_id):
            self._begin_slice(lane_id, slices)
        else:
            self.poke(lane_id, in_seconds=rest.again_in)

    def _is_awaited(self, lane_id: uuid.UUID) -> bool:
        """Whether a lane waits for a thread, and there are no more of them."""
        with self._changed:
            return not self._resting and any(one not in self._at_work for one in self._ready)

    def _look_again(self, lane_id: uuid.UUID, slices: Multiplexer) -> None:
        """Somebody poked the lane while this thread is at it."""
        with self._changed:
            if lane_id not in self._ready or slices.count >= MOST_ON_A_LANE:
                return
            self._ready.remove(lane_id)
        self._begin_slice(lane_id, slices)

    def _take_idle(self, lane_id: uuid.UUID) -> HeldConnection | None:
        with self._changed:
            idle = self._idle.get(lane_id)
            return idle.pop() if idle else None

    def _live(self) -> None:
        """Beat each second."""
        while True:
            self._beat()
            with self._changed:
                if self._changed.wait_for(lambda: self._is_stopping, BEAT_SECONDS):
                    return

    def _beat(self) -> None:
        """Say that we live, close what is idle, and look after lanes whose connection we hold: nobody else can."""
        with self._engine.app.app_context():
            try:
                if self._presence is not None:
                    self._presence.beat()
                if self._carrier is not None:
                    self._carrier.debts.pay()
                self._close_idle()
            except Exception as error:  # The next beat tries again.
                log.error("no beat", reason=type(error).__name__)
            finally:
                db.session.remove()

    def _close_idle(self) -> None:
        limit = time.monotonic() - self._idle_seconds
        with self._changed:
            old = [held for idle in self._idle.values() for held in idle if held.used_at < limit]
            for held in old:
                self._idle[held.lane_id].remove(held)
            kept = [lane_id for lane_id, idle in self._idle.items() if idle and lane_id not in self._at_work]
        for held in old:
            if self._carrier is not None:
                self._carrier.release(held)
        for lane_id in kept:
            self.poke(lane_id)
