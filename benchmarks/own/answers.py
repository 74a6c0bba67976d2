"""What answers give away: how long sign-in and reset take for addresses that are known and for those that are not."""

import http.client
import itertools
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.figures import Figures
from benchmarks.own import library
from benchmarks.own.reading import HOST, site
from benchmarks.rounds import Scale

READERS = 20_000
APART = "apart, × of what is allowed"
ALLOWED_MILLISECONDS, ALLOWED_SHARE = 5.0, 0.05
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
_networks = itertools.count(1)


@dataclass(frozen=True)
class Answers:
    """A subject: one form, sent with known and unknown addresses in turn. Each try has addresses of its own."""

    form: str  # "sign-in" or "forgot-password"
    email_of: Callable[[int], str]
    known: int  # how many there are
    of_portal: bool
    numbers: "itertools.count[int]"

    def __call__(self, scale: Scale) -> Figures:
        """Medians of as many tries each as a fiftieth of the messages: 200."""
        found = site(READERS)
        at = found.library.home.rpartition("/")[0] if self.of_portal else ""
        times: dict[bool, list[float]] = {True: [], False: []}
        connection = http.client.HTTPConnection("127.0.0.1", found.port)
        for _ in range(scale.part(0.02)):
            number = next(self.numbers)
            for is_known in (True, False) if number % 2 else (False, True):
                email = self.email_of(number % self.known) if is_known else f"nobody{number}@example.net"
                times[is_known].append(self._try(connection, f"{at}/{self.form}", email))
        connection.close()
        known, unknown = (statistics.median(times[which]) * 1e3 for which in (True, False))
        apart = abs(known - unknown)
        share = apart / min(known, unknown)
        return {
            "known, ms": known,
            "unknown, ms": unknown,
            APART: min(apart / ALLOWED_MILLISECONDS, share / ALLOWED_SHARE),
        }

    def _try(self, connection: http.client.HTTPConnection, path: str, email: str) -> float:
        """Open the form, send it, and answer the seconds that the second took."""
        network = next(_networks)
        headers = {
            "Host": HOST,
            "Referer": f"https://{HOST}{path}",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": f"10.{network >> 16 & 255}.{network >> 8 & 255}.{network & 255}",
        }
        connection.request("GET", path, headers=headers)
        page = connection.getresponse()
        cookie, body = (page.getheader("Set-Cookie") or "").partition(";")[0], page.read()
        token = _TOKEN.search(body)
        if token is None:
            raise AssertionError(f"{path} answered {page.status} without a form")
        fields = {"csrf_token": token[1].decode(), "email": email, "password": "not the password"}
        more = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        began = time.perf_counter()
        connection.request("POST", path, urlencode(fields), headers | more)
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        expected = 422 if self.form == "sign-in" else 303
        if answer.status != expected:
            raise AssertionError(f"{path} answered {answer.status}")
        return took


def of_readers(form: str) -> Answers:
    """A form of the portal."""
    return Answers(form, library.reader_email, READERS, True, itertools.count())


def of_users(form: str) -> Answers:
    """A form of the admin."""
    return Answers(form, library.user_email, library.USERS, False, itertools.count())
