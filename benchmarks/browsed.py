"""The experiments on pages: the delivery log at three lengths, beside a Flask page without anything."""

from benchmarks.figures import Claim
from benchmarks.own.pages import Page, hello
from benchmarks.rounds import Experiment

RATE = "requests/s"
DEEP = "/deliveries?older={middle}"

PAGES = Experiment(
    "pages",
    "The delivery log, 50 rows of so many, SQLite",
    {
        "Flask hello": hello,
        "1,000 rows": Page("/deliveries", 1_000),
        "100,000 rows": Page("/deliveries", 100_000),
        "1,000,000 rows": Page("/deliveries", 1_000_000),
        "1,000,000 rows, from the middle": Page(DEEP, 1_000_000),
        "1,000,000 rows, only failed": Page("/deliveries?state=failed", 1_000_000),
        "1,000,000 rows, one recipient": Page("/deliveries?recipient=reader77@company77.example.com", 1_000_000),
    },
    (
        Claim("G13", "1,000,000 rows", RATE, "Flask hello", at_least=0.15),
        Claim("G13", "1,000,000 rows, from the middle", RATE, "1,000,000 rows", at_least=0.9),
        Claim("flat", "1,000,000 rows", RATE, "1,000 rows", at_least=0.8),
    ),
)

EXPERIMENTS = (PAGES,)
