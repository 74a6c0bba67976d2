"""A form over something that is stored: it remembers what it showed, and says what somebody else has saved since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from flask_login import current_user
from wtforms import BooleanField, Field, FileField, HiddenField, PasswordField
from wtforms.fields.choices import SelectFieldBase

from kbadmin import seen
from kbadmin.audit.models import AuditEntry
from kbadmin.audit.queries import newest
from kbadmin.forms import BaseForm
from kbadmin.seen import ChangedMeanwhile, Seen, Values


@dataclass(frozen=True)
class Conflict:
    """Who saved meanwhile, when if that is known, and what is saved now, by label: as much of it as was changed."""

    title: str
    at: datetime | None
    saved_now: list[tuple[str, str]]
    missing: list[str]  # what a page never gives back: to be entered again


class EditForm(BaseForm):
    """What forms share that change something. Their makers say with :meth:`shows` what is stored."""

    #: The fields of values that have other names than these.
    SHOWN_AS: ClassVar[Mapping[str, str]] = {}
    #: Whether colleagues are named who saved meanwhile. Readers are not told who works here.
    NAMES_OTHERS: ClassVar[bool] = True

    stamp = HiddenField()
    conflict: Conflict | None = None
    stamp_now = ""

    def shows(self, values: Values) -> Self:
        """The form was filled from these values."""
        self.stamp_now = seen.stamp(values)
        if not self.is_submitted():
            self.stamp.data = self.stamp_now
        return self

    @property
    def seen(self) -> Seen:
        """What it showed when it was opened."""
        return seen.read(self.stamp.data or "")

    @property
    def status(self) -> int:
        """The status of the page that shows the form."""
        if self.conflict:
            return 409
        return 422 if self.errors else 200

    def say_changed(self, changed: ChangedMeanwhile) -> Self:
        """Show what was typed and say what is saved now: to save again is a decision then. Make the form anew first."""
        fields = [self[found] for name in changed.names if (found := self.SHOWN_AS.get(name, name)) in self]
        trail = changed.trail
        entries = newest(trail.subject, trail.actions, since=changed.since, facts=trail.facts)
        saved_now = [(field.label.text, _in_words(field)) for field in fields]
        missing = [one.label.text for one in self if one.data and isinstance(one, PasswordField | FileField)]
        self.conflict = Conflict(self._title(entries), entries[0].at if entries else None, saved_now, missing)
        self.stamp.data = self.stamp_now
        return self

    def _title(self, entries: Sequence[AuditEntry]) -> str:
        mine = current_user.actor.id
        others = list(dict.fromkeys(entry.actor for entry in entries if entry.actor_id != mine))
        if not entries or (others and not self.NAMES_OTHERS):
            return "This changed while you had it open"
        if not others:
            return "You saved this in another window while you had it open"
        return f"{' and '.join(others)} saved this while you had it open"


def _in_words(field: Field) -> str:
    """What is stored, as the form words it."""
    stored: Any = field.object_data
    if isinstance(field, FileField):
        return "changed"
    if isinstance(field, BooleanField):
        return "yes" if stored else "no"
    if isinstance(field, SelectFieldBase):
        several = isinstance(stored, list | tuple | set | frozenset)
        chosen = {str(one) for one in stored} if several else {"" if stored is None else str(stored)}
        words = [str(choice.label) for choice in field.choices if str(choice.value) in chosen]
        return ", ".join(words) or "none"
    return str(stored or "").strip() or "empty"
