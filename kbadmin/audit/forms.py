"""What of the audit log to show."""

from typing import Any

from wtforms import DateField, SelectField
from wtforms.validators import Optional

from kbadmin.audit.queries import Wanted, choices
from kbadmin.forms import BaseForm


class FilterForm(BaseForm):
    """Person, action and days. It travels in the address and changes nothing, so it needs no token."""

    class Meta(BaseForm.Meta):
        """Read from the address."""

        csrf = False

    NAMES = ("actor", "action", "first_day", "last_day")

    actor = SelectField("Person", validate_choice=False)
    action = SelectField("Action", validate_choice=False)
    first_day = DateField("From", [Optional()])
    last_day = DateField("To", [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actors, actions = choices()
        self.actor.choices = [("", "Everybody"), *((actor, actor) for actor in actors)]
        self.action.choices = [("", "Everything"), *((action, action[:1].upper() + action[1:]) for action in actions)]

    def wanted(self, zone: str) -> Wanted:
        """What was chosen; a day that cannot be read is left out, and the page says so."""
        return Wanted(self.actor.data or "", self.action.data or "", self.first_day.data, self.last_day.data, zone)
