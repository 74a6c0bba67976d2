"""The shape of a tree of categories: what is below what, how deep, and where a category may go. No database here."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

MOST_LEVELS = 6

Parents = Mapping[uuid.UUID, uuid.UUID | None]


@dataclass(frozen=True)
class Branches:
    """A tree by the parent of each category, in the order in which sisters stand."""

    parents: Parents

    @cached_property
    def children(self) -> dict[uuid.UUID | None, list[uuid.UUID]]:
        """The categories directly below each one, and those at the top under ``None``."""
        found: dict[uuid.UUID | None, list[uuid.UUID]] = defaultdict(list)
        for category_id, parent_id in self.parents.items():
            found[parent_id].append(category_id)
        return found

    def in_order(self) -> Iterator[tuple[uuid.UUID, int]]:
        """Every category as a reader meets it, with its level from 1."""
        yield from self._from(self.children.get(None, []), 1)

    def _from(self, ids: Iterable[uuid.UUID], level: int) -> Iterator[tuple[uuid.UUID, int]]:
        for category_id in ids:
            yield category_id, level
            yield from self._from(self.children.get(category_id, []), level + 1)

    def way_to(self, category_id: uuid.UUID | None) -> list[uuid.UUID]:
        """The categories from the top down to this one."""
        way: list[uuid.UUID] = []
        while category_id is not None and category_id not in way:
            way.append(category_id)
            category_id = self.parents.get(category_id)
        return way[::-1]

    def below(self, category_id: uuid.UUID) -> frozenset[uuid.UUID]:
        """A category and all that stand in it."""
        return frozenset([category_id, *(found for found, _ in self._from(self.children.get(category_id, []), 1))])

    def height(self, category_id: uuid.UUID) -> int:
        """How many levels a category and what is in it take."""
        return 1 + max((level for _, level in self._from(self.children.get(category_id, []), 1)), default=0)

    def may_stand_in(self, category_id: uuid.UUID | None, parent_id: uuid.UUID | None) -> bool:
        """Whether a category (``None``: a new one) finds room there, and is not put into itself."""
        if category_id is not None and parent_id is not None and parent_id in self.below(category_id):
            return False
        height = 1 if category_id is None else self.height(category_id)
        return len(self.way_to(parent_id)) + height <= MOST_LEVELS
