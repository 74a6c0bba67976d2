"""The questions about subscriptions to readers and strangers."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, RadioField, StringField

from kbadmin.forms import BaseForm, OneEmailAddress, Required
from kbadmin.subscriptions.models import Frequency

LABELS = {
    Frequency.SCHEDULED: "With every digest",
    Frequency.WEEKLY: "Once a week",
    Frequency.IMMEDIATE: "Immediately",
}


class FrequencyForm(BaseForm):
    """How often; where there is no choice, it is not asked."""

    frequency = RadioField(
        "How often", [Required("Choose how often you want to hear.")], default=Frequency.SCHEDULED.value
    )

    def __init__(self, *, offered: Sequence[Frequency], **values: Any) -> None:
        super().__init__(**values)
        if len(offered) < 2:
            del self.frequency
        else:
            self.frequency.choices = [(one.value, LABELS[one]) for one in offered]

    @property
    def chosen(self) -> Frequency:
        """What was chosen; without a choice, with every digest."""
        return Frequency(self.frequency.data) if self.frequency else Frequency.SCHEDULED


class SubscribeForm(FrequencyForm):
    """An address to write to. ``website`` is hidden from people; whatever fills it in is none."""

    email = StringField("E-mail Address", [Required("Enter your e-mail address."), OneEmailAddress()])
    with_subcategories = BooleanField("With all categories below it", default=True)
    website = StringField("Leave this empty")

    def __init__(self, *, has_shelves: bool, **values: Any) -> None:
        super().__init__(**values)
        if not has_shelves:
            del self.with_subcategories

    @property
    def takes_shelves(self) -> bool:
        """Whether what stands in categories below is wanted, too."""
        return bool(self.with_subcategories.data) if self.with_subcategories else True

    @property
    def is_by_machine(self) -> bool:
        """Whether something filled in what nobody sees."""
        return bool(self.website.data)
