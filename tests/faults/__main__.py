"""``python -m tests.faults [F01 F02 …] [--seeds 3] [--out FILE]``: the matrix in full, and its figures as a table."""

import argparse
import json
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.databases import Databases
from tests.faults.matrix import matrix
from tests.faults.rows import FULL, SHORT, Row, Scale, Site

FIGURES = Path("docs/evidence/faults.json")


def main() -> None:
    """Run the rows that were named, or all; each row's figures are written down as soon as they are known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="such as F01; all if none is named")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="the sizes of the test suite")
    parser.add_argument("--out", type=Path, default=FIGURES, help="the JSON file; a table is written beside it")
    chosen = parser.parse_args()
    scale = SHORT if chosen.short else FULL
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that what was started is ended.
    with _databases() as databases:
        for row in _chosen(chosen.rows):
            found = _tried(row, databases, scale, chosen.seeds)
            print(_line(row.number, found), flush=True)
            _write(chosen.out, row.number, found)


def _chosen(numbers: list[str]) -> list[Row]:
    rows = matrix()
    return [rows[number] for number in (numbers or rows)]


@contextmanager
def _databases() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        databases = Databases(Path(folder))
        try:
            yield databases
        finally:
            databases.close()


def _tried(row: Row, databases: Databases, scale: Scale, seeds: int) -> dict[str, Any]:
    runs: list[dict[str, Any]] = []
    for seed in range(1, seeds + 1):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"fault-{row.number}-") as folder:
            try:
                run = {"seed": seed, "figures": row.run(Site(Path(folder), databases), seed=seed, scale=scale)}
            except Exception as error:  # Other rows are tried all the same.
                run = {"seed": seed, "failed": f"{type(error).__name__}: {error}"[:600]}
        runs.append(run | {"seconds": round(time.monotonic() - began, 1)})
    verdict = "failed" if any("failed" in run for run in runs) else "holds"
    return {"fault": row.fault, "expected": row.expected, "scale": scale.name, "verdict": verdict, "runs": runs}


def _write(file: Path, number: str, found: dict[str, Any]) -> None:
    """Keep what other runs found about other rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(file.read_text()) if file.exists() else {"rows": {}}
    kept |= {"python": platform.python_version(), "machine": platform.machine()}
    kept["rows"] = dict(sorted((kept["rows"] | {number: found}).items()))
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    lines = [_line(one, facts) for one, facts in kept["rows"].items()]
    file.with_suffix(".md").write_text(_HEAD + "\n".join(lines) + "\n")


def _line(number: str, found: dict[str, Any]) -> str:
    told = [run.get("failed") or _figures(run["figures"]) for run in found["runs"]]
    cells = (number, found["fault"], found["expected"], "<br>".join(told), found["scale"], found["verdict"])
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _figures(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())


_HEAD = """# Faults

Written by `python -m tests.faults`, one line of figures for each seed. What each row does is in `tests/faults/`.

| | Fault | Expected | Figures | Scale | Verdict |
|---|---|---|---|---|---|
"""


if __name__ == "__main__":
    main()
