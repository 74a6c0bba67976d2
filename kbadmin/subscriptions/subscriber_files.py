"""What a file of subscribers says, row by row: whom, to what, and on what their consent rests."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from kbadmin.articles import categories
from kbadmin.database import db
from kbadmin.email_addresses import NotOneAddress, canonical_address
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers.csv_files import BadFile, Row, Sheet, open_sheet
from kbadmin.readers.exporting import lines
from kbadmin.readers.file_columns import EMAIL
from kbadmin.readers.keys import key
from kbadmin.subscriptions import subscriber_deeds
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber

MOST_ROWS = 5_000
LONGEST_NOTE = 300
EVERYTHING = "everything"
ONLY_THE_CATEGORY = " (without its subcategories)"
LABELS = {"target": "Subscribed To", "note": "Note", "state": "State"}


@dataclass
class Checked:
    """A file that was looked through: what can be done, what cannot and why, and how many have unsubscribed."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    unsubscribed: int = 0


class _Unreadable(ValueError):
    """One row cannot be done. ``str()`` says what to mend."""


def open_file(content: bytes) -> Sheet:
    """Look at the file as a whole. Raises :class:`kbadmin.readers.csv_files.BadFile`."""
    sheet = open_sheet(content, LABELS)
    if sheet.row_count > MOST_ROWS:
        raise BadFile(f"This file has more than {MOST_ROWS:,} rows. Split it, and import one part after the other.")
    return sheet


def template() -> str:
    """An empty file with the columns that are known, for people to fill in."""
    return lines([[EMAIL, LABELS["target"], LABELS["note"]]])


def check(knowledge_base: KnowledgeBase, sheet: Sheet, *, note: str) -> Checked:
    """Compare each row with what there is; ``note`` is for rows without one of their own."""
    shelves, found = _shelves(knowledge_base.id), Checked()
    first: dict[str, int] = {}
    for row in sheet.rows():
        try:
            read = _read(row, shelves, note)
            email_key = read["email"].casefold()
            if first.setdefault(email_key, row.number) != row.number:
                raise _Unreadable(f"The same address stands in row {first[email_key]}.")
        except _Unreadable as problem:
            found.problems.append(_problem(row.number, row.values.get("email", ""), str(problem)))
        else:
            found.rows.append(read)
    _leave_out(knowledge_base, found)
    return found


def _leave_out(knowledge_base: KnowledgeBase, found: Checked) -> None:
    """Those who have unsubscribed, and addresses that would never be told anything."""
    keys = {row["email"].casefold() for row in found.rows}
    open_to, gone = subscriber_deeds.is_open_to(knowledge_base, keys), _unsubscribed(knowledge_base.id)
    kept = []
    for row in found.rows:
        email_key = row["email"].casefold()
        if email_key in gone:
            found.unsubscribed += 1
        elif email_key not in open_to:
            found.problems.append(_problem(row["number"], row["email"], subscriber_deeds.NOT_OPEN))
        else:
            kept.append(row)
    found.rows = kept
    found.problems.sort(key=lambda problem: int(problem["number"]))


def _read(row: Row, shelves: Mapping[str, list[uuid.UUID]], note: str) -> dict[str, Any]:
    if row.problem:
        raise _Unreadable(row.problem)
    if key(row.values.get("state", "")) == "unsubscribed":
        raise _Unreadable("The file says that this person has unsubscribed.")
    try:
        email = canonical_address(row.values.get("email", ""))
    except NotOneAddress as error:
        raise _Unreadable(str(error)) from None
    own = row.values.get("note", "")
    if len(own) >= LONGEST_NOTE:
        raise _Unreadable(f"Shorten the note to fewer than {LONGEST_NOTE} characters.")
    wanted = [part.strip() for part in row.values.get("target", "").split(";") if part.strip()]
    targets = [_target(part, shelves) for part in wanted or [EVERYTHING]]
    return {"number": row.number, "email": email, "targets": targets, "note": own or note}


def _target(words: str, shelves: Mapping[str, list[uuid.UUID]]) -> dict[str, Any]:
    """A category by its name, or all of it."""
    if key(words) == EVERYTHING:
        return {"category_id": None, "with_subcategories": True}
    name = words.removesuffix(ONLY_THE_CATEGORY)
    found = shelves.get(key(name), [])
    if len(found) > 1:
        raise _Unreadable(f"There are several categories named {name}. Give them different names first.")
    if not found:
        raise _Unreadable(f"There is no category {name[:80]}. Write its name, or leave the cell empty for everything.")
    return {"category_id": str(found[0]), "with_subcategories": name == words}


def _shelves(knowledge_base_id: uuid.UUID) -> dict[str, list[uuid.UUID]]:
    found: dict[str, list[uuid.UUID]] = {}
    for category in categories.all_in(knowledge_base_id):
        found.setdefault(key(category.name), []).append(category.id)
    return found


def _unsubscribed(knowledge_base_id: uuid.UUID) -> set[str]:
    query = (
        select(Subscriber.email_key)
        .join(KnowledgeBaseSubscriber, KnowledgeBaseSubscriber.subscriber_id == Subscriber.id)
        .where(
            KnowledgeBaseSubscriber.knowledge_base_id == knowledge_base_id,
            KnowledgeBaseSubscriber.unsubscribed_at.is_not(None),
        )
    )
    return set(db.session.scalars(query))


def _problem(number: int, email: str, text: str) -> dict[str, Any]:
    return {"number": number, "email": email[:254], "problem": text}
