"""What came out: tables for people (Markdown), and every single figure for programs (JSON)."""

import functools
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from benchmarks.figures import Outcome, Spread, Verdict
from benchmarks.rounds import Scale


def markdown(outcomes: Iterable[Outcome], scale: Scale) -> str:
    """All tables, goals first."""
    outcomes = list(outcomes)
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    parts = [_about(scale)]
    if verdicts:
        parts.append("## Goals\n\n" + _goals(verdicts))
    parts += [f"## {outcome.title}\n\n{_figures(outcome)}" for outcome in outcomes]
    return "\n\n".join(parts) + "\n"


def as_json(outcomes: Iterable[Outcome], scale: Scale) -> str:
    """Everything that was measured, round by round."""
    return json.dumps(
        {"machine": machine(), "scale": asdict(scale), "outcomes": [_plain(o) for o in outcomes]}, indent=1
    )


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "load before": os.getloadavg()[0],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "fsync, ms": fsync_milliseconds(),
    }


@functools.cache
def fsync_milliseconds() -> float:
    """How long a durable write takes here: the least that a commit with ``synchronous=FULL`` can take."""
    with tempfile.TemporaryFile() as file:
        times = []
        for number in range(50):
            os.pwrite(file.fileno(), b"x" * 4096, 4096 * number)
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def _about(scale: Scale) -> str:
    found = machine()
    return (
        f"{found['at']}, {found['cores']} cores, Python {found['python']}, SQLite {found['sqlite']}, "
        f"an fsync takes {found['fsync, ms']:.2f} ms; "
        f"{scale.messages:,} messages, {scale.rounds} interleaved rounds; *smallest / median / largest*."
    )


def _goals(verdicts: list[Verdict]) -> str:
    rows = ["| goal | what | wanted | measured | reached |", "|---|---|---|---|---|"]
    for verdict in verdicts:
        claim = verdict.claim
        what = f"{claim.subject}, {claim.quantity}"
        if claim.yardstick is not None:
            what += f", × {claim.yardstick}"
            if claim.yardstick_quantity not in (None, claim.quantity):
                what += f" ({claim.yardstick_quantity})"
        answer = {True: "yes", False: "**no**", None: ""}[verdict.reached]
        rows.append(f"| {claim.goal} | {what} | {_bound(verdict)} | {_spread(verdict.spread)} | {answer} |")
    return "\n".join(rows)


def _bound(verdict: Verdict) -> str:
    if verdict.claim.at_least is not None:
        return f"≥ {verdict.claim.at_least:g}"
    return f"≤ {verdict.claim.at_most:g}" if verdict.claim.at_most is not None else ""


def _figures(outcome: Outcome) -> str:
    spreads = outcome.spreads()
    quantities = list(dict.fromkeys(quantity for figures in spreads.values() for quantity in figures))
    rows = ["| | " + " | ".join(quantities) + " |", "|---" * (len(quantities) + 1) + "|"]
    for subject, figures in spreads.items():
        cells = [_spread(figures[quantity]) if quantity in figures else "" for quantity in quantities]
        rows.append(f"| {subject} | " + " | ".join(cells) + " |")
    rows += [
        f"\n{subject}: not measured: {reason.strip().splitlines()[-1]}" for subject, reason in outcome.missing.items()
    ]
    return "\n".join(rows)


def _spread(spread: Spread) -> str:
    return f"{_number(spread.smallest)} / **{_number(spread.median)}** / {_number(spread.largest)}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "title": outcome.title,
        "rounds": [dict(one) for one in outcome.rounds],
        "missing": dict(outcome.missing),
        "verdicts": [
            asdict(verdict.claim) | {"spread": asdict(verdict.spread), "reached": verdict.reached}
            for verdict in outcome.verdicts
        ],
    }
