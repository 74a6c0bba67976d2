"""The experiments on pages: the delivery log at three lengths, readers at two, articles, and what answers give away."""

from benchmarks.figures import Claim
from benchmarks.own.answers import APART, of_readers, of_users
from benchmarks.own.pages import Page, hello
from benchmarks.own.reading import ReadPage, bare_list
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

READING = Experiment(
    "reading",
    "Readers, 50 rows of so many, and an article of 500, SQLite",
    {
        "Flask hello": hello,
        "bare list": bare_list,
        "100 readers": ReadPage("/readers", 100),
        "100,000 readers": ReadPage("/readers", 100_000),
        "100,000 readers, made anew": ReadPage("/readers", 100_000, is_made_anew=True),
        "100,000 readers, from the middle": ReadPage("/readers?after={middle}", 100_000),
        "100,000 readers, one name": ReadPage("/readers?q=berg0777", 100_000),
        "article, stranger": ReadPage("{article}", who="stranger"),
        "article, reader": ReadPage("{article}", who="reader"),
        "search, stranger": ReadPage("{home}/search?q=lid", who="stranger"),
    },
    (
        Claim("G16", "100,000 readers", "p95, ms", "100 readers", at_most=1.5),
        Claim("G16", "100,000 readers, from the middle", "p95, ms", "100 readers", at_most=1.5),
        Claim("G17", "article, stranger", RATE, "Flask hello", at_least=0.25),
        Claim("G17", "article, reader", RATE, "Flask hello", at_least=0.25),
        Claim("G17", "100,000 readers", RATE, "Flask hello", at_least=0.12),
        Claim("", "100,000 readers, made anew", RATE, "Flask hello"),
        Claim("", "bare list", RATE, "Flask hello"),
    ),
)

ANSWERS = Experiment(
    "answers",
    "Forms sent with addresses that are known and unknown in turn, SQLite; medians of one in fifty messages",
    {
        "sign-in, readers": of_readers("sign-in"),
        "sign-in, users": of_users("sign-in"),
        "reset, readers": of_readers("forgot-password"),
        "reset, users": of_users("forgot-password"),
    },
    tuple(
        Claim("G15", f"{form}, {people}", APART, at_most=1.0)
        for form in ("sign-in", "reset")
        for people in ("readers", "users")
    ),
)

EXPERIMENTS = (PAGES, READING, ANSWERS)
