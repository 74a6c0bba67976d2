"""The order of the list of subscribers: the newest first, or by address; and what stands beyond a line of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_


class Sort(StrEnum):
    """How the list is ordered."""

    NEWEST = "newest"
    ADDRESS = "address"


@dataclass(frozen=True)
class Order:
    """``id`` and ``address`` are the columns that lines are ordered by; ids sort by age."""

    sort: Sort
    id: Any
    address: Any

    def put(self, query: Any, *, onwards: bool) -> Any:
        """The query in this order, or backwards."""
        columns = [self.address, self.id] if self.sort is Sort.ADDRESS else [self.id]
        upwards = self._is_upwards(onwards)
        return query.order_by(*(columns if upwards else [column.desc() for column in columns]))

    def beyond(self, line: Any, *, onwards: bool) -> ColumnElement[bool]:
        """What comes after a line, or before it; ``line`` has the values of both columns."""
        upwards = self._is_upwards(onwards)
        later: ColumnElement[bool] = self.id > line.id if upwards else self.id < line.id
        if self.sort is Sort.NEWEST:
            return later
        if upwards:
            return and_(self.address >= line.address, or_(self.address > line.address, later))
        return and_(self.address <= line.address, or_(self.address < line.address, later))

    def _is_upwards(self, onwards: bool) -> bool:
        return onwards == (self.sort is Sort.ADDRESS)
