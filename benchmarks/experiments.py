"""Which experiments there are, by the name that the command line takes."""

from benchmarks import browsed, queueing, sending
from benchmarks.rounds import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    one.name: one for one in (*sending.EXPERIMENTS, *queueing.EXPERIMENTS, *browsed.EXPERIMENTS)
}
