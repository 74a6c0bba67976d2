"""What is wrong with one row of a file, by the same rules as in the form."""

from collections.abc import Mapping
from dataclasses import dataclass

from wtforms import ValidationError

from kbadmin.email_addresses import NotOneAddress, canonical_address
from kbadmin.forms import OneLine
from kbadmin.readers.csv_files import Row
from kbadmin.readers.file_columns import EMAIL, FIRST_NAME, LAST_NAME


@dataclass(frozen=True)
class Checked:
    """A row in canonical form, or the sentence that says what to mend. ``missing`` matters to new readers only."""

    number: int
    values: dict[str, str]
    email_key: str | None
    problem: str
    missing: str


@dataclass
class _Cell:
    """What the form's rules look at."""

    data: str | None


@dataclass(frozen=True)
class Rules:
    """What the account asks for: the labels of its own fields by column, and those that must be filled in."""

    labels: Mapping[str, str]
    required: frozenset[str]

    def check(self, row: Row) -> Checked:
        """Look at one row by itself; whom it meets is not asked here."""
        names = {"first_name": FIRST_NAME, "last_name": LAST_NAME, **self.labels}
        values, problem, email_key = dict(row.values), row.problem, None
        if not problem:
            values["email"], problem = _address(values["email"])
            email_key = values["email"].casefold() if not problem else None
        for column, label in names.items():
            if column in values and not problem:
                values[column], problem = _line(values[column], 200 if column in self.labels else 80, label)
        missing = [label for column, label in self.labels.items() if column in self.required and not values.get(column)]
        said = f"{', '.join(missing)} must be filled in." if missing else ""
        return Checked(row.number, values, email_key if not problem else None, problem, said)


def _address(typed: str) -> tuple[str, str]:
    if not typed:
        return "", f"{EMAIL} is empty."
    try:
        return canonical_address(typed), ""
    except NotOneAddress as error:
        return typed, str(error)


def _line(typed: str, most: int, label: str) -> tuple[str, str]:
    cell = _Cell(typed)
    try:
        OneLine(most)(None, cell)
    except ValidationError as error:
        return typed, f"{label}: {error}"
    return cell.data or "", ""
