"""An order: what is to be done to which readers, and how it travels to the task that goes on with it."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kbadmin.readers.listing import Wanted

EVERYTHING = "everything"  # a target of GIVE_ACCESS: every knowledge base, also later ones


class Deed(StrEnum):
    """What is done."""

    ADD_TO_GROUP = "add-to-group"
    REMOVE_FROM_GROUP = "remove-from-group"
    GIVE_ACCESS = "give-access"
    TAKE_ACCESS = "take-access"
    DISABLE = "disable"
    ENABLE = "enable"
    DELETE = "delete"
    LET_IN = "let-in"
    REFUSE = "refuse"
    WELCOME = "welcome"
    CLEAR_WELCOME = "clear-welcome"


FOR_GROUPS = (Deed.ADD_TO_GROUP, Deed.REMOVE_FROM_GROUP)
FOR_ACCESS = (Deed.GIVE_ACCESS, Deed.TAKE_ACCESS)
FOR_GOOD = (Deed.DELETE, Deed.REFUSE)  # Nothing of it can be brought back.


@dataclass(frozen=True)
class Order:
    """A deed for many. ``ids`` are those that were ticked; without them, everybody wanted who was there at ``until``.

    ``target`` is the id of a group or knowledge base, or :data:`EVERYTHING`; ``began_at`` when it was said to begin;
    ``unreached`` how many nobody could write a welcome to at that time.
    """

    deed: Deed
    wanted: Wanted
    until: uuid.UUID
    ids: tuple[uuid.UUID, ...] | None = None
    target: str = ""
    began_at: datetime | None = None
    unreached: int | None = None

    def as_json(self) -> str:
        """For the task that goes on."""
        ids = None if self.ids is None else [str(one) for one in self.ids]
        began_at = self.began_at.isoformat() if self.began_at else None
        values = [self.deed.value, self.wanted.as_json(), str(self.until), ids, self.target, began_at, self.unreached]
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """Read back what :meth:`as_json` wrote."""
        deed, wanted, until, ids, target, began_at, *unreached = json.loads(text)
        return cls(
            Deed(deed),
            Wanted.from_json(wanted),
            uuid.UUID(until),
            None if ids is None else tuple(uuid.UUID(one) for one in ids),
            target,
            datetime.fromisoformat(began_at) if began_at else None,
            *unreached,  # Older orders do not say.
        )
