"""Ids by the thousand: made at once, and read without making UUIDs of them, which costs more than reading them."""

import secrets
import time
import uuid
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, String, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

_VARIANT = {digit: "89ab"[int(digit, 16) & 0b11] for digit in "0123456789abcdef"}


def new_ids(count: int) -> list[str]:
    """So many of them, in ascending order, as hexadecimal digits: a counter stands where other random bits would be.

    RFC 9562 §6.2, method 1. 62 random bits each remain. Ascending keys are added at the end of an index.
    """
    milliseconds, digits = time.time_ns() // 1_000_000, secrets.token_hex(8 * count)
    return [
        f"{milliseconds + (number >> 12):012x}7{number & 0xFFF:03x}{_VARIANT[digits[at]]}{digits[at + 1 : at + 16]}"
        for number, at in enumerate(range(0, 16 * count, 16))
    ]


def as_stored(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A column of ids as the driver has them: for :func:`digits_of` and :func:`id_of`."""
    return type_coerce(column, String())


def digits_of(stored: str | uuid.UUID) -> str:
    """The hexadecimal digits of an id that was read :func:`as_stored`."""
    return stored if isinstance(stored, str) else stored.hex


@lru_cache(maxsize=4096)
def id_of(stored: str | uuid.UUID) -> uuid.UUID:
    """An id that was read :func:`as_stored` and is the same in many rows."""
    return uuid.UUID(stored) if isinstance(stored, str) else stored


def with_dashes(digits: str) -> str:
    """An id as ``str()`` of its UUID says it, from its hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
