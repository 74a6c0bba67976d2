"""A gate before the background work: one question, asked now and then, whose answer may be that nothing must run."""

import threading
import time
from collections.abc import Callable

from kbadmin import logs

SECONDS = 2.0

log = logs.get(__name__)


class Gate:
    """Open as long as ``ask`` answers None; its sentence says why not. Closed, too, while it cannot be asked.

    Whoever passes pays for a look at the time only: every :data:`SECONDS` one of them asks, the others go by the
    last answer. What a closed gate held back is lost, and found again by the sweeps.
    """

    def __init__(self, ask: Callable[[], str | None]) -> None:
        self._ask = ask
        self._asking = threading.Lock()
        self._asked_at: float | None = None
        self._is_open = False
        self._said = ""

    @property
    def is_open(self) -> bool:
        """Whether background work may run now."""
        has_answer = self._asked_at is not None
        if not self._is_fresh() and self._asking.acquire(blocking=not has_answer):
            try:
                if not self._is_fresh():
                    self._look()
            finally:
                self._asking.release()
        return self._is_open

    def look_again(self) -> None:
        """Forget the last answer: the next who passes asks."""
        self._asked_at = None

    def _is_fresh(self) -> bool:
        asked_at = self._asked_at
        return asked_at is not None and time.monotonic() - asked_at < SECONDS

    def _look(self) -> None:
        reason = self._answer()
        self._is_open = reason is None
        self._asked_at = time.monotonic()
        if reason and not self._said:
            log.warning("worker paused", reason=reason)
        elif self._said and not reason:
            log.warning("worker goes on")
        self._said = reason or ""

    def _answer(self) -> str | None:
        try:
            return self._ask()
        except Exception as error:  # Whatever the database's driver raises.
            return f"whether it may work cannot be asked ({type(error).__name__})"
