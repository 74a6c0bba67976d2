"""How often passwords may be tried: bounds that slow guessing down and end by themselves.

Nobody is locked out for good: after the window the right password works, and a link to set a new one works always.
"""

from kbadmin import throttle
from kbadmin.throttle import Limit

SIGN_IN = Limit("sign-in", 5, 15 * 60)
SIGN_IN_FROM = Limit("sign-in from", 20, 15 * 60)
OWN_PASSWORD = Limit("own password", 5, 15 * 60)
RESET = Limit("reset", 3, 60 * 60)
RESET_FROM = Limit("reset from", 20, 60 * 60)


class TooManyTries(Exception):
    """The limit is used up; ``wait_seconds`` until it is not."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"wait {wait_seconds} s")
        self.wait_seconds = max(wait_seconds, 1)

    @property
    def wait_minutes(self) -> int:
        """The wait in whole minutes, at least one."""
        return -(-self.wait_seconds // 60)

    @property
    def wait_words(self) -> str:
        """«5 min», or «3 h» where it is long."""
        return f"{self.wait_minutes} min" if self.wait_minutes <= 90 else f"{-(-self.wait_minutes // 60)} h"


def take(limit: Limit, key: str) -> None:
    """Take one try before it is made, so that many at once cannot slip through; raises :class:`TooManyTries`."""
    if throttle.count(limit, key) > limit.count:
        raise TooManyTries(throttle.wait_seconds(limit, key))


def require_left(limit: Limit, key: str) -> None:
    """Raise :class:`TooManyTries` if no try is left; takes none."""
    if throttle.spent(limit, key):
        raise TooManyTries(throttle.wait_seconds(limit, key))


def person_key(email: str) -> str:
    """The key of whatever was typed as an address: whether such a person exists makes no difference."""
    return email.strip().casefold()[:320]
