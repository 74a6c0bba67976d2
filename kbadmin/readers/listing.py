"""Which readers are wanted, and a page of them: by name or newest first, from where the last page ended.

A hundred thousand readers stay fast, as what is rare is looked up by its index first, and what is frequent is met soon
by walking through the list in its order. Nothing is counted beyond a limit.
"""

import functools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal_column, or_, select, union_all
from sqlalchemy.orm import Session

from kbadmin.database import db
from kbadmin.names import after_all_with
from kbadmin.prepared import Prepared
from kbadmin.readers import failed_welcomes
from kbadmin.readers.keys import key
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus

PAGE = 50
MOST_COUNTED = 1_000
RARE = 1_000
NO_GROUP = "none"

# A literal, so that SQLite sees that the index of the few who are not active fits.
NOT_ACTIVE: ColumnElement[bool] = literal_column("readers.status <> 'active'")

#: What a line shows.
LINE = [
    Reader.id, Reader.email, Reader.first_name, Reader.last_name, Reader.status, Reader.reads_everything,
    Reader.created_at, Reader.signed_in_at, Reader.welcome_message_id, Reader.welcomed_at, Reader.welcome_cleared_at,
]  # fmt: skip


class Sort(StrEnum):
    """The order of the list."""

    NAME = "name"
    NEWEST = "newest"


