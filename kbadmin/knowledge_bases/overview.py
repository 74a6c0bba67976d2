"""What the pages say of a knowledge base: figures, what is set up, what is missing. Rooms above add theirs."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kbadmin.access import Role
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.roles import is_at_least


@dataclass(frozen=True)
class Step:
    """One thing a knowledge base needs: whether it is there, a sentence, and the page where it is done."""

    label: str
    is_done: bool
    text: str
    action: str
    url: str


Figures = Mapping[uuid.UUID, Sequence[tuple[str, int]]]


@dataclass(frozen=True)
class _Asked:
    step: Callable[[KnowledgeBase], Step]
    least: Role
    order: int


STEPS: list[_Asked] = []
FIGURES: list[Callable[[Sequence[uuid.UUID]], Figures]] = []


def set_up_with(step: Callable[[KnowledgeBase], Step], *, least: Role, order: int) -> None:
    """A room says what a knowledge base needs of it."""
    STEPS.append(_Asked(step, least, order))


def figures_with(count: Callable[[Sequence[uuid.UUID]], Figures]) -> None:
    """A room counts what it has of several knowledge bases at once, as (word, number): a constant number of queries."""
    FIGURES.append(count)


def steps_of(knowledge_base: KnowledgeBase, role: Role) -> list[Step]:
    """What is set up and what is missing, as far as this role can do something about it."""
    asked = sorted(STEPS, key=lambda one: one.order)
    return [one.step(knowledge_base) for one in asked if is_at_least(role, one.least)]


def figures(knowledge_bases: Sequence[KnowledgeBase]) -> dict[uuid.UUID, list[tuple[str, int]]]:
    """What each of them holds."""
    found: dict[uuid.UUID, list[tuple[str, int]]] = defaultdict(list)
    ids = [one.id for one in knowledge_bases]
    for count in FIGURES if ids else ():
        for knowledge_base_id, counted in count(ids).items():
            found[knowledge_base_id].extend(counted)
    return found
