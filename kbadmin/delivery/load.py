"""How busy this process is: its threads share one interpreter, and too many of them slow each other down."""

#: Seconds of processor time in a second: below the first another thread helps, above the second one is too many.
EASY, BREATHLESS = 0.92, 1.2


class Load:
    """How busy this process is, in seconds of processor time a second, as measured a moment ago."""

    def __init__(self, now: float, used: float) -> None:
        self._measured = (now, used)
        self._share = 1.0
        self._is_told = True

    def measure(self, now: float, used: float) -> None:
        """Take the share since the last time: seconds of monotonic time, and of this process's processor time."""
        (since, before), self._measured = self._measured, (now, used)
        self._share = (used - before) / max(now - since, 0.001)
        self._is_told = False

    def is_easy(self) -> bool:
        """Whether there is time to spare."""
        return self._share < EASY

    def is_too_much(self) -> bool:
        """Whether there is none; true once for each measurement, as doing less takes time to show."""
        if self._is_told or self._share < BREATHLESS:
            return False
        self._is_told = True
        return True