@dataclass(frozen=True)
class Wanted:
    """Which readers to show. ``group`` is the id of one, or :data:`NO_GROUP`."""

    text: str = ""
    status: str = ""
    group: str = ""
    knowledge_base: str = ""
    never_signed_in: bool = False
    welcome_failed: bool = False
    sort: Sort = Sort.NAME

    @property
    def is_everybody(self) -> bool:
        """Whether nobody is filtered out."""
        chosen = (self.text, self.status, self.group, self.knowledge_base, self.never_signed_in, self.welcome_failed)
        return not any(chosen)

    def as_json(self) -> dict[str, Any]:
        """For a task that goes on with the same readers."""
        return {name: str(value) if isinstance(value, str) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read back what :meth:`as_json` wrote."""
        return cls(**{**values, "sort": Sort(values["sort"])})


@dataclass(frozen=True)
class Page:
    """One page of the list, the readers that the pages before and after it start from, and how many there are in all.

    ``number`` is counted up to :data:`MOST_COUNTED`; one more stands for «more».
    """

    lines: Sequence[Any] = field(default_factory=list)
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None
    number: int = 0


def page(wanted: Wanted, *, after: uuid.UUID | None = None, before: uuid.UUID | None = None) -> Page:
    """The readers after or before one of them, or the first. One who is not there is ignored."""
    start, end = _place(after), None
    if start is None:
        end = _place(before)
    found, number = _found(wanted, start or end, onwards=end is None)
    has_more, lines = len(found) > PAGE, found[:PAGE]
    if end is not None:
        lines.reverse()
    if not lines:
        return Page()
    has_before = has_more if end is not None else start is not None
    has_after = True if end is not None else has_more
    return Page(lines, lines[0].id if has_before else None, lines[-1].id if has_after else None, number)


def count(wanted: Wanted, most: int = MOST_COUNTED) -> int:
    """How many readers are wanted; one more than ``most`` stands for «more»."""
    return _count(conditions(db.session(), wanted), most)


def conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a reader must fulfil. Asks the database how rare some of it is."""
    found: list[ColumnElement[bool]] = [Reader.deleted_at.is_(None)]
    if wanted.text:
        found.append(_named(session, key(wanted.text)))
    if wanted.status == ReaderStatus.ACTIVE:
        found.append(Reader.status == wanted.status)
    elif wanted.status:
        of_status = Reader.status == wanted.status
        found.append(_rare_or(session, [select(Reader.id).where(of_status, NOT_ACTIVE)], of_status))
    if wanted.group == NO_GROUP:
        found.append(~exists().where(ReaderGroupMember.reader_id == Reader.id))
    elif wanted.group:
        found.append(_in_group(session, uuid.UUID(wanted.group)))
    if wanted.knowledge_base:
        named = ReaderAccess.knowledge_base_id == uuid.UUID(wanted.knowledge_base)
        by_name = exists().where(ReaderAccess.reader_id == Reader.id, named)
        found.append(or_(Reader.reads_everything.is_(True), by_name))
    if wanted.never_signed_in:
        found.append(Reader.signed_in_at.is_(None))
    if wanted.welcome_failed:
        found.append(_rare_or(session, [failed_welcomes.source()], failed_welcomes.is_one()))
    return found


def ordered(query: Any, sort: Sort) -> Any:
    """The query in the order of the list."""
    return _ordered(query, sort, onwards=True)


def after_line(sort: Sort, line: Any) -> ColumnElement[bool]:
    """Whoever stands behind this line, which has the columns ``sort_key``, ``created_at`` and ``id``."""
    return _beyond(sort, line, onwards=True)


def _found(wanted: Wanted, place: Any, *, onwards: bool) -> tuple[list[Any], int]:
    """A page of lines and one more from a place on, and how many readers there are in all, up to a limit.

    Everybody is what is asked for most: that is put into words once.
    """
    values = {} if place is None else place._asdict()
    if wanted.is_everybody:
        page = _page_of_everybody(wanted.sort, is_turned=place is not None, onwards=onwards)
        return page.rows(**values), _NUMBER_OF_EVERYBODY.scalar()
    where = conditions(db.session(), wanted)
    query = _lines(where, wanted.sort, is_turned=place is not None, onwards=onwards)
    return list(db.session.execute(query, values)), _count(where, MOST_COUNTED)


@functools.cache
def _page_of_everybody(sort: Sort, *, is_turned: bool, onwards: bool) -> Prepared:
    return Prepared(lambda: _lines([Reader.deleted_at.is_(None)], sort, is_turned=is_turned, onwards=onwards))


_NUMBER_OF_EVERYBODY = Prepared(lambda: _counting([Reader.deleted_at.is_(None)], MOST_COUNTED))


def _lines(where: list[ColumnElement[bool]], sort: Sort, *, is_turned: bool, onwards: bool) -> Any:
    query = select(*LINE).where(*where)
    if is_turned:
        query = query.where(_beyond(sort, _THERE, onwards=onwards))
    return _ordered(query, sort, onwards=onwards).limit(PAGE + 1)


def _counting(where: list[ColumnElement[bool]], most: int) -> Select[int]:
    return select(func.count()).select_from(select(Reader.id).where(*where).limit(most + 1).subquery())


def _count(where: list[ColumnElement[bool]], most: int) -> int:
    return db.session.scalar(_counting(where, most)) or 0


def _named(session: Session, text: str) -> ColumnElement[bool]:
    """The beginning of a name, of an address or of its domain."""
    if not text:
        return Reader.id.is_(None)
    columns = (Reader.sort_key, Reader.name_key, Reader.email_key, Reader.email_domain)
    text = text.removeprefix("@") or text
    begins = [begins_with(column, text) for column in columns]
    return _rare_or(session, [select(Reader.id).where(one) for one in begins], or_(*begins))


def _in_group(session: Session, group_id: uuid.UUID) -> ColumnElement[bool]:
    members = select(ReaderGroupMember.reader_id).where(ReaderGroupMember.group_id == group_id)
    is_member = exists().where(ReaderGroupMember.reader_id == Reader.id, ReaderGroupMember.group_id == group_id)
    return _rare_or(session, [members], is_member)


def _rare_or(session: Session, sources: Sequence[Any], otherwise: ColumnElement[bool]) -> ColumnElement[bool]:
    """Look the few up by their ids; where they are many, ask each reader in the order of the list."""
    some = union_all(*(select(source.limit(RARE + 1).subquery()) for source in sources))
    ids = list(session.scalars(some))
    return Reader.id.in_(set(ids)) if len(ids) <= RARE else otherwise


def begins_with(column: Any, text: str) -> ColumnElement[bool]:
    """What a key begins with. Byte by byte, as both databases keep keys: a range of the index."""
    return and_(column >= text, column < after_all_with(text))


def _ordered(query: Any, sort: Sort, *, onwards: bool) -> Any:
    if sort == Sort.NAME:
        columns: list[Any] = [Reader.sort_key, Reader.id]
        return query.order_by(*(columns if onwards else [column.desc() for column in columns]))
    columns = [Reader.created_at, Reader.id]
    return query.order_by(*([column.desc() for column in columns] if onwards else columns))


def _beyond(sort: Sort, line: Any, *, onwards: bool) -> ColumnElement[bool]:
    column: Any = Reader.sort_key if sort == Sort.NAME else Reader.created_at
    value = line.sort_key if sort == Sort.NAME else line.created_at
    if onwards == (sort == Sort.NAME):
        return and_(column >= value, or_(column > value, Reader.id > line.id))
    return and_(column <= value, or_(column < value, Reader.id < line.id))


def _place(reader_id: uuid.UUID | None) -> Any:
    if reader_id is None:
        return None
    return _PLACE.row(reader_id=reader_id)


_PLACE = Prepared(
    lambda: select(
        Reader.id.label("place_id"),
        Reader.sort_key.label("place_sort_key"),
        Reader.created_at.label("place_created_at"),
    ).where(Reader.id == bindparam("reader_id"), Reader.deleted_at.is_(None))
)
#: The columns of that place in a statement: what stands in it is given when it is asked.
_THERE = SimpleNamespace(
    id=bindparam("place_id"), sort_key=bindparam("place_sort_key"), created_at=bindparam("place_created_at")
)
