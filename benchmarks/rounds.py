"""Interleaved rounds: every subject once, then every subject again, so that a slow minute hits all of them alike."""

import gc
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.equipment import NotAvailable
from benchmarks.figures import Claim, Figures, Outcome

Subject = Callable[["Scale"], Figures]


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    messages: int = 10_000
    rounds: int = 3

    def part(self, share: float, at_least: int = 20) -> int:
        """So many times the messages: less than one for subjects that would need hours for all of them."""
        return max(int(self.messages * share), at_least)


@dataclass(frozen=True)
class Experiment:
    """Some subjects that are compared with each other, and what is claimed of them."""

    name: str
    title: str
    subjects: Mapping[str, Subject]
    claims: Sequence[Claim] = ()


def run(experiment: Experiment, scale: Scale) -> Outcome:
    """All rounds of one experiment. A subject that is not available or fails is left out, and the report says why."""
    rounds: list[dict[str, Figures]] = []
    missing: dict[str, str] = {}
    for number in range(scale.rounds):
        rounds.append({})
        for name in _turned(list(experiment.subjects), number):
            if name in missing:
                continue
            try:
                gc.collect()
                rounds[-1][name] = figures = experiment.subjects[name](scale)
                _tell(f"{experiment.name} {number + 1}/{scale.rounds}  {name}: {_short(figures)}")
            except NotAvailable as reason:
                missing[name] = str(reason)
            except Exception as error:  # One rival that breaks must not cost the figures of the others.
                traceback.print_exc()
                missing[name] = f"{type(error).__name__}: {error}, see the output above"
    verdicts = [verdict for claim in experiment.claims if (verdict := claim.judged(rounds)) is not None]
    return Outcome(experiment.name, experiment.title, rounds, missing, verdicts)


def _turned(names: list[str], number: int) -> list[str]:
    """Another one begins in each round: nobody always comes first, when caches are cold."""
    start = number % len(names) if names else 0
    return names[start:] + names[:start]


def _short(figures: Figures) -> str:
    return ", ".join(f"{value:,.4g} {quantity}" for quantity, value in figures.items())


def _tell(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)
