"""What of the audit log to show."""

from typing import Any

from wtforms import DateField, Field, Form, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from kbadmin.audit.phrases import in_words
from kbadmin.audit.queries import Wanted, choices
from kbadmin.forms import BaseForm


def _plausible(_form: Form, field: Field) -> None:
    """Calendars end somewhere: the first and last years of Python's do not survive a change of zone."""
    if field.data is not None and not 2000 <= field.data.year < 3000:
        field.data = None
        raise ValidationError("Choose a day between the years 2000 and 2999.")


class FilterForm(BaseForm):
    """Person, action and days. It travels in the address and changes nothing, so it needs no token."""

    class Meta(BaseForm.Meta):
        """Read from the address."""

        csrf = False

    NAMES = ("actor", "action", "first_day", "last_day")

    actor = SelectField("Person", validate_choice=False)
    action = SelectField("Action", validate_choice=False)
    first_day = DateField("From", [Optional(), _plausible])
    last_day = DateField("To", [Optional(), _plausible])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actors, actions = choices()
        self.actor.choices = [SelectChoice("", "Everybody"), *(SelectChoice(actor, actor) for actor in actors)]
        words = ((action, in_words(action)) for action in actions)
        self.action.choices = [SelectChoice("", "Everything"), *(SelectChoice(*pair) for pair in words)]

    def wanted(self, zone: str) -> Wanted:
        """What was chosen; a day that cannot be read is left out, and the page says so."""
        return Wanted(_text(self.actor.data), _text(self.action.data), self.first_day.data, self.last_day.data, zone)


def _text(value: str | None) -> str:
    """Without NUL, which PostgreSQL refuses to compare."""
    return (value or "").replace("\0", "")
