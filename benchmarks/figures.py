"""Figures and what is claimed of them: samples, spreads, and ratios that are taken inside one round.

A machine's speed changes from minute to minute, so absolute figures are shown but never claimed. A claim divides two
figures of the same round, and its median over the rounds is what counts.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]  # what one subject measured in one round, by quantity: {"messages/s": 12000.0}


@dataclass(frozen=True)
class Spread:
    """Smallest, middle and largest of some values."""

    smallest: float
    median: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Claim:
    """``subject`` against ``yardstick`` (none: the figure by itself) in one quantity, and the bound that is the goal.

    Set ``at_least`` or ``at_most``. Without either the ratio is only shown.
    """

    goal: str
    subject: str
    quantity: str
    yardstick: str | None = None
    yardstick_quantity: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def judged(self, rounds: Sequence[Mapping[str, Figures]]) -> "Verdict | None":
        """The claim over all rounds that measured both; none if there was no such round."""
        values = [value for one in rounds if (value := self._value(one)) is not None]
        if not values:
            return None
        spread = Spread.of(values)
        reached = None
        if self.at_least is not None:
            reached = spread.median >= self.at_least
        elif self.at_most is not None:
            reached = spread.median <= self.at_most
        return Verdict(self, spread, reached)

    def _value(self, one: Mapping[str, Figures]) -> float | None:
        value = one.get(self.subject, {}).get(self.quantity)
        if self.yardstick is None or value is None:
            return value
        measure = one.get(self.yardstick, {}).get(self.yardstick_quantity or self.quantity)
        return value / measure if measure else None


@dataclass(frozen=True)
class Verdict:
    """A claim, what came out, and whether the goal was reached (none: there is no bound)."""

    claim: Claim
    spread: Spread
    reached: bool | None


@dataclass(frozen=True)
class Outcome:
    """One experiment: what each subject measured in each round, what did not run and why, and the verdicts."""

    name: str
    title: str
    rounds: Sequence[Mapping[str, Figures]]
    missing: Mapping[str, str]
    verdicts: Sequence[Verdict]

    def spreads(self) -> dict[str, dict[str, Spread]]:
        """Smallest, median and largest by subject and quantity."""
        collected: dict[str, dict[str, list[float]]] = {}
        for one in self.rounds:
            for subject, figures in one.items():
                for quantity, value in figures.items():
                    collected.setdefault(subject, {}).setdefault(quantity, []).append(value)
        return {
            subject: {quantity: Spread.of(values) for quantity, values in quantities.items()}
            for subject, quantities in collected.items()
        }
