"""Fields of this room's forms: days to tick, and a time of day."""

from typing import Any

from wtforms import Form, SelectMultipleField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from kbadmin.subscriptions import weekdays


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
