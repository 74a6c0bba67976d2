"""Fields of this room's forms: days to tick, a time of day, texts with merge fields."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from wtforms import Field, Form, SelectMultipleField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from kbadmin.outbox import merge_fields
from kbadmin.outbox.merge_fields import MergeField
from kbadmin.subscriptions import weekdays

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class WeekdaysField(SelectMultipleField):  # type: ignore[misc]
    """Seven boxes; ``bits`` is what was ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **kwargs: Any) -> None:
        choices = [SelectChoice(str(number), name) for number, name in enumerate(weekdays.NAMES)]
        super().__init__(label, choices=choices, **kwargs)

    def pre_validate(self, form: Form) -> None:
        """At least one, and only days that there are."""
        if not self.data or not set(self.data) <= {choice.value for choice in self.choices}:
            raise ValidationError("Tick at least one day.")

    @property
    def bits(self) -> int:
        """The days as the settings keep them."""
        return weekdays.bits_of(int(number) for number in self.data)


class TimeOfDayField(StringField):  # type: ignore[misc]
    """A time to the minute; ``minute`` is that of the day."""

    def pre_validate(self, form: Form) -> None:
        """A time that there is on a clock."""
        try:
            weekdays.minute_of(self.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None

    @property
    def minute(self) -> int:
        """The minute of the day."""
        return weekdays.minute_of(self.data)


class MergedText:
    """A text with these merge fields and no others; of several complaints, all are said."""

    def __init__(self, fields: Sequence[MergeField]) -> None:
        self.fields = fields

    def __call__(self, form: Form, field: Field) -> None:
        text = re.sub(r"\r\n?", "\n", field.data or "")
        field.data = unicodedata.normalize("NFC", _CONTROL.sub("", text))
        if found := merge_fields.problems(field.data, self.fields):
            raise ValidationError(" ".join(found))
