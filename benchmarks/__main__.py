"""``python -m benchmarks [names] [--messages 10000] [--rounds 3] [--out FILE.json]``."""

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.experiments import EXPERIMENTS
from benchmarks.rounds import Scale, run


def main() -> int:
    """Measure, print the tables, write the figures. Not 0 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="See benchmarks/README.md.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"all, or some of: {', '.join(EXPERIMENTS)}")
    parser.add_argument("--messages", type=int, default=Scale.messages)
    parser.add_argument("--rounds", type=int, default=Scale.rounds)
    parser.add_argument("--out", type=Path, help="where to write every figure as JSON")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(EXPERIMENTS):
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}; there are {', '.join(EXPERIMENTS)}")
    scale = Scale(chosen.messages, chosen.rounds)
    outcomes = []
    for name in chosen.names or EXPERIMENTS:
        outcomes.append(run(EXPERIMENTS[name], scale))
        if chosen.out:
            chosen.out.write_text(report.as_json(outcomes, scale))
    print(report.markdown(outcomes, scale))
    return int(any(verdict.reached is False for outcome in outcomes for verdict in outcome.verdicts))


if __name__ == "__main__":
    sys.exit(main())
