"""Every sealed value of the database: which key it is under, sealed again under the current one, proven to open.

Rotation goes in batches. Each reads rows that are under another key and then writes the new envelopes by
compare-and-swap on the old ones, so that a token refreshed in between stays as it is. A batch is one transaction:
whoever kills the rotation loses at most that batch's work and no secret, and the next run goes on from there.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy import inspect as inspect_model
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import InstrumentedAttribute, Session

from kbadmin import installation
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import KeyRing, Secret, Unreadable
from kbadmin.envelopes import VERSION
from kbadmin.outbox import models as outbox_models
from kbadmin.sealing import SEALED, SealedColumn, ring
from kbadmin.smtp import models as smtp_models
from kbadmin.tenancy import every_account

ROOMS_WITH_SECRETS = (outbox_models, smtp_models)  # Importing them is what completes SEALED.
PREFIX_CHARACTERS = len(VERSION) + 32 + 2  # "v1.", the longest key id, "."
PAGE = 500  # rows
PASSES = 10  # Rows that changed under our hands are looked at again, but not for ever.
DAMAGED = "?"  # Stands for the key id of a value that is not an envelope.
CANARY = "installation_facts.canary"


@dataclass(frozen=True)
class Holding:
    """How many values of one column are under one key."""

    column: str
    kid: str
    rows: int


@dataclass
class Rotation:
    """What a rotation did: values sealed again, values that kept changing, and those that did not open, with why."""

    resealed: int = 0
    left: int = 0
    unreadable: list[str] = field(default_factory=list)


@dataclass
class Verification:
    """How many values opened, and those that did not, with why."""

    opened: int = 0
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reseal:
    """One value under its old envelope and the new one, waiting to be written."""

    column: SealedColumn
    row: int | uuid.UUID
    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True)
class Batch:
    """What one page of rows came to: values to be written, and those that did not open, with why."""

    reseals: list[Reseal] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def holdings() -> list[Holding]:
    """Rows per column and key id, the canary included. Damaged values stand under :data:`DAMAGED`."""
    found: Counter[tuple[str, str]] = Counter()
    for column in SEALED:
        for prefixes in _pages(column, func.substr(_envelope(column), 1, PREFIX_CHARACTERS)):
            found.update((_name(column), _kid(prefix)) for _, prefix in prefixes)
    canary = installation.fact(installation.Fact.CANARY)
    if canary is not None:
        found[CANARY, _kid(canary)] += 1
    return [Holding(column, kid, rows) for (column, kid), rows in sorted(found.items())]


def rotate(*, batch: int = PAGE, is_dry: bool = False, on_batch: Callable[[int], None] | None = None) -> Rotation:
    """Seal again what is not under the current key, and last the canary.

    ``batch`` is in rows; ``on_batch`` is told how many values have been done so far. A dry run opens and counts, and
    writes nothing.
    """
    result = Rotation()
    for _ in range(1 if is_dry else PASSES):
        result.left, result.unreadable = 0, []
        for found in (found for column in SEALED for found in stale(column, batch=batch)):
            done = len(found.reseals) if is_dry else write(found.reseals)
            result.resealed += done
            result.left += len(found.reseals) - done
            result.unreadable += found.unreadable
            if on_batch:
                on_batch(result.resealed)
        if not result.left:
            break
    if not is_dry:
        with unit_of_work():
            installation.plant_canary(ring())
    return result


def stale(column: SealedColumn, *, batch: int = PAGE) -> Iterator[Batch]:
    """Values of a column that are not under the current key, sealed again but not yet written."""
    keys = ring()
    for rows in _pages(column, column.model, ~_is_under(column, keys.current), size=batch):
        found = Batch()
        for key, row in rows:
            try:
                found.reseals.append(_reseal(column, key, row, keys))
            except Unreadable as error:
                found.unreadable.append(f"{_name(column)} of row {key}: {error}")
        yield found


def write(reseals: list[Reseal]) -> int:
    """Write the new envelopes in one transaction, each where its old one still stands; answers how many did."""
    if not reseals:
        return 0
    with every_account() as session:
        return sum(_swap(session, one) for one in reseals)


def verify(*, on_batch: Callable[[int], None] | None = None) -> Verification:
    """Open every value, the canary included."""
    keys, result = ring(), Verification()
    try:
        result.opened += installation.check_canary(keys)
    except Unreadable as error:
        result.unreadable.append(f"{CANARY}: {error}")
    db.session.rollback()
    for column in SEALED:
        for rows in _pages(column, column.model):
            for key, row in rows:
                try:
                    _open(column, row, keys)
                    result.opened += 1
                except Unreadable as error:
                    result.unreadable.append(f"{_name(column)} of row {key}: {error}")
            if on_batch:
                on_batch(result.opened)
    return result


def unreadable_samples() -> list[str]:
    """Why the first value of a column and key does not open, for each that does not: a quick look at the keys."""
    keys, reasons = ring(), []
    for column in SEALED:
        for kid in keys.kids:
            for key, row in next(_pages(column, column.model, _is_under(column, kid), size=1), []):
                try:
                    _open(column, row, keys)
                except Unreadable as error:
                    reasons.append(f"{_name(column)} of row {key}: {error}")
    return reasons


def _is_under(column: SealedColumn, kid: str) -> ColumnElement[bool]:
    # Not LIKE: SQLite's takes «a» for «A».
    prefix = f"{VERSION}.{kid}."
    return func.substr(_envelope(column), 1, len(prefix)) == prefix


def _pages(column: SealedColumn, what: Any, *criteria: Any, size: int = PAGE) -> Iterator[list[tuple[Any, Any]]]:
    """``(key, what)`` of the rows with a value, in the order of their keys; each page in a transaction of its own."""
    key = _key(column)
    query: Select[Any] = select(key, what).where(_envelope(column).is_not(None), *criteria).order_by(key).limit(size)
    last = None
    while True:
        with every_account() as session:
            rows = [(row[0], row[1]) for row in session.execute(query if last is None else query.where(key > last))]
            session.expunge_all()  # The rows are read after the transaction has ended.
        if not rows:
            return
        last = rows[-1][0]
        yield rows


def _reseal(column: SealedColumn, key: Any, row: Any, keys: KeyRing) -> Reseal:
    attribute = column.attribute
    new = keys.seal(_open(column, row, keys), purpose=attribute.purpose, place=attribute.place(row))
    return Reseal(column, key, getattr(row, attribute.column), new)


def _open(column: SealedColumn, row: Any, keys: KeyRing) -> Secret:
    attribute = column.attribute
    return keys.open(getattr(row, attribute.column), purpose=attribute.purpose, place=attribute.place(row))


def _swap(session: Session, one: Reseal) -> int:
    envelope = _envelope(one.column)
    statement = update(one.column.model).where(_key(one.column) == one.row, envelope == one.old)
    result: Any = session.execute(
        statement.values({envelope: one.new}), execution_options={"synchronize_session": False}
    )
    swapped: CursorResult[Any] = result
    return swapped.rowcount


def _key(column: SealedColumn) -> InstrumentedAttribute[Any]:
    (key,) = inspect_model(column.model).primary_key
    attribute: InstrumentedAttribute[Any] = getattr(column.model, key.name)
    return attribute


def _envelope(column: SealedColumn) -> InstrumentedAttribute[Any]:
    attribute: InstrumentedAttribute[Any] = getattr(column.model, column.attribute.column)
    return attribute


def _name(column: SealedColumn) -> str:
    return f"{column.model.__tablename__}.{column.attribute.name}"


def _kid(prefix: str) -> str:
    """The key id at the beginning of an envelope, of which the rest may be missing."""
    version, _, rest = prefix.partition(".")
    kid, dot, _ = rest.partition(".")
    return kid if version == VERSION and kid and dot else DAMAGED
