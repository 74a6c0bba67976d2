"""The experiments on the queue itself, without a mail server."""

from benchmarks.figures import Claim
from benchmarks.own.claims import ClaimAndMark, in_batches, row_by_row
from benchmarks.own.enqueuing import Enqueue, many, objects
from benchmarks.own.fanning_out import FanOut
from benchmarks.rounds import Experiment

COST = "µs/message"

CLAIMS = Experiment(
    "claims",
    "Claiming and marking a message",
    {
        "batches of 100, SQLite": ClaimAndMark(in_batches),
        "batches of 100, PostgreSQL": ClaimAndMark(in_batches, "postgresql"),
        "ORM row by row, SQLite": ClaimAndMark(row_by_row, share=0.05),
        "ORM row by row, PostgreSQL": ClaimAndMark(row_by_row, "postgresql", share=0.05),
    },
    (
        Claim("G9", "batches of 100, SQLite", COST, at_most=10),
        Claim("G9 (or)", "ORM row by row, SQLite", COST, "batches of 100, SQLite", at_least=20),
        Claim("G9", "batches of 100, PostgreSQL", COST, at_most=30),
        Claim("G9 (or)", "ORM row by row, PostgreSQL", COST, "batches of 100, PostgreSQL", at_least=20),
    ),
)

ENQUEUING = Experiment(
    "enqueuing",
    "Queueing a digest (ten messages for each of the others')",
    {
        "a shared body and parts, SQLite": Enqueue(many),
        "a shared body and parts, PostgreSQL": Enqueue(many, "postgresql"),
        "whole messages, ORM add_all, SQLite": Enqueue(objects, share=0.1),
        "whole messages, ORM add_all, PostgreSQL": Enqueue(objects, "postgresql", share=0.1),
    },
    (
        Claim("G10", "whole messages, ORM add_all, SQLite", COST, "a shared body and parts, SQLite", at_least=20),
        Claim("G10", "a shared body and parts, SQLite", "longest stall, ms", at_most=25),
        Claim("", "whole messages, ORM add_all, PostgreSQL", COST, "a shared body and parts, PostgreSQL"),
    ),
)

SIZES = Experiment(
    "sizes",
    "Claiming and marking beside many old messages",
    {
        f"{old:,} old, {name}": ClaimAndMark(in_batches, database, share=0.5, old_messages=old)
        for database, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
        for old in (1_000, 100_000, 1_000_000)
    },
    (
        Claim("flat", "1,000,000 old, SQLite", COST, "1,000 old, SQLite", at_most=1.2),
        Claim("flat", "1,000,000 old, PostgreSQL", COST, "1,000 old, PostgreSQL", at_most=1.2),
    ),
)

FANNING_OUT = Experiment(
    "fanning-out",
    "A digest run to ten times as many subscribers",
    {
        "SQLite": FanOut(),
        "SQLite, others write": FanOut(is_watched=True),
        "PostgreSQL": FanOut("postgresql", share=2.0),
    },
    (
        Claim("fan-out", "SQLite", "of a bare insert's speed", at_least=0.3),
        Claim("fan-out", "SQLite", "memory growth, MiB", at_most=50),
        Claim("fan-out", "SQLite", "rows/s", at_least=20_000),
        Claim("fan-out", "SQLite, others write", "longest stall, ms", at_most=25),
        Claim("", "PostgreSQL", "of a bare insert's speed"),
    ),
)

EXPERIMENTS = (CLAIMS, ENQUEUING, SIZES, FANNING_OUT)
