"""A file of readers as spreadsheets save it: comma or semicolon, UTF-8 with or without its mark, one reader a line.

What is wrong with the whole file is said at once (:class:`BadFile`); what is wrong with one row is said of that row.
The file is read row by row, as often as need be.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kbadmin.delivery.exporting import FORMULA
from kbadmin.readers.exporting import lines
from kbadmin.readers.file_columns import BY_NAME, EMAIL, FIRST_NAME, LAST_NAME
from kbadmin.readers.keys import key

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 100
LONGEST_KEPT = 300  # characters of a cell: every column is shorter, and whatever is longer is refused by its length
_MARK = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")

# One cell of any length must spoil its own row only; the limit is one number for the whole process.
csv.field_size_limit(MOST_BYTES)


class BadFile(ValueError):
    """The file as a whole cannot be used. ``str()`` is a sentence for whoever chose it."""


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet counts, its cells by our columns, and what is wrong with it as a row."""

    number: int
    values: dict[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file that can be read: which of our columns stand where, which are not ours, and how many rows there are."""

    text: str
    delimiter: str
    columns: Mapping[str, int]
    unknown: list[str]
    row_count: int

    def rows(self) -> Iterator[Row]:
        """The rows in their order; empty ones are left out."""
        width = len(self.columns) + len(self.unknown)
        for number, cells in _records(self.text, self.delimiter):
            if number > 1 and any(cells):
                yield _row(number, cells, self.columns, width)


def open_sheet(content: bytes, labels: Mapping[str, str]) -> Sheet:
    """Look through a file; ``labels`` are those of the account's own fields, by column. Raises :class:`BadFile`."""
    if len(content) > MOST_BYTES:
        raise BadFile("Choose a file of at most 5 MiB, or split this one.")
    if content.startswith(_OTHER_ENCODINGS):
        raise BadFile("This file is not UTF-8. Save it as “CSV UTF-8”, then choose it again.")
    text = content.removeprefix(_MARK).decode("utf-8", "surrogateescape")
    first_line = text.partition("\n")[0]
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    header, row_count = _look_through(text, delimiter)
    columns, unknown = _columns(header, labels)
    if not row_count:
        raise BadFile("There is no reader in this file: nothing stands below its first line.")
    return Sheet(text, delimiter, columns, unknown, row_count)


def template(labels: Mapping[str, str]) -> str:
    """An empty file with the columns that are known, for people to fill in."""
    return lines([[EMAIL, FIRST_NAME, LAST_NAME, *labels.values()]])


def _look_through(text: str, delimiter: str) -> tuple[list[str], int]:
    """The first line, and how many rows follow that are not empty."""
    header: list[str] = []
    row_count = 0
    for number, cells in _records(text, delimiter):
        if number == 1:
            header = cells
        elif any(cells):
            row_count += 1
        if row_count > MOST_ROWS:
            raise BadFile(f"This file has more than {MOST_ROWS:,} rows. Split it, and import one part after the other.")
    return header, row_count


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number, begun = number + 1, reader.line_num + 1
        try:
            yield number, [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            raise BadFile(
                f"The quotation marks in row {number} (line {begun} of the file) do not fit together. "
                "Close each one that is opened, and write one inside a cell twice."
            ) from None


def _columns(header: list[str], labels: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Where our columns stand, and what the others are called."""
    if len(header) > MOST_COLUMNS:
        raise BadFile(f"This file has more than {MOST_COLUMNS} columns.")
    if not all(cell.isprintable() for cell in header):  # A lone surrogate, where something was no UTF-8, is not.
        raise BadFile("The first line cannot be read. Save the file as “CSV UTF-8”, then choose it again.")
    known = {key(label): column for column, label in labels.items()} | BY_NAME
    found: dict[str, int] = {}
    unknown: list[str] = []
    for place, cell in enumerate(header):
        column = known.get(key(cell), "")
        if not column:
            unknown.append(cell[:60])
        elif column in found:
            raise BadFile(f"The column {cell} stands there twice. Remove one of them.")
        else:
            found[column] = place
    if "email" not in found:
        raise BadFile(f"The first line must name the columns, and one of them {EMAIL}. The template shows how.")
    return found, unknown


def _row(number: int, cells: list[str], columns: Mapping[str, int], width: int) -> Row:
    values = {column: _plain(cells[place]) if place < len(cells) else "" for column, place in columns.items()}
    problem = ""
    if any(cells[width:]):
        problem = "There are more cells than columns: a comma or semicolon too many, or quotation marks are missing."
    elif not all(_is_utf8(value) for value in values.values()):
        problem = "This row is not UTF-8. Save the file as “CSV UTF-8”."
    return Row(number, {column: _shown(value) for column, value in values.items()}, problem)


def _plain(cell: str) -> str:
    """Without the apostrophe that our exports put before whatever could be taken for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _is_utf8(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value) if not value.isascii() else True


def _shown(value: str) -> str:
    """As it can be kept: what was no UTF-8 as a mark, and one character too many rather than all of them."""
    return value[:LONGEST_KEPT].encode("utf-8", "replace").decode()
